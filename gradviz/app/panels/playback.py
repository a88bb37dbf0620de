"""Playing a run back: which step is shown at which moment. It knows no widget."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from gradviz.recording.history import History

# how fast a run was trained is not recorded, and says more about the machine than about the run
STEPS_PER_SECOND = 10
SPEEDS = (1, 2, 5, 10, 20, 50, 100)
PERIOD_MS = 33


class Playback(QObject):
    """Moves through the steps of a run by the clock.

    `step_wanted` carries the step to show, None to follow the latest; `changed` says that it began or ceased to play.
    On a machine too slow to show every step some are left out, and the speed stays what it says. A run that still goes
    on is followed once it is caught up with; at the end of one that has ended it holds, or begins again.
    """

    step_wanted = Signal(object)
    changed = Signal()

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self.step: int | None = None
        self.speed = SPEEDS[0]
        self.loops = False
        self._clock = clock
        self._growing = False
        self._began: tuple[float, int] = (0.0, 0)
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def playing(self) -> bool:
        """Whether the shown step moves by itself."""
        return self._timer.isActive()

    @property
    def latest(self) -> int:
        """The last step recorded so far; -1 before there is one."""
        return self.history.frames - 1 if self.history is not None else -1

    @property
    def shown(self) -> int:
        """The step that is shown: the picked one, else the latest."""
        return self.latest if self.step is None else min(self.step, self.latest)

    def show_history(self, history: History | None) -> None:
        """Play another run from now on."""
        self.history = history
        self.pause()

    def show_step(self, step: int | None) -> None:
        """Know which step is shown; one that somebody picked is where it plays on, and following ends it."""
        moved = step != self.step
        self.step = step
        if step is None:
            self.pause()
        elif moved:
            self._begin_at(step)

    def show_growing(self, growing: bool) -> None:
        """Know whether steps still come."""
        self._growing = growing

    def set_speed(self, factor: int) -> None:
        """Play `factor` times as fast as STEPS_PER_SECOND."""
        self.speed = factor
        self._begin_at(self.shown)

    def toggle(self) -> None:
        """Play, or hold."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Play on from the shown step; from the first one where the last is shown."""
        if self.playing or self.latest < 1:
            return
        start = 0 if self.shown == self.latest else self.shown
        self._timer.start()
        self._go_to(start)
        self._begin_at(start)
        self.changed.emit()

    def pause(self) -> None:
        """Hold at the shown step."""
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def tick(self) -> None:
        """Show the step whose turn it is; called by the timer."""
        began, first = self._began
        due = first + int((self._clock() - began) * STEPS_PER_SECOND * self.speed)
        if due < self.latest:
            if due != self.step:
                self._go_to(due)
        elif self.loops:
            self._go_to(0)
            self._begin_at(0)
        else:
            self.pause()
            self.step_wanted.emit(None if self._growing else self.latest)

    def _go_to(self, step: int) -> None:
        # before it is asked for, or it would come back as one that somebody picked
        self.step = step
        self.step_wanted.emit(step)

    def _begin_at(self, step: int) -> None:
        self._began = self._clock(), step
