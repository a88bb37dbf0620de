"""The window: the form at the left, the heatmap in the middle, profile, curves and samples beside it, transport below.

It puts the parts together. What they show and do is up to the session, which knows no window.

The drawing libraries take longer to load than all the rest. So the window is made in two parts: form, menus and
transport first, and the plots once these are on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QMainWindow, QMenu, QVBoxLayout, QWidget

from gradviz.app.about import about_dialog
from gradviz.app.actions import draw_icons, fill_menus, keys, make_actions, show_state
from gradviz.app.column_shares import ColumnShares
from gradviz.app.commands import Command
from gradviz.app.docks import HIDDEN_AT_FIRST, Docks
from gradviz.app.error_box import ErrorReporter
from gradviz.app.form.experiment_exchange import OPENABLE, ExperimentExchange
from gradviz.app.form.experiment_panel import ExperimentPanel
from gradviz.app.header.header_place import HeaderPlace
from gradviz.app.help_window import show_help
from gradviz.app.panels.table import PANELS
from gradviz.app.run_status import RunStatus
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings, ThemeChoice
from gradviz.app.shown_bar import ShownBar
from gradviz.app.theme import apply_theme, style_for
from gradviz.app.transport_bar import TransportBar
from gradviz.experiment import Experiment
from gradviz.experiment.data_names import may_be_data
from gradviz.lessons.library import SUFFIX as LESSON_SUFFIX
from gradviz.plots.parts.style import Style
from gradviz.recording.runs.library import SUFFIX, Library

if TYPE_CHECKING:
    from gradviz.app.board import Board
    from gradviz.app.comparison.comparison_windows import ComparisonWindows
    from gradviz.app.export.export_commands import ExportCommands
    from gradviz.app.export.exporter import Exporter
    from gradviz.app.export.report_command import ReportCommand
    from gradviz.app.header.header_bar import HeaderBar
    from gradviz.app.lessons.lessons import Lessons
    from gradviz.app.runs.run_dialogs import RunDialogs
    from gradviz.app.runs.run_list_view import RunListView

SAY_MS = 8_000
FIRST_SIZE = QSize(1440, 900)
# what window managers put around a window, which nobody knows before it is shown
FRAME_ROOM = QSize(16, 48)


class MainWindow(QMainWindow):
    """The desktop window around one session.

    Runs are kept in `library`, if there is one. Without `furnished` it has no plots yet and is to be shown; `furnish`
    then brings them in.
    """

    board: Board
    header: HeaderBar
    exporter: Exporter
    exports: ExportCommands
    reports: ReportCommand
    run_dialogs: RunDialogs
    run_list: RunListView
    comparisons: ComparisonWindows
    lessons: Lessons

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
        self.errors = ErrorReporter(self)
        self.form = ExperimentPanel()
        first = experiment or self.settings.experiment or self.form.experiment()
        self.form.set_experiment(first)
        self._library = library
        self.session = Session(first, library, self)
        self.session.become_ready(False)
        self.exchange = ExperimentExchange(self, self.settings, self.session.set, self.say, self.form.look_at_data)
        self.actions_by_name = make_actions(self, self.give)
        self._acts = self._own_commands()
        self.transport = TransportBar(self.actions_by_name)
        self.run_status = RunStatus()
        self.header_place = HeaderPlace(self)
        self.shown_bar = ShownBar(self.actions_by_name["preview"], self.actions_by_name["start"])
        self.setAcceptDrops(True)
        self.docks = self._lay_out()
        self._menus = self._fill_menus()
        self._first_layout = self.docks.layout()
        self._connect()
        self._recall()
        self._columns = ColumnShares(self, self.docks)
        if furnished:
            self.furnish()

    def furnish(self) -> None:
        """Bring in the plots, and connect them."""
        from gradviz.app.board import Board
        from gradviz.app.comparison.comparison_windows import ComparisonWindows
        from gradviz.app.export.export_commands import ExportCommands
        from gradviz.app.export.exporter import Exporter
        from gradviz.app.export.report_command import ReportCommand
        from gradviz.app.header.follower import HeaderFollower
        from gradviz.app.header.header_bar import HeaderBar
        from gradviz.app.lessons.lessons import Lessons
        from gradviz.app.model_file import ModelFileCommand
        from gradviz.app.runs.run_dialogs import RunDialogs
        from gradviz.app.runs.run_list_view import RunListView
        from gradviz.app.view_commands import ViewCommands
        from gradviz.theory.activations import points as curve_points

        sizes = self.docks.layout()
        session, settings = self.session, self.settings
        self.board = Board(settings, session.preview, self)
        self.header = HeaderBar()
        HeaderFollower(self.header, session, self.board.context)
        self.exporter = Exporter(self, self.board, session)
        self.exports = ExportCommands(self, self.exporter, session, settings, self._style_in_force)
        self.reports = ReportCommand(self, session, settings)
        self.run_dialogs = RunDialogs(self, session, settings)
        self.run_list = RunListView(session, self.run_dialogs, self)
        self.comparisons = ComparisonWindows(session, settings, lambda: self.board.quantity, self._style_in_force, self)
        self.lessons = Lessons(self, session, settings, self._place, self.docks.bring)
        view = ViewCommands(self.board, settings, self.actions_by_name)
        self.model_file = ModelFileCommand(self, session, settings, self._library)
        for part in (self.exports, self.reports, self.run_dialogs, self.model_file, view):
            self._acts |= part.by_name()
        self._put_in_plots()
        self.form.show_curves(curve_points)
        if self.isVisible():
            # what comes into the panels pushes them about when it is laid out, in the next round of the event loop
            QTimer.singleShot(0, self, lambda: self.docks.restore(sizes))
        else:
            self.docks.give_sizes(settings.layout)
        for name in self.board.panels:
            self._menus["&View"].addActions(self.board.widget(name).actions())
        self._connect_plots()
        view.recall()
        self._style_plots(self.style_now)
        self.board.context.experiment_changed.emit(session.experiment)
        session.become_ready()

    @property
    def furnished(self) -> bool:
        """Whether the plots are there."""
        return hasattr(self, "board")

    @property
    def style_now(self) -> Style:
        """The style in force: light or dark."""
        return style_for(self.settings.theme)

    def give(self, command: Command) -> None:
        """Carry out a command, once what is typed is taken over if it needs that; report what goes wrong."""
        if command.reads_form(self.session.state) and not self.form.take_typed():
            return
        act = attrgetter(command.verb)(self.session) if command.verb else self._acts[command.name]
        self.session.attempt(act)

    def say(self, text: str) -> None:
        """Tell the person in the status bar what just happened."""
        self.statusBar().showMessage(text, SAY_MS)

    def restyle(self) -> None:
        """Put the window into the style in force."""
        style = self.style_now
        apply_theme(style)
        draw_icons(self.actions_by_name, style)
        if self.furnished:
            self._style_plots(style)

    def restore_first_layout(self) -> None:
        """Put every dock back where it was when the program first started."""
        self.docks.restore(self._first_layout)
        for name, dock in self.docks.items():
            dock.setVisible(name not in HIDDEN_AT_FIRST)

    def open_file(self, path: Path) -> None:
        """Open the experiment, the run or the lesson in a file, or show why it cannot be opened."""
        if path.suffix.lower() == LESSON_SUFFIX:
            self.lessons.open(str(path))
            return
        opened = self.session.open if path.suffix.lower() == SUFFIX else self.exchange.open
        self.session.attempt(lambda: opened(path))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember the window and take it off the screen at once; then wait until nothing is left running."""
        if self.furnished:
            self.board.live(False)
            self.board.playback.pause()
            self.run_list.stop()
        self.form.close_dialogs()
        self.form.take_typed()
        self.settings.geometry = self.saveGeometry()
        self.settings.layout = self.docks.layout()
        self.settings.experiment = self.form.experiment()
        self.settings.write()
        self.hide()
        if self.furnished:
            self.comparisons.close()
        if (self.furnished and not self.board.stop()) or not self.session.close():
            self.show()
            self.say("A training step is still under way; close again in a moment")
            event.ignore()
            return
        self.session.close_files()
        if self.furnished:
            self.lessons.player.close()
            self.model_file.close()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take experiments, runs and data."""
        if _dropped(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped experiment or run, or look at the data."""
        if path := _dropped(event):
            self.open_file(path)

    def _own_commands(self) -> dict[str, Callable[[], object]]:
        """Return what the window itself does, by command."""
        exchange, session = self.exchange, self.session
        return {
            "open": exchange.ask_and_open,
            "open_data": exchange.ask_and_open_data,
            "save": lambda: exchange.ask_and_save(session.experiment),
            "copy_code": lambda: exchange.copy_code(session.experiment),
            "paste_code": exchange.paste_code,
            "quit": self.close,
            "runs": lambda: self.docks.bring("runs"),
            "lessons": lambda: self.docks.bring("lessons"),
            "layout": self.restore_first_layout,
            "theme_system": lambda: self._choose_theme("system"),
            "theme_light": lambda: self._choose_theme("light"),
            "theme_dark": lambda: self._choose_theme("dark"),
            "guide": lambda: show_help(self, "guide.md", keys()),
            "glossary": lambda: show_help(self, "glossary.md", keys()),
            "shortcuts": lambda: show_help(self, "keyboard.md", keys()),
            "news": lambda: show_help(self, "changelog.md", keys()),
            "about": lambda: about_dialog(self).open(),
        }

    def _lay_out(self) -> Docks:
        self.resize(FIRST_SIZE.boundedTo(self.screen().availableSize() - FRAME_ROOM))
        self.setCentralWidget(QWidget())
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addPermanentWidget(self.run_status)
        docks = Docks(self)
        docks.fill({"experiment": self.form, "transport": self.transport})
        docks.give_sizes(QByteArray())
        return docks

    def _put_in_plots(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.shown_bar)
        column.addWidget(self.board.centre, 1)
        self.setCentralWidget(middle)
        self.header_place.fill(self.header)
        self.transport.take(self.board.playback_bar)
        self.statusBar().addWidget(self.board.readout, 1)
        columns = {entry.name: self.board.widget(entry.name) for entry in PANELS if entry.place == "column"}
        self.docks.fill({"lessons": self.lessons.panel, "runs": self.run_list.panel, **columns})
        # Tab goes from the form to the heatmap, and from there to the transport, whenever each came to be
        last: QWidget = self.form.preset
        each: QWidget | None = last.nextInFocusChain()
        while each is not None and self.form.isAncestorOf(each):
            # a field whose part takes the keyboard for it would lead to whatever comes after that part
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.focusProxy() is None:
                last = each
            each = each.nextInFocusChain()
        for widget in (self.shown_bar.train, self.shown_bar.button, *self.board.in_tab_order()):
            # a panel that floats is a window of its own
            if last.window() is widget.window():
                self.setTabOrder(last, widget)
            last = widget

    def _fill_menus(self) -> dict[str, QMenu]:
        menus = fill_menus(self, self.actions_by_name)
        panels = menus["&View"].addMenu("&Panels")
        panels.setToolTipsVisible(True)
        panels.addActions(self.docks.toggles())
        return menus

    def _connect(self) -> None:
        session, form = self.session, self.form
        session.experiment_changed.connect(self._show_experiment)
        session.state_changed.connect(self._show_state)
        session.said.connect(self.say)
        session.failed.connect(self.errors.report)
        session.complained.connect(form.complain)
        session.preview.devices_found.connect(form.set_devices)
        session.run.phase_changed.connect(self._show_phase)
        self.transport.rate.asked.connect(session.run.change_rate)
        form.edited.connect(session.set)
        form.rejected.connect(self.say)
        form.train_wanted.connect(self.actions_by_name["start"].trigger)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.restyle)

    def _connect_plots(self) -> None:
        from gradviz.app.wiring import connect, show_view

        connect(self.session, self.board, self.docks)
        self.session.display.changed.connect(self._show_phase)
        self.session.run.phase_changed.connect(self.board.refresh)
        self.docks["runs"].visibilityChanged.connect(self.run_list.seen)
        self.board.context.failed.connect(self.errors.report)
        # what is under the mouse takes the place of what was said before
        self.board.context.hovered.connect(self._make_way)
        self.form.view_wanted.connect(partial(show_view, self.board, self.docks))
        self.header.verdict_wanted.connect(lambda: self.docks.bring("verdict"))
        self.board.text_due.connect(lambda: self.run_status.refresh(self.session.run))
        self.board.text_due.connect(lambda: self.transport.rate.follow(self.session.run))
        self.board.menu_wanted.connect(self._show_menu)
        self.lessons.player.stage.quantity_wanted.connect(self.board.context.quantity_wanted)
        self.lessons.player.restricted.connect(self.form.restrict)
        self.lessons.panel.failed.connect(self.errors.report)
        self.lessons.panel.list.declined.connect(self.docks["lessons"].hide)
        self.lessons.panel.link_followed.connect(lambda address: show_help(self, address, keys()))

    def _make_way(self, words: str) -> None:
        if words:
            self.statusBar().clearMessage()

    def _show_menu(self, name: str, place: QPoint) -> None:
        from gradviz.app.export.plot_menu import plot_menu

        plot_menu(self, name, self.board, self.actions_by_name, self.exports).popup(place)

    def _recall(self) -> None:
        self.restoreGeometry(self.settings.geometry)
        self.docks.restore(self.settings.layout)
        self.actions_by_name[f"theme_{self.settings.theme}"].setChecked(True)
        self.restyle()
        self._show_phase()
        self._show_state()

    def _place(self, name: str) -> QWidget | None:
        """Return what a lesson calls by that name."""
        if name == "heatmap":
            return self.board.centre
        if name == "start":
            return self.transport.button("start")
        if name.startswith("field:"):
            return self.form.row(name.removeprefix("field:"))
        return self.docks.get(name)

    def _style_in_force(self) -> Style:
        return self.style_now

    def _style_plots(self, style: Style) -> None:
        for part in (self.board, self.header, self.run_list.panel, self.comparisons):
            part.apply_style(style)

    def _choose_theme(self, choice: ThemeChoice) -> None:
        self.settings.theme = choice
        self.restyle()

    def _show_experiment(self, experiment: Experiment) -> None:
        if self.form.experiment() != experiment:
            self.form.set_experiment(experiment)

    def _show_phase(self) -> None:
        session, shown = self.session, self.session.shown
        preview = shown.history if shown.kind == "preview" and not session.run.phase.busy else None
        # without any run the worker is what there is to speak of
        self.transport.rate.follow(session.run)
        self.run_status.show_phase(session.run.phase, session.run, preview if session.run.history is not None else None)

    def _show_state(self) -> None:
        """Let commands, title and form follow the session."""
        session, shown = self.session, self.session.shown
        state = session.state
        show_state(self.actions_by_name, state)
        self.shown_bar.refresh(shown, state)
        self.form.show_watched(shown.watched)
        name = shown.name if shown.kind != "nothing" else session.experiment.title
        parts = [f"{name}, before training" if name and shown.kind == "preview" else name, "gradviz"]
        self.setWindowTitle(" – ".join(part for part in parts if part))


def _dropped(event: QDropEvent) -> Path | None:
    """Return the file of an experiment or a run, or the data, being dropped, if it is one of these."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    known = (*OPENABLE, SUFFIX, LESSON_SUFFIX)
    return next((path for path in paths if path.suffix.lower() in known or may_be_data(path)), None)
