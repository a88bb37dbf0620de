"""Several experiments trained in turn, a step of each at a time, in one thread."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence

from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train


class Lane(Control):
    """The control of one experiment in a race: what holds or ends the race holds and ends it, what it is asked is its
    own.
    """

    def __init__(self, whole: Control) -> None:
        super().__init__(checkpoint_at_end=whole.checkpoint_at_end)
        self._whole = whole

    @property
    def paused(self) -> bool:
        """Whether the race is to hold."""
        return self._whole.paused

    @property
    def stopped(self) -> bool:
        """Whether this experiment or the whole race is to end."""
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

    def events(self) -> Generator[tuple[int, Event]]:
        """Yield what happens in which lane, counted from 0, in rounds of one frame for each that is still under way.

        Each lane is what `train` yields of its experiment alone. One that has made its last step or diverged drops
        out, and the others go on. Between two rounds the race holds where its control says so: this blocks.
        Raises what `train` raises; then the race is over.
        """
        all_events = [train(each, lane) for each, lane in zip(self.experiments, self.lanes, strict=True)]
        begun = False
        try:
            while self.under_way:
                self._pass_on_requests()
                for lane in sorted(self.under_way):
                    if (
                        yield from _turn(
                            lane, all_events[lane], self.lanes[lane], self.experiments[lane].training.steps
                        )
                    ):
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


def _turn(lane: int, events: Generator[Event], control: Control, last: int) -> Generator[tuple[int, Event], None, bool]:
    """Yield events up to and with the next frame, and its state where somebody wants it; return whether all is said."""
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
