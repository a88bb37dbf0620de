"""File > Report: a page about the run that is shown and those it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from gradviz.app.export.progress_window import progress_window
from gradviz.app.session.run_names import in_short
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.errors import ExportError, RecordingError
from gradviz.recording.history import History
from gradviz.recording.store import RunInfo, read_info
from gradviz.report import facts_of, reported, save_report
from gradviz.report.page import SUFFIXES
from gradviz.report.reported_run import MOST_RUNS

PAGES = "Pages (*.html *.htm)"


class ReportCommand:
    """Asks where to, writes the report and says where it is; `window` owns the dialogs."""

    def __init__(self, window: QWidget, session: Session, settings: Settings) -> None:
        self._window, self._session, self._settings = window, session, settings

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Return what the command does."""
        return {"report": self.ask}

    def ask(self) -> None:
        """Let the person name a file, and write the report into it."""
        suggested = str(self._settings.export_folder / f"{self._session.shown.stem}{SUFFIXES[0]}")
        name, _ = QFileDialog.getSaveFileName(self._window, "Report", suggested, PAGES)
        if name:
            self.write(Path(name))

    def write(self, path: Path) -> None:
        """Write the report of the shown run, and of those it is compared with. Raises ExportError."""
        if path.suffix.lower() not in SUFFIXES:
            path = path.with_name(path.name + SUFFIXES[0])
        histories = self.histories()
        if not histories:
            raise ExportError("there is no run to report on yet; press Start, or open a run")
        names = [each.started.title or in_short(each) for each in histories]
        with progress_window(self._window, "Report", "Writing the report…") as tell:
            infos = [self._info(), *[None] * (len(histories) - 1)]
            runs = reported(
                histories,
                names,
                [facts_of(info) if info is not None else {} for info in infos],
                [info.environment if info is not None else {} for info in infos],
                self._settings.thresholds,
            )
            done = save_report(path, runs, tell)
        self._settings.export_folder = path.parent
        self._session.said.emit(f"Wrote {path}" if done else "Report cancelled; nothing was written")

    def _info(self) -> RunInfo | None:
        """Return what the file of the shown run says of it; None if it is in no file, or cannot be read now."""
        path = self._session.shown_path
        try:
            return read_info(path) if path is not None else None
        except RecordingError:
            return None

    def histories(self) -> list[History]:
        """Return the runs of the report: the one that is shown, the one behind it, and those side by side with it."""
        shown = self._session.shown
        if shown.history is None:
            return []
        found = [shown.history]
        if shown.reference is not None and self._settings.compare:
            found.append(shown.reference)
        for comparison in self._session.comparisons.open:
            together = [run.history for run in comparison.runs]
            if shown.history in together:
                found += together
        with_steps = [each for each in dict.fromkeys(found) if each.frames]
        return with_steps[:MOST_RUNS]
