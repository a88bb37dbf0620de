"""The worker of a race: trains several experiments in turn, each into a history and a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Event, Frame
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.training.control import Control
    from gradviz.training.race import Race
    from gradviz.training.run_recording import RunRecording


class RaceThread(QThread):
    """Trains `experiments`, a step of each in turn, until all have ended, a stop or a failure.

    `control` holds, steps and stops all of them. One that diverges or has made its steps drops out, and its history and
    file say so. They are kept in `library`, if there is one; `paths` are their files, once they have begun.

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
        parent: QObject | None = None,
    ) -> None:
        # control is free of torch, but its package is only wanted once a run starts
        from gradviz.training.control import Control

        super().__init__(parent)
        self.setObjectName("race")
        self.experiments = tuple(experiments)
        self.control: Control = Control(checkpoint_at_end=library is not None)
        if paused:
            self.control.pause()
        self.paths: list[Path | None] = []
        self._library = library
        self._announced = False

    def run(self) -> None:
        """Train; called by QThread in the new thread."""
        recordings: list[RunRecording] = []
        try:
            from gradviz.training.race import Race

            race = Race(self.experiments, self.control)
            recordings = self._recordings(race)
            for lane, event in race.events():
                recordings[lane].take(event)
                self._announce(event, recordings)
                _close([recording for lane, recording in enumerate(recordings) if lane not in race.under_way])
            _close(recordings)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            failure = Failure.of(error)
            _close(recordings, failure.message)
            self.failed.emit(failure)

    def _recordings(self, race: Race) -> list[RunRecording]:
        from gradviz.training.run_recording import RunRecording

        self.paths = [self._new_path(experiment) for experiment in self.experiments]
        pairs = zip(race.lanes, self.paths, strict=True)
        return [RunRecording(lane, path, on_trouble=self.trouble.emit) for lane, path in pairs]

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
        if all(history is not None and history.frames for history in histories):
            self._announced = True
            self.began.emit(histories)


def _close(recordings: Sequence[RunRecording], failure: str = "") -> None:
    for recording in recordings:
        recording.close(failure)
