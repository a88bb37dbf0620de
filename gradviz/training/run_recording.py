"""Records a run in a history and, if it is to be kept, in a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.errors import RecordingError
from gradviz.probes.environment import environment
from gradviz.recording.frame import Checkpoint, Ending, Event, Frame, Started
from gradviz.recording.history import History
from gradviz.training.control import Control

if TYPE_CHECKING:
    from gradviz.recording.store import StoreWriter

# how soon a run can be resumed, what a crash may cost of training after that, and how soon after one checkpoint a
# pause is worth another
FIRST_CHECKPOINT_S = 2.0
CHECKPOINT_EVERY_S = 30.0
CHECKPOINT_WHEN_HELD_S = 5.0
# large states are kept less often, so that the disk has no more than this to write on average
CHECKPOINT_BYTES_PER_S = 2_000_000


class RunRecording:
    """Takes the events of one run, for the thread that trains.

    Without a `path` nothing is kept. With one the file is made after the first frame, and checkpoints are asked for
    through `control` from time to time, and when the run is paused. `resumed` is the history of a file that is resumed.
    `on_trouble` is told once, in any thread, if the file cannot be written; the run continues.
    """

    def __init__(
        self,
        control: Control,
        path: Path | None = None,
        *,
        resumed: History | None = None,
        on_trouble: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.path = path
        self.history: History | None = resumed
        self._resume_at = resumed.frames if resumed is not None else None
        self._control = control
        self._on_trouble = on_trouble
        self._writer: StoreWriter | None = None
        self._begun = False
        self._opened = path is None
        self._checkpoint_at = 0.0
        self._checkpoint_every_s = FIRST_CHECKPOINT_S

    @property
    def ending(self) -> Ending:
        """How the run has ended: finished, stopped or diverged."""
        history = self.history
        if history is None:
            return "stopped"
        if history.diverged is not None:
            return "diverged"
        return "finished" if history.frames > history.started.planned_steps > 0 else "stopped"

    def take(self, event: Event) -> None:
        """Record one event."""
        if self._begun:
            # not with the first frame, which has to appear soon
            self._open()
        if isinstance(event, Started):
            self._begin(event)
        elif isinstance(event, Checkpoint):
            self._keep(event)
        else:
            assert self.history is not None, "every run begins with Started"
            self.history.append(event)
            if isinstance(event, Frame):
                self._begun = True
                self._ask_for_checkpoint()

    def close(self, failure: str = "") -> None:
        """Let the file say how the run ended: failed, where there is a `failure`; waits until the disk has it."""
        if self._begun:
            self._open()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close("failed" if failure else self.ending, failure)

    @contextmanager
    def closed_at_the_end(self) -> Iterator[None]:
        """Close the recording after the block, however it ends."""
        try:
            yield
        except Exception as error:
            self.close(str(error) or type(error).__name__)
            raise
        except BaseException:
            # an interrupted run is stopped
            self.close()
            raise
        self.close()

    def _begin(self, started: Started) -> None:
        if self.history is None:
            self.history = History(started)
        else:
            # more steps may be planned now
            self.history.started = started

    def _open(self) -> None:
        if self._opened:
            return
        self._opened = True
        assert self.path is not None
        assert self.history is not None
        # a run that is not kept needs no database
        from gradviz.recording.store import StoreWriter

        facts = environment(self.history.started)
        if self._control.no_checkpoint_because:
            facts["checkpoints"] = self._control.no_checkpoint_because
        try:
            self._writer = StoreWriter(
                self.path,
                self.history,
                environment=facts,
                resume_at=self._resume_at,
                on_trouble=self._on_trouble,
            )
        except RecordingError as error:
            self._on_trouble(str(error))
        self._checkpoint_at = time.monotonic()

    def _ask_for_checkpoint(self) -> None:
        if self._writer is None:
            return
        wait_s = CHECKPOINT_WHEN_HELD_S if self._control.paused else self._checkpoint_every_s
        if time.monotonic() - self._checkpoint_at >= wait_s:
            self._control.ask_for_checkpoint()

    def _keep(self, checkpoint: Checkpoint) -> None:
        if self._writer is not None:
            self._writer.keep(checkpoint)
        self._checkpoint_at = time.monotonic()
        size = sum(array.nbytes for array in checkpoint.arrays.values())
        self._checkpoint_every_s = max(CHECKPOINT_EVERY_S, size / CHECKPOINT_BYTES_PER_S)


def resumed(path: Path, control: Control, on_trouble: Callable[[str], None]) -> tuple[RunRecording, Checkpoint]:
    """Return a recording that resumes the run at `path`, and the checkpoint to resume from.

    Raises RecordingError for a file that is no run, or one that holds no checkpoint.
    """
    from gradviz.recording.store import latest_checkpoint, resume_run

    checkpoint = latest_checkpoint(path)
    if checkpoint is None:
        raise RecordingError(f"{path.name} holds no checkpoint to resume from; start its experiment again")
    history = resume_run(path, checkpoint.step)
    return RunRecording(control, path, resumed=history, on_trouble=on_trouble), checkpoint
