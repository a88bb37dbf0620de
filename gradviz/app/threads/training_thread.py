"""The worker: pumps one training run into its history, and into a file of its own where runs are kept.

Signals carry the few facts of a run's life; the numbers go into the history, from which the views pull. The thread
runs no event loop, so it is steered through `control` (threading events), never through slots.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.training.control import Control
    from gradviz.training.run_recording import RunRecording


class TrainingThread(QThread):
    """Trains `experiment` until its last step, a stop, a divergence or a failure.

    The run is kept in `library`, if there is one; with `continues` it goes on from the checkpoint of that file, and
    writes on there. `path` is where it is kept, once it has begun.

    `began` carries the History; `trouble` what the disk does not take, once; `failed` a Failure. QThread's own
    `finished` always comes last.
    """

    began = Signal(object)
    trouble = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        experiment: Experiment,
        *,
        paused: bool = False,
        library: Library | None = None,
        continues: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        # control is free of torch, but its package is only wanted once a run starts
        from gradviz.training.control import Control

        super().__init__(parent)
        self.setObjectName("training")
        self.experiment = experiment
        self.path = continues
        self.control: Control = Control(checkpoint_at_end=library is not None or continues is not None)
        if paused:
            self.control.pause()
        self._library = library
        self._announced = False

    def stop(self) -> None:
        """End the run after the step under way."""
        self.control.stop()

    def run(self) -> None:
        """Train; called by QThread in the new thread."""
        recording: RunRecording | None = None
        try:
            from gradviz.training.control import pump
            from gradviz.training.loop import train

            recording, checkpoint = self._recording()
            kept = recording

            def take(event: Event) -> None:
                kept.take(event)
                self._announce(event, kept.history)

            pump(train(self.experiment, self.control, checkpoint), self.control, take)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            failure = Failure.of(error)
            self._close(recording, failure.message)
            self.failed.emit(failure)
        else:
            self._close(recording)

    def _recording(self) -> tuple[RunRecording, Checkpoint | None]:
        """Return where the run is recorded, and what it goes on from."""
        from gradviz.training.run_recording import RunRecording, resumed

        if self.path is not None:
            return resumed(self.path, self.control, self.trouble.emit)
        if self._library is not None:
            try:
                self.path = self._library.new_path(self.experiment)
            except RecordingError as error:
                self.trouble.emit(str(error))
        return RunRecording(self.control, self.path, on_trouble=self.trouble.emit), None

    def _announce(self, event: Event, history: History | None) -> None:
        if not self._announced and isinstance(event, Frame):
            self._announced = True
            # announced with its first frame in it, so that no view ever draws an empty history
            self.began.emit(history)

    def _close(self, recording: RunRecording | None, failure: str = "") -> None:
        if recording is None:
            return
        try:
            recording.close(failure)
        except Exception as error:
            self.failed.emit(Failure.of(error))
