"""Pause, resume, single step and stop, from another thread; and the pump that obeys them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Generator
from enum import Enum

from gradviz.recording.frame import Checkpoint, Event, Frame


class _Mode(Enum):
    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


class Control:
    """Commands to a training run. Every method may be called from any thread and returns at once.

    With `checkpoint_at_end` the run hands over its state when it is stopped or has made its last step, too. A run that
    hands over none says why in `no_checkpoint_because`.
    """

    def __init__(self, *, checkpoint_at_end: bool = False) -> None:
        self.checkpoint_at_end = checkpoint_at_end
        self.no_checkpoint_because = ""
        self._changed = threading.Condition()
        self._mode = _Mode.RUN
        self._steps = 0
        self._holding = False
        self._closer_look = threading.Event()
        self._checkpoint = threading.Event()
        self._rate: float | None = None

    @property
    def paused(self) -> bool:
        """Whether the run is to hold after the step under way."""
        return self._mode is _Mode.PAUSE

    @property
    def stopped(self) -> bool:
        """Whether the run is to end after the step under way; this is final."""
        return self._mode is _Mode.STOP

    @property
    def holding(self) -> bool:
        """Whether a run waits for its turn: the step under way has come to its end."""
        return self._holding

    def pause(self) -> None:
        """Hold the run."""
        self._enter(_Mode.PAUSE)

    def resume(self) -> None:
        """Let the run go on."""
        self._enter(_Mode.RUN)

    def stop(self) -> None:
        """End the run."""
        self._enter(_Mode.STOP)

    def step(self) -> None:
        """Let a paused run make one more frame, then hold again."""
        with self._changed:
            self._steps += 1
            self._changed.notify_all()

    def look_closer(self) -> None:
        """Have the distributions of the next step measured, whatever the schedule says: somebody is looking."""
        self._closer_look.set()

    def take_closer_look(self) -> bool:
        """Return whether somebody asked for a closer look since the last call."""
        wanted = self._closer_look.is_set()
        if wanted:
            self._closer_look.clear()
        return wanted

    @property
    def checkpoint_asked_for(self) -> bool:
        """Whether somebody waits for a checkpoint."""
        return self._checkpoint.is_set()

    def ask_for_checkpoint(self) -> None:
        """Have the state of the run handed over before its next frame; it changes nothing of what is measured."""
        if not self.no_checkpoint_because:
            self._checkpoint.set()

    def refuse_checkpoints(self, why: str) -> None:
        """Say that there will be no checkpoints, so that nobody waits for one."""
        self.no_checkpoint_because = why
        self._checkpoint.clear()

    def take_checkpoint_request(self) -> bool:
        """Return whether somebody asked for a checkpoint since the last call."""
        wanted = self._checkpoint.is_set()
        if wanted:
            self._checkpoint.clear()
        return wanted

    def change_rate(self, rate: float) -> None:
        """Let the run go on with this learning rate from its next update on; a schedule takes its part of it."""
        self._rate = rate

    def take_rate(self) -> float | None:
        """Return the learning rate that somebody asked for since the last call, the latest; None if nobody did."""
        rate = self._rate
        if rate is not None:
            self._rate = None
        return rate

    def wait_for_turn(self) -> bool:
        """Block while paused without a step to make; return False once stopped."""
        with self._changed:
            while self._mode is _Mode.PAUSE and self._steps == 0:
                self._holding = True
                self._changed.wait()
            self._holding = False
            return self._mode is not _Mode.STOP

    def frame_made(self) -> None:
        """Count a frame against the steps asked for."""
        with self._changed:
            self._steps = max(self._steps - 1, 0) if self._mode is _Mode.PAUSE else 0

    def _enter(self, mode: _Mode) -> None:
        with self._changed:
            if self._mode is not _Mode.STOP:
                self._mode = mode
                self._changed.notify_all()


def pump(events: Generator[Event], control: Control, sink: Callable[[Event], None]) -> None:
    """Hand every event to `sink` until there are no more, holding where `control` says so; a stop ends `events`.

    The first frame costs no update, so a paused run still shows the network as it begins. A run that is to hold while
    somebody waits for its checkpoint hands that over first.
    """
    begun = False
    try:
        for event in events:
            sink(event)
            # after a loss that is not finite nothing can be trained: what is left to say needs no turn
            if isinstance(event, Frame) and math.isfinite(event.loss):
                if begun:
                    control.frame_made()
                begun = True
                if not control.checkpoint_asked_for:
                    control.wait_for_turn()
            elif begun and isinstance(event, Checkpoint):
                control.wait_for_turn()
    finally:
        events.close()
