"""Experiments trained in lockstep, one step of each at a time, in one thread; a single one is a race of one lane."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train


class Lane(Control):
    """The control of one experiment in a race: pausing or stopping the race holds for it, requests are its own."""

    def __init__(self, whole: Control) -> None:
        super().__init__(checkpoint_at_end=whole.checkpoint_at_end)
        self._whole = whole

    @property
    def paused(self) -> bool:
        """Whether the race is paused."""
        return self._whole.paused

    @property
    def stopped(self) -> bool:
        """Whether this experiment or the whole race is to stop."""
        return super().stopped or self._whole.stopped


class Race:
    """Experiments that are trained side by side.

    `lanes` are their controls, in the same order; `under_way` holds the numbers of those that have not ended.
    """

    def __init__(self, experiments: Sequence[Experiment], control: Control | None = None) -> None:
        self.experiments = tuple(experiments)
        self.control = control or Control()
        self.lanes = tuple(Lane(self.control) for _ in self.experiments)
        self.under_way = set(range(len(self.experiments)))

    def events(self, checkpoint: Checkpoint | None = None) -> Generator[tuple[int, Event]]:
        """Yield what happens in which lane, counted from 0, in rounds of one frame for each that is still under way.

        Each lane yields what `train` yields of its experiment alone; with a `checkpoint` the first one is resumed from
        it. A lane that has made its last step or diverged drops out, and the others continue. Between two rounds this
        blocks while the control says paused. Raises what `train` raises; then the race is over.
        """
        starts = (checkpoint, *(None for _ in self.experiments[1:]))
        all_events = [train(*each) for each in zip(self.experiments, self.lanes, starts, strict=True)]
        begun = False
        try:
            while self.under_way:
                self._pass_on_requests()
                for lane in sorted(self.under_way):
                    last = self.experiments[lane].training.steps
                    if (yield from _turn(lane, all_events[lane], self.lanes[lane], last)):
                        self.under_way.remove(lane)
                if begun:
                    self.control.frame_made()
                begun = True
                if self.under_way:
                    self.control.wait_for_turn()
        finally:
            for events in all_events:
                events.close()

    def _pass_on_requests(self) -> None:
        if self.control.take_closer_look():
            for lane in self.lanes:
                lane.look_closer()
        if self.control.take_checkpoint_request():
            for lane in self.lanes:
                lane.ask_for_checkpoint()
        if (rate := self.control.take_rate()) is not None:
            for lane in self.lanes:
                lane.change_rate(rate)


def _turn(lane: int, events: Generator[Event], control: Control, last: int) -> Generator[tuple[int, Event], None, bool]:
    """Yield events up to the next frame, and its state where that is asked for; return whether that was the end."""
    moved = ends = False
    for event in events:
        yield lane, event
        if isinstance(event, Frame):
            moved = True
            # of a last frame and of a loss that is not finite there is more to say, and no turn to wait for
            ends = event.step == last > 0 or not math.isfinite(event.loss)
        over = isinstance(event, Checkpoint) or (isinstance(event, Frame) and not control.checkpoint_asked_for)
        if moved and not ends and over:
            return False
    return True
