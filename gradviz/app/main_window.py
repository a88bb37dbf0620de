"""The window: the form at the left, the heatmap in the middle, profile, curves and samples beside it, transport below.

It puts the parts together and passes facts between them. The run lives in the run controller, the pictures on the
board, the experiment on the form, and what the menus do in `commands`.

The drawing libraries take longer to load than all the rest. So the window is made in two parts: form, menus and
transport first, and the board once these are on the screen.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from gradviz.app.actions import fill_menus, make_actions
from gradviz.app.commands import Commands
from gradviz.app.docks import Docks
from gradviz.app.error_box import ErrorReporter
from gradviz.app.form.experiment_edits import ExperimentEdits
from gradviz.app.form.experiment_exchange import OPENABLE, ExperimentExchange
from gradviz.app.form.experiment_panel import ExperimentPanel
from gradviz.app.run_controller import LONGEST_STEP_MS, RunController
from gradviz.app.run_names import in_short
from gradviz.app.settings import Settings
from gradviz.app.theme import apply_theme, icon, style_for
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.app.threads.theory_thread import TheoryThread
from gradviz.app.transport_bar import TransportBar
from gradviz.app.verdict.verdict_line import VerdictLine
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History
from gradviz.recording.runs.library import SUFFIX, Library

if TYPE_CHECKING:
    from gradviz.app.board import Board
    from gradviz.app.export.exporter import Exporter
    from gradviz.app.follow_desk import FollowDesk
    from gradviz.app.panels.side_panels import SidePanels
    from gradviz.app.runs.run_desk import RunDesk

SAY_MS = 8_000
FIRST_SIZE = QSize(1440, 900)


class MainWindow(QMainWindow):
    """The desktop window; one experiment and one run at a time, with the run before it for comparison.

    Its runs are kept in `library`, if there is one. Without `furnished` it has no plots yet and is to be shown;
    `furnish` then brings them in.
    """

    board: Board
    panels: SidePanels
    exporter: Exporter
    desk: RunDesk
    follow_desk: FollowDesk

    def __init__(
        self,
        experiment: Experiment | None = None,
        settings: Settings | None = None,
        *,
        library: Library | None = None,
        furnished: bool = True,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.library = library
        self.form = ExperimentPanel()
        self.run = RunController(self, library)
        self.preview = PreviewThread(self)
        self.theory = TheoryThread(self)
        self.errors = ErrorReporter(self)
        first = experiment or self.settings.experiment or self.form.experiment()
        self.form.set_experiment(first)
        self.edits = ExperimentEdits(first, self._show_experiment, self)
        self.exchange = ExperimentExchange(self, self.settings, self.set_experiment, self.say)
        self.commands = Commands(self)
        self.actions_by_name = make_actions(self, self.commands)
        self.transport = TransportBar(self.actions_by_name)
        self.verdict_line = VerdictLine()
        self.previous: History | None = None
        self.setAcceptDrops(True)
        self._docks = self._lay_out()
        self._menus = self._fill_menus()
        self._first_layout = self.saveState()
        self._recall()
        if furnished:
            self.furnish()

    def furnish(self) -> None:
        """Bring in the plots, and connect the parts."""
        from gradviz.app.board import Board
        from gradviz.app.export.exporter import Exporter
        from gradviz.app.follow_desk import FollowDesk
        from gradviz.app.panels.side_panels import SidePanels
        from gradviz.app.runs.run_desk import RunDesk
        from gradviz.app.wiring import Wiring

        sizes = self.saveState()
        self.board = Board(self)
        self.panels = SidePanels(self.preview, self.settings, self)
        self.board.add_plots(self.panels.plots())
        self.exporter = Exporter(self, self.board)
        self.desk = RunDesk(self, self.library)
        self.follow_desk = FollowDesk(self)
        self.setCentralWidget(self.board.heatmap)
        contents: dict[str, QWidget] = {
            "profile": self.board.profile,
            "curves": self.board.curves,
            "samples": self.board.held_out,
            "runs": self.desk.panel,
        }
        self._docks.fill(contents | self.panels.by_name())
        self._order_for_tab()
        if self.isVisible():
            # what comes into the panels pushes them about when it is laid out, in the next round of the event loop
            QTimer.singleShot(0, self, lambda: self.restoreState(sizes))
        else:
            self._docks.give_sizes(self.settings.layout)
        self._menus["&View"].addAction(self.board.samples.wrong_first)
        self._wiring = Wiring(self, self._docks)
        # not there: the edits speak once more while the window goes, after its wiring went
        self.edits.indexChanged.connect(self._edits_moved)
        self.commands.recall(self.settings)
        self._style_plots(self.style_now)
        self.panels.show_experiment(self.form.experiment())
        self.commands.enable()
        self.show_title()

    @property
    def furnished(self) -> bool:
        """Whether the plots are there."""
        return hasattr(self, "board")

    @property
    def style_now(self) -> Style:
        """The style in force: light or dark."""
        return style_for(self.settings.theme)

    def set_experiment(self, experiment: Experiment) -> None:
        """Put `experiment` on the form; can be undone."""
        self._show_experiment(experiment)
        self.edits.record(experiment)

    def begin_background_work(self) -> None:
        """Load torch behind the shown window and measure the network on the form."""
        self.preview.request(self.form.experiment())
        self.preview.start()

    def say(self, text: str) -> None:
        """Tell the person in the status bar what just happened."""
        self.statusBar().showMessage(text, SAY_MS)

    def show_run(self, history: History | None) -> None:
        """Put a run on the board, beside the one before it."""
        self.board.show_run(history, self.previous)
        self.form.show_watched(
            history.started.title if history is not None and history.started.experiment is None else ""
        )
        self.commands.enable()
        self.show_title()

    def bring(self, panel: str) -> None:
        """Bring a panel to the front, wherever it is."""
        self._docks.bring(panel)

    def preview_form(self) -> None:
        """Measure the network on the form at its initialisation, unless a run is under way."""
        if not self.run.phase.busy:
            self.preview.request(self.form.experiment())
            if self.furnished:
                self.panels.show_experiment(self.form.experiment())

    def restyle(self) -> None:
        """Put the window into the style in force."""
        style = self.style_now
        apply_theme(style)
        self.verdict_line.apply_style(style)
        if self.furnished:
            self._style_plots(style)
        for command_name, action in self.actions_by_name.items():
            if icon_name := self.commands.icon_of(command_name):
                action.setIcon(icon(icon_name, style))

    def restore_first_layout(self) -> None:
        """Put every dock back where it was when the program first started."""
        self.restoreState(self._first_layout)
        for dock in self._docks.values():
            dock.show()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window and take it off the screen at once; then wait until nothing is left running."""
        if self.furnished:
            self.board.live(False)
            self.board.playback.pause()
        self.form.take_typed()
        self.settings.geometry = self.saveGeometry()
        self.settings.layout = self.saveState()
        self.settings.experiment = self.form.experiment()
        self.settings.write()
        self.hide()
        self.preview.end()
        self.theory.end()
        quiet = not self.furnished or (self.desk.stop() and self.panels.stop())
        beside = [thread for thread in (self.preview, self.theory) if thread.isRunning()]
        if not quiet or not self.run.close() or not all(thread.wait(LONGEST_STEP_MS) for thread in beside):
            self.show()
            self.say("A training step is still under way; close again in a moment")
            event.ignore()
            return
        if self.furnished:
            self.desk.close_files()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take experiments and runs."""
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped experiment or run."""
        if path := _dropped(event):
            self.open_file(path)

    def open_file(self, path: Path) -> None:
        """Open the experiment or the run in a file, or show why it cannot be opened."""
        opened = self.follow_desk.open if path.suffix.lower() == SUFFIX else self.exchange.open
        self.commands.guarded(lambda: opened(path))

    def _lay_out(self) -> Docks:
        self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize()))
        self.setCentralWidget(QWidget())
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(self.verdict_line, 1)
        docks = Docks(self)
        docks.fill({"experiment": self.form, "transport": self.transport})
        docks.give_sizes(QByteArray())
        return docks

    def _order_for_tab(self) -> None:
        """Let Tab go from the form to the heatmap, and from there to the transport, whenever each came to be."""
        last: QWidget = self.form.preset
        while (following := last.nextInFocusChain()) is not None and self.form.isAncestorOf(following):
            last = following
        for part in (*self.board.heatmap.in_tab_order(), *self.board.playback_bar.in_tab_order()):
            self.setTabOrder(last, part)
            last = part

    def _fill_menus(self) -> dict[str, QMenu]:
        menus = fill_menus(self, self.actions_by_name)
        panels = menus["&View"].addMenu("&Panels")
        panels.setToolTipsVisible(True)
        panels.addActions(self._docks.toggles())
        return menus

    def _recall(self) -> None:
        self.restoreGeometry(self.settings.geometry)
        self.restoreState(self.settings.layout)
        self.restyle()
        self.commands.enable()
        self.transport.show_phase(self.run.phase, self.run)
        self.show_title()

    def _style_plots(self, style: Style) -> None:
        self.board.apply_style(style)
        self.panels.apply_style(style)
        self.desk.apply_style(style)

    def _show_experiment(self, experiment: Experiment) -> None:
        self.form.set_experiment(experiment)
        self.show_title()
        self.preview_form()

    def _edits_moved(self, _index: int) -> None:
        self.commands.enable()

    def show_title(self) -> None:
        """Name what is shown in the title of the window."""
        history = self.board.history if self.furnished else None
        shown = history.started if history is not None else self.form.experiment()
        name = shown.title or (in_short(history) if history is not None else "")
        self.setWindowTitle(f"{name} – gradviz" if name else "gradviz")


def _dropped(event: QDropEvent) -> Path | None:
    """Return the file of an experiment or a run that is being dropped, if it is one."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return next((path for path in paths if path.suffix.lower() in (*OPENABLE, SUFFIX)), None)
