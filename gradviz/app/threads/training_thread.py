"""The thread that trains: one experiment, or several in lockstep, each into a history and a file of its own.

Signals carry the few facts of a run's life; the numbers go into the histories, from which the views pull. The thread
runs no event loop, so it is controlled through `control` (threading events), never through slots.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.training.control import Control
    from gradviz.training.race import Race
    from gradviz.training.run_recording import RunRecording


class TrainingThread(QThread):
    """Trains `experiments`, one step of each in turn, until all have ended, a stop or a failure.

    `control` pauses, steps and stops all of them. One that diverges or has made its steps drops out, and its history
    and file say so. Runs are kept in `library`, if there is one; with `continues` the one experiment is resumed from
    the checkpoint of that file, and appended to it. `paths` are the files, once training has begun.

    `began` carries the histories in the order of the experiments, each with its first frame in it; `trouble` what the
    disk does not take, once a run; `failed` a Failure. QThread's own `finished` always comes last.
    """

    began = Signal(object)
    trouble = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        experiments: Sequence[Experiment],
        *,
        paused: bool = False,
        library: Library | None = None,
        continues: Path | None = None,
        parent: QObject | None = None,
    ) -> None:
        assert continues is None or len(experiments) == 1, "one file holds one run"
        # control is free of torch, but its package is only wanted once a run starts
        from gradviz.training.control import Control

        super().__init__(parent)
        self.setObjectName("training")
        self.experiments = tuple(experiments)
        self.control: Control = Control(checkpoint_at_end=library is not None or continues is not None)
        if paused:
            self.control.pause()
        self.paths: list[Path | None] = []
        self._library, self._continues = library, continues
        self._announced = False

    def stop(self) -> None:
        """Stop after the current step."""
        self.control.stop()

    def run(self) -> None:
        """Train; called by QThread in the new thread."""
        recordings: list[RunRecording] = []
        try:
            from gradviz.training.race import Race

            race = Race(self.experiments, self.control)
            checkpoint = self._prepare(race, recordings)
            for lane, event in race.events(checkpoint):
                recordings[lane].take(event)
                self._announce(event, recordings)
                _close([recording for lane, recording in enumerate(recordings) if lane not in race.under_way])
            _close(recordings)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self._fail(error, recordings)

    def _prepare(self, race: Race, recordings: list[RunRecording]) -> Checkpoint | None:
        """Fill `recordings` with what takes each run; return the state that the one of a file is resumed from."""
        from gradviz.training.run_recording import RunRecording, resumed

        if self._continues is not None:
            self.paths = [self._continues]
            recording, checkpoint = resumed(self._continues, race.lanes[0], self.trouble.emit)
            recordings.append(recording)
            return checkpoint
        self.paths = [self._new_path(experiment) for experiment in self.experiments]
        for lane, path in zip(race.lanes, self.paths, strict=True):
            recordings.append(RunRecording(lane, path, on_trouble=self.trouble.emit))
        return None

    def _new_path(self, experiment: Experiment) -> Path | None:
        try:
            return self._library.new_path(experiment) if self._library is not None else None
        except RecordingError as error:
            self.trouble.emit(str(error))
            return None

    def _announce(self, event: Event, recordings: Sequence[RunRecording]) -> None:
        if self._announced or not isinstance(event, Frame):
            return
        histories = [recording.history for recording in recordings]
        # announced with a first frame in each, so that no view ever draws an empty history
        if all(history is not None and history.frames for history in histories):
            self._announced = True
            self.began.emit(histories)

    def _fail(self, error: BaseException, recordings: Sequence[RunRecording]) -> None:
        failure = Failure.of(error)
        try:
            _close(recordings, failure.message)
        except Exception as another:
            self.failed.emit(Failure.of(another))
        self.failed.emit(failure)


def _close(recordings: Sequence[RunRecording], failure: str = "") -> None:
    for recording in recordings:
        recording.close(failure)
