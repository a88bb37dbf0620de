"""The form: every field of an experiment, made from the recipe's own descriptions.

The panel holds the experiment; an editor only ever replaces one field of it. Numbers that a box cannot show in full
are therefore kept as they are until the person changes them.
"""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QMenu,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.form.data_dialog import DataDialog
from gradviz.app.form.field_editor import FieldEditor, WheelGuard
from gradviz.app.form.field_editors import DeviceEditor, ElidingBox, PathEditor, ask_for_data_file, editor_for
from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, RecipeField, fields, inapplicable, load_preset, preset_names, value_in_words
from gradviz.experiment.data import Data
from gradviz.experiment.fields import Group as FieldGroup

LABEL_WIDTH_PX = 118
PANEL_WIDTH_PX = 350
NOT_ON_FORM = ("title", "notes")
CUSTOM = "custom"
PRESET_TIP = "Experiments worth seeing; each says what to look for"


class FieldRow:
    """Label, editor, and the reason in the editor's place where the field does not apply."""

    def __init__(self, field: RecipeField) -> None:
        self.field = field
        self.editor: FieldEditor = editor_for(field)
        self.label = QLabel(field.label)
        self.label.setFixedWidth(LABEL_WIDTH_PX)
        self.label.setBuddy(self.editor)
        self.label.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.reason = QLabel()
        self.reason.setEnabled(False)
        self.place = QStackedWidget()
        self.place.addWidget(self.editor)
        self.place.addWidget(self.reason)
        self.place.setMinimumHeight(self.editor.sizeHint().height())
        self._help = describe(field)

    def show(self, experiment: Experiment, reason: str) -> None:
        """Show the field's value, or why it has none that counts."""
        value = experiment.value(self.field.name)
        self.editor.show_value(value)
        self.reason.setText(reason)
        self.place.setCurrentWidget(self.reason if reason else self.editor)
        self.label.setEnabled(not reason)
        font = self.label.font()
        font.setBold(not reason and value != self.field.default)
        self.label.setFont(font)
        tip = f"Does not apply: {reason}.\n{self._help}" if reason else self._help
        for widget in (self.label, self.editor, self.place, self.reason):
            widget.setToolTip(tip)


class Group(QWidget):
    """A heading that opens and closes, over rows of fields."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setAutoRaise(True)
        self.heading.setArrowType(Qt.ArrowType.DownArrow)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setToolTip(f"Show or hide {title.lower()}")
        font = self.heading.font()
        font.setBold(True)
        self.heading.setFont(font)
        self.content = QWidget()
        self.rows = QFormLayout(self.content)
        self.rows.setContentsMargins(8, 0, 4, 6)
        self.rows.setHorizontalSpacing(8)
        self.rows.setVerticalSpacing(5)
        self.rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.heading)
        column.addWidget(self.content)
        self.heading.clicked.connect(self._turn)

    def _turn(self) -> None:
        opened = self.content.isHidden()
        self.content.setVisible(opened)
        self.heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)


class ExperimentPanel(QScrollArea):
    """All fields of an experiment in groups, with presets above.

    `edited` carries a valid Experiment at every change by the person, also while a slider is dragged; `rejected` says
    why a combination of values does not hold, in which case the experiment stays as it was. `train_wanted` asks to
    train what is on the form.
    """

    edited = Signal(object)
    rejected = Signal(str)
    train_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._experiment = Experiment()
        self._complaints = 0
        self.rows: dict[str, FieldRow] = {}
        self._architecture = ""
        self._devices: list[tuple[str, str]] | None = None
        self.groups: dict[str, Group] = {}
        self.preset = ElidingBox()
        WheelGuard(self).guard(self.preset)
        self.formula = self._note("What one layer computes from its input x")
        self.notes = self._note("What there is to see in this experiment")
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.lookout = Group("What there is to see")
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
        self._experiment = experiment
        self.mistake.hide()
        self._show()

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
        """Say above the fields what is wrong, until the next change."""
        self._complaints += 1
        self.mistake.setText(f"⚠ {why}")
        self.mistake.show()
        self.rejected.emit(why)

    def take_typed(self) -> bool:
        """Take over what is typed and not yet confirmed; return whether all of it is allowed."""
        before = self._complaints
        for row in self.rows.values():
            if row.place.currentWidget() is row.editor:
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

    def _show(self) -> None:
        if self._architecture != self._experiment.network.architecture:
            self._fill_groups()
        reasons = inapplicable(self._experiment)
        for name, row in self.rows.items():
            row.show(self._experiment, reasons.get(name, ""))
        self.formula.setText(self._experiment.network.formula)
        self.formula.setVisible(bool(self._experiment.network.formula))
        self.notes.setText(self._experiment.notes)
        self.lookout.setVisible(bool(self._experiment.notes))
        with QSignalBlocker(self.preset):
            index = self.preset.findText(self._experiment.title) if self._experiment.title else 0
            self.preset.setCurrentIndex(max(index, 0))

    def _offer_reset(self, name: str, place: Any) -> None:
        field = self.rows[name].field
        menu = QMenu(self)
        action = menu.addAction(f"Reset to {value_in_words(field, field.default)}")
        action.setEnabled(self._experiment.value(name) != field.default)
        action.triggered.connect(lambda: self._change(name, field.default))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.rows[name].label.mapToGlobal(place))

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
        top.addWidget(self.mistake)
        column.addLayout(top)
        column.addWidget(self.lookout)
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
        for row in self.rows.values():
            self.groups[row.field.group].rows.removeRow(row.label)
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
        for name, row in self.rows.items():
            self.groups[row.field.group].rows.addRow(row.label, row.place)
            row.editor.changed.connect(partial(self._change, name))
            row.editor.refused.connect(self.complain)
            if isinstance(row.editor, PathEditor):
                row.editor.looked.connect(lambda: self.look_at_data(self._experiment.data.data_file))
            row.label.customContextMenuRequested.connect(partial(self._offer_reset, name))
        network.addRow(self.formula)
        taken = {row.field.group for row in self.rows.values()}
        for title, group in self.groups.items():
            group.setVisible(title in taken)
        self._order_for_tab()
        if self._devices is not None:
            self.set_devices(self._devices)

    def _order_for_tab(self) -> None:
        """Let Tab go from each heading through the fields below it, although the fields were made later."""
        content = self.widget()
        assert content is not None
        column = content.layout()
        assert isinstance(column, QVBoxLayout)
        # what gets a parent comes to the end of the order, with all that is in it
        for group in self.groups.values():
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


def describe(field: RecipeField) -> str:
    """Say what a field means, what it may be, and what it is at first."""
    return (
        f"{field.description}.\nAllowed: {field.allowed}. Default: {value_in_words(field, field.default)}.\n"
        "A bold label: not the default. Right-click it to reset."
    )


def _loss_for(experiment: Experiment, *, regression: bool) -> str:
    """Return the loss for a number or a class: the present one, where it is for that."""
    if regression:
        return "mse"
    return experiment.training.loss if not experiment.regression else "cross_entropy"
