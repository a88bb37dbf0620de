"""One race, from its start to its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from gradviz.app.threads.training_thread import TrainingThread
from gradviz.experiment import Experiment
from gradviz.plots.shown_run import shown_runs
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library


class RaceRun(QObject):
    """Trains several experiments side by side. `began` carries the runs to be compared.

    `changed` says that the race was paused, resumed or is over, `trouble` what the disk does not take; `failed` carries
    a Failure, and `ended` comes last.
    """

    began = Signal(object)
    changed = Signal()
    trouble = Signal(str)
    failed = Signal(object)
    ended = Signal()

    def __init__(
        self, experiments: Sequence[Experiment], library: Library | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._experiments = tuple(experiments)
        self._histories: dict[Path, History] = {}
        self.paused = False
        self._thread = TrainingThread(experiments, library=library, parent=self)
        self._thread.began.connect(self._on_began)
        self._thread.trouble.connect(self.trouble)
        self._thread.failed.connect(self.failed)
        self._thread.finished.connect(self._on_finished)

    @property
    def running(self) -> bool:
        """Whether the race is under way."""
        return self._thread.isRunning()

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self.changed.emit()

    def stop(self) -> None:
        """Stop the race after the current step."""
        self._thread.control.stop()

    def wait(self, longest_ms: int) -> bool:
        """Wait for the end; return whether it has come."""
        return self._thread.wait(longest_ms)

    def pause_or_resume(self) -> None:
        """Pause the race after the current step, or resume it."""
        self.paused = not self.paused
        if self.paused:
            self._thread.control.pause()
        else:
            self._thread.control.resume()
        self.changed.emit()

    def step(self) -> None:
        """Make one step in each variant, then pause."""
        self.paused = True
        self._thread.control.pause()
        self._thread.control.step()
        self.changed.emit()

    def history(self, path: Path) -> History | None:
        """Return what is being recorded into that file; None if that is none of this race's."""
        return self._histories.get(path)

    def _on_began(self, histories: list[History]) -> None:
        pairs = zip(self._thread.paths, histories, strict=True)
        self._histories = {path: history for path, history in pairs if path is not None}
        names = [experiment.title for experiment in self._experiments]
        self.began.emit(shown_runs(names, histories))

    def _on_finished(self) -> None:
        self.paused = False
        self.changed.emit()
        self.ended.emit()
