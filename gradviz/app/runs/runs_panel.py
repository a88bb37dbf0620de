"""The panel of all runs: a list to look through, to name and annotate, to open, compare and throw away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.runs.notice_strip import NoticeStrip
from gradviz.app.runs.run_delegate import RunDelegate
from gradviz.app.runs.run_model import LISTED, RunModel
from gradviz.plots.parts.style import Style
from gradviz.plots.shown_run import FEWEST_COMPARED, MOST_COMPARED
from gradviz.recording.runs.run_list import Listed
from gradviz.recording.store import RunInfo

LOOKING = "Looking for runs…"
EMPTY = "No runs yet. Press Start (Ctrl+R): every run is kept here by itself, also after gradviz is closed."
NO_MATCH = "No run matches. Every word has to occur in the name, the change, the status or the note."
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class RunCommand:
    """One thing that can be done with the selected runs; `separated` from those before it in a menu."""

    name: str
    text: str
    tip: str
    keys: str = ""
    separated: bool = False


RUN_COMMANDS = (
    RunCommand("open", "&Open", "Show the run on the board; the form stays as it is", "Return"),
    RunCommand("compare", "&Compare", f"Look at {FEWEST_COMPARED} to {MOST_COMPARED} selected runs side by side"),
    RunCommand(
        "experiment",
        "&Put its experiment on the form",
        "Set up the form as this run was; can be undone",
        separated=True,
    ),
    RunCommand("resume", "Contin&ue training", "Resume from the last checkpoint of the run, and append to its file"),
    RunCommand("rename", "&Rename", "Give the run a name of your own", "F2", separated=True),
    RunCommand("save", "&Save as a file…", "Copy the run into a file of its own, to keep or to send"),
    RunCommand("folder", "Show in &folder", "Open the folder that the file lies in"),
    RunCommand("delete", "&Delete", "Move into the trash; can be undone with Ctrl+Z", "Delete", separated=True),
)


class RunList(QListView):
    """The list itself; Ctrl+Z belongs to it while it has the keyboard and there is a deletion to take back."""

    undo_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.can_undo = False
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("runs, the newest first")

    def event(self, event: QEvent) -> bool:
        """Claim Ctrl+Z before the window's own command does."""
        if event.type() is QEvent.Type.ShortcutOverride and self._is_undo(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take a deletion back."""
        if self._is_undo(event):
            self.undo_wanted.emit()
        else:
            super().keyPressEvent(event)

    def _is_undo(self, event: QEvent) -> bool:
        wanted = Qt.KeyboardModifier.ControlModifier
        if not isinstance(event, QKeyEvent) or not self.can_undo:
            return False
        return event.key() == Qt.Key.Key_Z and event.modifiers() == wanted


class RunsPanel(QWidget):
    """Lists runs; what is to be done with those selected is for others, who are told by `wanted` (command, [Listed]).

    `renamed` and `annotated` carry a path and words.
    """

    wanted = Signal(str, object)
    renamed = Signal(object, str)
    annotated = Signal(object, str)
    undo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RunModel(self)
        self.list = RunList()
        self.list.setModel(self.model)
        self._delegate = RunDelegate(self.list)
        self.list.setItemDelegate(self._delegate)
        self.filter = QLineEdit()
        self.count = QLabel()
        self.empty = QLabel(EMPTY)
        self.note = QLineEdit()
        self.strip = NoticeStrip()
        self.more = QToolButton()
        self.actions_by_name = {command.name: self._action(command) for command in RUN_COMMANDS}
        self._buttons = [self._button(name) for name in ("open", "compare")]
        self._noted: Path | None = None
        self._listed = False
        # what was handed over and is not in the list yet
        self._handed_over: str | None = None
        self._describe()
        self._lay_out()
        self._connect()
        self._selection_changed()
        self._show_counts()

    def show_runs(self, runs: Sequence[Listed]) -> None:
        """Show a new list."""
        if self._listed and list(runs) == self.model.runs:
            return
        self._listed = True
        self.model.show_runs(runs)
        self._show_counts()
        self._selection_changed()

    def selected(self) -> list[Listed]:
        """Return the selected runs, as they stand in the list."""
        rows = sorted(self.list.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [self.model.run_at(index) for index in rows]

    def select(self, paths: Sequence[Path]) -> None:
        """Select the runs in these files, where they are shown."""
        selection = self.list.selectionModel()
        selection.clearSelection()
        for path in paths:
            if (row := self.model.row_of(path)) >= 0:
                index = self.model.index(row)
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)
                # the view's own way to do it would look at the keys that are held down
                selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)

    def offer_undo(self, words: str, possible: bool = True) -> None:
        """Say what was thrown away, and let it be taken back."""
        self.list.can_undo = possible
        self.strip.say(words, undoable=possible)

    def apply_style(self, style: Style) -> None:
        """Recolour the rows."""
        self._delegate.style_now = style
        self.list.viewport().update()

    def _action(self, command: RunCommand) -> QAction:
        action = QAction(command.text, self)
        action.setToolTip(f"{command.tip} ({command.keys})" if command.keys else command.tip)
        action.triggered.connect(lambda: self._do(command.name))
        if command.keys == "Delete":
            action.setShortcut(command.keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.list.addAction(action)
        return action

    def _button(self, name: str) -> QPushButton:
        action = self.actions_by_name[name]
        button = QPushButton(action.text())
        button.setToolTip(action.toolTip())
        button.clicked.connect(action.trigger)
        action.changed.connect(lambda: button.setEnabled(action.isEnabled()))
        return button

    def _do(self, name: str) -> None:
        if name == "rename":
            self.list.edit(self.list.selectionModel().selectedIndexes()[0])
        else:
            self.wanted.emit(name, self.selected())

    def _selection_changed(self) -> None:
        """Let every command be possible exactly when it means something, and show the note of a lone run."""
        runs = self.selected()
        infos = [run.info for run in runs if run.info is not None]
        one, readable = len(runs) == 1, len(infos) == len(runs) > 0
        single = infos[0] if one and readable else None
        live = any(info.ending == "recording" for info in infos)
        possible = {
            "open": one and readable,
            "compare": readable and FEWEST_COMPARED <= len(runs) <= MOST_COMPARED and _comparable(infos),
            "experiment": single is not None and single.experiment is not None,
            "resume": single is not None and single.experiment is not None
            and single.ending in ("interrupted", "stopped", "finished", "failed"),
            "rename": one and readable,
            "save": one and readable,
            "folder": one,
            "delete": bool(runs) and not live,
        }  # fmt: skip
        for name, action in self.actions_by_name.items():
            action.setEnabled(possible[name])
        self.more.setEnabled(bool(runs))
        self._show_note(single)

    def _show_note(self, info: RunInfo | None) -> None:
        """Show the note of the lone run that is selected; what is being typed about it stays as it is."""
        if info is None or info.path != self._noted:
            self.take_typed()
            self._handed_over = None
        self._noted = info.path if info is not None else None
        self.note.setEnabled(info is not None)
        self.note.setPlaceholderText("Note on this run" if info is not None else "Select one run to note something")
        note = info.note if info is not None else ""
        if self._handed_over == note:
            self._handed_over = None
        if not self.note.isModified() and self._handed_over is None:
            self.note.setText(note)

    def take_typed(self) -> None:
        """Hand over what was typed about the run that was selected until now."""
        if self._noted is not None and self.note.isModified():
            self._handed_over = self.note.text().strip()
            self.annotated.emit(self._noted, self._handed_over)
        self.note.setModified(False)

    def _show_counts(self) -> None:
        total, shown = self.model.total, self.model.rowCount()
        filtered = bool(self.filter.text().strip())
        counted = f"{shown:,} of {total:,}" if filtered else f"{total:,} run{'s' * (total != 1)}"
        self.count.setText(counted if self._listed else "")
        self.empty.setText(NO_MATCH if total else EMPTY if self._listed else LOOKING)
        self.empty.setVisible(not shown)
        self.list.setVisible(shown > 0)

    def _filter_changed(self, text: str) -> None:
        self.model.show_matching(text)
        self._show_counts()
        self._selection_changed()

    def _show_menu(self, place: QPoint) -> None:
        if self.selected():
            menu = self._menu(self, RUN_COMMANDS)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.list.viewport().mapToGlobal(place))

    def _menu(self, parent: QWidget, commands: Sequence[RunCommand]) -> QMenu:
        menu = QMenu(parent)
        menu.setToolTipsVisible(True)
        for command in commands:
            if command.separated and not menu.isEmpty():
                menu.addSeparator()
            menu.addAction(self.actions_by_name[command.name])
        return menu

    def _describe(self) -> None:
        self.filter.setPlaceholderText("Filter runs")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("filter runs")
        for clear in self.filter.findChildren(QToolButton):
            clear.setAccessibleName("clear the filter")
            clear.setToolTip("Show all runs")
        self.filter.setToolTip("Show only runs of which every word is said: in name, change, status, note or date")
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.count.setAccessibleName("number of runs")
        self.count.setToolTip("How many runs are listed, of all that were ever started and not thrown away")
        self.empty.setToolTip("Runs appear here by themselves")
        self.list.setToolTip("Every run ever started: Return opens, F2 renames, Delete throws away")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.empty.setMargin(24)
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.setAccessibleName("note on the selected run")
        self.note.setToolTip("Kept with the run; Return or leaving the field keeps it")
        self.more.setText("More")
        self.more.setToolTip("What else can be done with the selected runs")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self._menu(self.more, RUN_COMMANDS[2:]))
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 0)
        top.addWidget(self.filter, 1)
        top.addWidget(self.count)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(8, 0, 8, 8)
        for button in self._buttons:
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.more)
        note = QHBoxLayout()
        note.setContentsMargins(8, 0, 8, 0)
        note.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(top)
        column.addWidget(self.list, 1)
        column.addWidget(self.empty, 1)
        column.addWidget(self.strip)
        column.addLayout(note)
        column.addLayout(bottom)

    def _connect(self) -> None:
        self.model.renamed.connect(self.renamed)
        self.list.selectionModel().selectionChanged.connect(self._selection_changed)
        self.list.activated.connect(lambda index: self.wanted.emit("open", [index.data(LISTED)]))
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.undo_wanted.connect(self.undo_wanted)
        self.strip.acted.connect(self.undo_wanted)
        self.filter.textChanged.connect(self._filter_changed)
        self.note.editingFinished.connect(self.take_typed)


def _comparable(infos: Sequence[RunInfo]) -> bool:
    """Whether each run has a step to show, and at least two measured the same."""
    measured = Counter(quantity.name for info in infos for quantity in info.quantities)
    return all(info.frames for info in infos) and max(measured.values(), default=0) >= FEWEST_COMPARED
