"""The form: every field of an experiment, made from the recipe's own descriptions.

The panel holds the experiment; an editor only ever replaces one field of it. Numbers that a box cannot show in full
are therefore kept as they are until the person changes them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QMenu,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.form.data_dialog import DataDialog
from gradviz.app.form.field_editor import WheelGuard
from gradviz.app.form.field_editors import DeviceEditor, ElidingBox, PathEditor, ask_for_data_file
from gradviz.app.form.field_row import FieldRow, Group
from gradviz.app.form.role_picture import Curve
from gradviz.app.theme import GRID_PX
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, fields, inapplicable, load_preset, preset_names, value_in_words
from gradviz.experiment.data import Data
from gradviz.experiment.fields import Group as FieldGroup
from gradviz.experiment.fields import Role
from gradviz.experiment.presets import preset_view

PANEL_WIDTH_PX = 352
LOOKOUT = "What there is to see"
# a recipe that differs in more fields follows no preset any more
MOST_CHANGES = 5
NOT_ON_FORM = ("title", "notes")
CUSTOM = "custom"
HIDDEN = "hidden in this lesson"
PRESET_TIP = "Experiments worth seeing; each says what to look for"


class ExperimentPanel(QScrollArea):
    """All fields of an experiment in groups, with presets above.

    `edited` carries a valid Experiment at every change by the person, also while a slider is dragged; `rejected` says
    why a combination of values does not hold, in which case the experiment stays as it was. `train_wanted` asks to
    train what is on the form, `view_wanted` carries the PresetView that a preset talks about.
    """

    edited = Signal(object)
    rejected = Signal(str)
    train_wanted = Signal()
    view_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiment = Experiment()
        self._complaints = 0
        self.rows: dict[str, FieldRow] = {}
        self._architecture = ""
        self._followed: Experiment | None = None
        self._locked: frozenset[str] = frozenset()
        self._hidden: frozenset[str] = frozenset()
        self._curve: Curve | None = None
        self._devices: list[tuple[str, str]] | None = None
        self.groups: dict[str, Group] = {}
        self.preset = ElidingBox()
        WheelGuard(self).guard(self.preset)
        self.formula = self._note("What one layer computes from its input x")
        self.notes = self._note("What there is to see in this experiment")
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.lookout = Group(LOOKOUT)
        self.large = Group("Depth, activation and shortcut")
        self.large.heading.hide()
        self.mistake = self._note("Why the last change was not taken over, or cannot be measured")
        self.mistake.setFrameShape(QFrame.Shape.StyledPanel)
        self.mistake.setTextFormat(Qt.TextFormat.PlainText)
        self.mistake.hide()
        self.elsewhere = self._note("What the form has to do with what the plots show")
        self.elsewhere.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.elsewhere.setTextFormat(Qt.TextFormat.PlainText)
        self.elsewhere.hide()
        self._lay_out()
        self.preset.activated.connect(lambda _index: self._take_preset())
        self._show()

    def experiment(self) -> Experiment:
        """Return the experiment on the form."""
        return self._experiment

    def set_experiment(self, experiment: Experiment) -> None:
        """Show `experiment` without announcing it."""
        if experiment.notes or not _follows(experiment, self._followed):
            self._followed = experiment if experiment.notes else None
        self._experiment = experiment
        self.mistake.hide()
        self._place_mistake()
        self._show()

    def show_curves(self, curve: Curve) -> None:
        """Draw activations from now on."""
        self._curve = curve
        for row in self.rows.values():
            row.picture.show_curve(curve)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is wrong in sight; called by Qt."""
        super().resizeEvent(event)
        self._place_mistake()

    def row(self, name: str) -> QWidget | None:
        """Return the row of a field, scrolled to where it can be seen; None if the form has none of that name."""
        if name not in self.rows:
            return None
        place = self.rows[name].place
        self.ensureWidgetVisible(place)
        return place

    def show_watched(self, title: str) -> None:
        """Say that the plots show the network `title` of a script of its own, which has no form; empty: they do not."""
        self.elsewhere.setText(f"The plots show {title}, which a script of its own trains. Start trains what is below.")
        self.elsewhere.setVisible(bool(title))

    def restrict(self, locked: Collection[str], hidden: Collection[str]) -> None:
        """Let the fields in `locked` not be changed here, and show none of those in `hidden`; empty: as usual."""
        self._locked, self._hidden = frozenset(locked), frozenset(hidden)
        self._show()

    def look_at_data(self, name: str) -> DataDialog:
        """Show how the data file `name` is understood, and take it over with what is chosen there, if it is."""
        present = self._experiment.data
        data = present if present.data_file == name else Data(source="file", data_file=name)
        dialog = DataDialog(data, self, regression=self._experiment.regression)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._take_data(dialog))
        dialog.open()
        return dialog

    def close_dialogs(self) -> None:
        """Put away what is still asked, as if it were cancelled."""
        for dialog in self.findChildren(DataDialog):
            dialog.reject()

    def _take_data(self, dialog: DataDialog) -> None:
        chosen = dialog.chosen
        changed = self._experiment.changed(
            title="", notes="", data="file", data_file=chosen.data_file, label_column=chosen.label_column,
            leave_out=chosen.leave_out, missing=chosen.missing, validation_share=chosen.validation_share,
            loss=_loss_for(self._experiment, regression=dialog.regression),
        )  # fmt: skip
        if changed != self._experiment:
            self.set_experiment(changed)
            self.edited.emit(changed)
        if dialog.train:
            self.train_wanted.emit()

    def complain(self, why: str) -> None:
        """Say below the fields what is wrong, until the next change; no field moves for it."""
        self._complaints += 1
        self.mistake.setText(f"⚠ {why}")
        self.mistake.show()
        self._place_mistake()
        self.rejected.emit(why)

    def take_typed(self) -> bool:
        """Take over what is typed and not yet confirmed; return whether all of it is allowed."""
        before = self._complaints
        for row in self.rows.values():
            if row.applies:
                row.editor.take_typed()
        return self._complaints == before

    def set_devices(self, devices: list[tuple[str, str]]) -> None:
        """Offer the devices of this machine as (value, label)."""
        self._devices = devices
        editor = self.rows["device"].editor
        assert isinstance(editor, DeviceEditor)
        editor.offer(devices)

    def _change(self, name: str, value: Any) -> None:
        """Replace one field; a changed recipe is no longer the preset it came from, so it loses its name."""
        if self._experiment.value(name) == value:
            return
        values = {name: value, "title": "", "notes": ""}
        if name == "data" and value == "file" and not self._experiment.data.data_file:
            self._show()
            if picked := ask_for_data_file(self, ""):
                self.look_at_data(picked)
            return
        try:
            changed = self._experiment.changed(**values)
        except ExperimentError as error:
            self._show()
            self.complain(str(error))
            return
        self.set_experiment(changed)
        self.edited.emit(changed)

    def _take_preset(self) -> None:
        name = self.preset.currentData()
        if name == CUSTOM:
            self._show()
            return
        self.set_experiment(load_preset(name))
        self.edited.emit(self._experiment)
        if (view := preset_view(name)) is not None:
            self.view_wanted.emit(view)

    def _show(self) -> None:
        if self._architecture != self._experiment.network.architecture:
            self._fill_groups()
        reasons = inapplicable(self._experiment)
        for name, row in self.rows.items():
            row.show(self._experiment, HIDDEN if name in self._hidden else reasons.get(name, ""))
            row.lock(name in self._locked)
            self._holder(row).show_row(row)
        self.formula.setText(self._experiment.network.formula)
        self.formula.setVisible(bool(self._experiment.network.formula))
        self._show_notes()
        with QSignalBlocker(self.preset):
            index = self.preset.findText(self._experiment.title) if self._experiment.title else 0
            self.preset.setCurrentIndex(max(index, 0))

    def _offer_reset(self, name: str, place: Any) -> None:
        field = self.rows[name].field
        menu = QMenu(self)
        action = menu.addAction(f"Reset to {value_in_words(field, field.default)}")
        action.setEnabled(self._experiment.value(name) != field.default)
        action.triggered.connect(partial(self._reset, name))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.rows[name].label.mapToGlobal(place))

    def _reset(self, name: str, *_: object) -> None:
        self._change(name, self.rows[name].field.default)

    def _holder(self, row: FieldRow) -> Group:
        """Return what a row is in: what a person changes first is large, above all groups."""
        return self.large if row.field.spec.role else self.groups[row.field.group]

    def _show_notes(self) -> None:
        """Show what there is to see in the preset that is followed, also while it is changed step by step."""
        followed = self._followed
        self.lookout.setVisible(followed is not None)
        if followed is not None:
            self.notes.setText(followed.notes)
            changes = len(_changes(followed, self._experiment))
            self.lookout.heading.setText(f"{LOOKOUT} · {changes} change{'s'[: changes != 1]}" if changes else LOOKOUT)

    def _place_mistake(self) -> None:
        """Put what is wrong at the foot, below what can be scrolled."""
        wrong = not self.mistake.isHidden()
        height = self.mistake.heightForWidth(self.width() - 2 * GRID_PX) + 2 * GRID_PX if wrong else 0
        self.setViewportMargins(0, 0, 0, height)
        self.mistake.setGeometry(GRID_PX, self.height() - height, self.width() - 2 * GRID_PX, height - GRID_PX)

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(6)
        # below its caption: titles are long
        top = QVBoxLayout()
        top.setContentsMargins(8, 0, 4, 0)
        top.setSpacing(4)
        caption = QLabel("&Preset")
        caption.setBuddy(self.preset)
        for widget in (caption, self.preset):
            widget.setToolTip(PRESET_TIP)
            top.addWidget(widget)
        top.addWidget(self.elsewhere)
        self.mistake.setParent(self)
        column.addLayout(top)
        column.addWidget(self.lookout)
        column.addWidget(self.large)
        self.lookout.rows.addRow(self.notes)
        self._fill_presets()
        for title in get_args(FieldGroup):
            self.groups[title] = Group(title)
            column.addWidget(self.groups[title])
        self.formula.setForegroundRole(QPalette.ColorRole.Link)
        column.addStretch(1)
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # the fields take the focus, and scroll into sight with it
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(PANEL_WIDTH_PX)

    def _fill_groups(self) -> None:
        """Make a row for each field that the architecture has, in the place of those of another."""
        focused = next((name for name, row in self.rows.items() if row.has_focus()), "")
        for row in self.rows.values():
            self._holder(row).remove(row)
        network = self.groups["Network"].rows
        if self.rows:
            network.takeRow(self.formula)
        self._architecture = self._experiment.network.architecture
        known = fields(self._architecture)
        # a word that there is no other for is nothing to choose
        self.rows = {
            name: FieldRow(field)
            for name, field in known.items()
            if name not in NOT_ON_FORM and len(field.choices) != 1
        }
        # the large ones in the same order in every architecture
        for name, row in sorted(self.rows.items(), key=lambda item: get_args(Role).index(item[1].field.spec.role)):
            self._holder(row).add(row)
            row.mark.clicked.connect(partial(self._reset, name))
            if self._curve is not None:
                row.picture.show_curve(self._curve)
            row.editor.changed.connect(partial(self._change, name))
            row.editor.refused.connect(self.complain)
            if isinstance(row.editor, PathEditor):
                row.editor.looked.connect(lambda: self.look_at_data(self._experiment.data.data_file))
            row.label.customContextMenuRequested.connect(partial(self._offer_reset, name))
        network.addRow(self.formula)
        taken = {row.field.group for row in self.rows.values() if not row.field.spec.role}
        for title, group in self.groups.items():
            group.setVisible(title in taken)
        self._order_for_tab()
        if self._devices is not None:
            self.set_devices(self._devices)
        if focused in self.rows:
            self.rows[focused].editor.setFocus()

    def _order_for_tab(self) -> None:
        """Let Tab go from each heading through the fields below it, although the fields were made later."""
        content = self.widget()
        assert content is not None
        column = content.layout()
        assert isinstance(column, QVBoxLayout)
        # what gets a parent comes to the end of the order, with all that is in it
        for group in (self.large, *self.groups.values()):
            place = column.indexOf(group)
            group.setParent(None)
            column.insertWidget(place, group)

    def _fill_presets(self) -> None:
        self.preset.addItem(CUSTOM, CUSTOM)
        self.preset.setAccessibleName("preset")
        for name in preset_names():
            experiment = load_preset(name)
            self.preset.addItem(experiment.title or name, name)
            self.preset.setItemData(self.preset.count() - 1, experiment.notes, Qt.ItemDataRole.ToolTipRole)

    @staticmethod
    def _note(tip: str) -> QLabel:
        label = QLabel()
        label.setWordWrap(True)
        label.setToolTip(tip)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label


def _follows(experiment: Experiment, followed: Experiment | None) -> bool:
    """Whether a recipe is still a variation of the preset that was chosen."""
    if followed is None or followed.network.architecture != experiment.network.architecture:
        return False
    return len(_changes(followed, experiment)) <= MOST_CHANGES


def _changes(before: Experiment, after: Experiment) -> set[str]:
    old, new = before.flat(), after.flat()
    return {name for name in old.keys() | new.keys() if name not in NOT_ON_FORM and old.get(name) != new.get(name)}


def _loss_for(experiment: Experiment, *, regression: bool) -> str:
    """Return the loss for a number or a class: the present one, where it is for that."""
    if regression:
        return "mse"
    return experiment.training.loss if not experiment.regression else "cross_entropy"
