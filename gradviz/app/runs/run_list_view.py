"""The panel of all runs, connected to the session: listed, opened, named, compared, resumed, deleted."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices

from gradviz.app.runs.run_dialogs import RunDialogs
from gradviz.app.runs.runs_panel import RunsPanel
from gradviz.app.session.run_names import name_of
from gradviz.app.session.session import Session
from gradviz.recording.runs.run_list import Listed

# how often the list is refreshed while it is in sight: runs are recorded by others, too
LIST_PERIOD_MS = 2_000


class RunListView(QObject):
    """Keeps `panel` up to date while it can be seen, and passes on what is to be done with the selected runs."""

    def __init__(self, session: Session, dialogs: RunDialogs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.panel = RunsPanel()
        self._session = session
        self._do: dict[str, Callable[[list[Listed]], object]] = {
            "open": lambda runs: session.open(runs[0].path),
            "compare": session.comparisons.compare,
            "experiment": lambda runs: self._set_up(runs[0]),
            "resume": lambda runs: dialogs.ask_and_resume(runs[0]),
            "save": lambda runs: dialogs.ask_and_save(runs[0].path),
            "folder": lambda runs: _show_folder(runs[0]),
            "delete": lambda runs: session.delete([run.path for run in runs]),
        }
        self.panel.wanted.connect(self._carry_out)
        self.panel.renamed.connect(session.runs.rename)
        self.panel.annotated.connect(session.runs.annotate)
        self.panel.undo_wanted.connect(lambda: session.attempt(session.runs.restore))
        session.runs.listed.connect(self.panel.show_runs)
        session.runs.deletion_told.connect(self.panel.offer_undo)
        if session.runs.library is None:
            self.panel.show_runs([])
        session.run.phase_changed.connect(self.refresh)
        session.display.changed.connect(self.refresh)
        session.comparisons.changed.connect(self.refresh)
        self._clock = QTimer(self)
        self._clock.setInterval(LIST_PERIOD_MS)
        self._clock.timeout.connect(self.refresh)
        self._clock.start()

    def refresh(self) -> None:
        """Let the list follow what is on disk, if anybody sees it."""
        # a panel behind another one counts as visible
        if not self.panel.visibleRegion().isEmpty():
            self._session.runs.refresh()

    def seen(self, visible: bool) -> None:
        """Refresh the list as soon as the panel is brought to the front."""
        if visible:
            self._session.runs.refresh()

    def stop(self) -> None:
        """Ask for nothing more, and hand over what is being typed."""
        self._clock.stop()
        self.panel.take_typed()

    def _carry_out(self, name: str, runs: list[Listed]) -> None:
        self._session.attempt(lambda: self._do[name](runs))

    def _set_up(self, run: Listed) -> None:
        assert run.info is not None
        assert run.info.experiment is not None
        self._session.set(run.info.experiment)
        self._session.said.emit(f"Set up the experiment of {name_of(run)}; Ctrl+Z undoes it")


def _show_folder(run: Listed) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path.parent)))
