"""One editor per kind of field: words, yes or no, devices, files; and which editor a field gets, by its description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHelpEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QToolTip,
    QWidget,
)

from gradviz.app.form.field_editor import FieldEditor
from gradviz.app.form.number_editors import NumberEditor, SeedEditor, SliderEditor
from gradviz.experiment import RecipeField, in_words
from gradviz.experiment.data_names import DATA_KINDS


class ElidingBox(QComboBox):
    """Words to choose from that may be too long for their place: shortened there, in full in the list and on hover."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def is_whole(self) -> bool:
        """Whether there is room for the present words."""
        return self._shortened() == self.currentText()

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        """Let Qt paint what there is room for."""
        super().initStyleOption(option)
        option.currentText = self._shortened()

    def event(self, event: QEvent) -> bool:
        """Put the whole words in front of the help where they are shortened."""
        if event.type() is QEvent.Type.ToolTip and not self.is_whole():
            assert isinstance(event, QHelpEvent)
            QToolTip.showText(event.globalPos(), f"{self.currentText()}\n{_help_of(self)}".strip(), self)
            return True
        return super().event(event)

    def _shortened(self) -> str:
        option = QStyleOptionComboBox()
        super().initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        # the style leaves a pixel free on either side
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room - 2)


def _help_of(widget: QWidget) -> str:
    """Return the tooltip that a widget shows: its own or that of what it is part of."""
    part: QWidget | None = widget
    while part is not None and not part.toolTip():
        part = part.parentWidget()
    return part.toolTip() if part is not None else ""


class ChoiceEditor(FieldEditor):
    """One of a few words."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.box = QComboBox()
        # it gives way where the form is narrow
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(8)
        for word in field.choices:
            self.box.addItem(in_words(word), word)
        self.add(self.box, 1)
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit(self.box.currentData()))

    def show_value(self, value: Any) -> None:
        """Show a word."""
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(value))


class DeviceEditor(FieldEditor):
    """A device of this machine; `auto` and `cpu` until the worker has looked for others."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.box = ElidingBox()
        self.add(self.box, 1)
        self._known: dict[str, str] = {}
        self.offer([("auto", "automatic"), ("cpu", "CPU")])
        self._searched = False
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit(self.box.currentData()))

    def offer(self, devices: list[tuple[str, str]]) -> None:
        """Offer (value, label) pairs; what is chosen stays chosen."""
        chosen = self.box.currentData()
        self._known, self._searched = dict(devices), True
        with QSignalBlocker(self.box):
            self.box.clear()
            for value, label in devices:
                self.box.addItem(label, value)
        self.show_value(chosen if chosen is not None else "auto")

    def show_value(self, value: Any) -> None:
        """Show a device, also one that this machine does not have."""
        with QSignalBlocker(self.box):
            if self.box.findData(value) < 0:
                self.box.addItem(self._label_of(value), value)
            self.box.setCurrentIndex(self.box.findData(value))

    def _label_of(self, value: str) -> str:
        if value == "cuda" and "cuda:0" in self._known:
            return f"cuda: {self._known['cuda:0']}"
        return f"{value} (not found here)" if self._searched else value


class ToggleEditor(FieldEditor):
    """Yes or no."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.box = QCheckBox()
        self.add(self.box)
        self.row.addStretch(1)
        self.box.toggled.connect(lambda on: self.changed.emit(on))

    def show_value(self, value: Any) -> None:
        """Show yes or no."""
        with QSignalBlocker(self.box):
            self.box.setChecked(value)


class TextEditor(FieldEditor):
    """Free text in one line."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.line = QLineEdit()
        self.line.setMaxLength(field.longest)
        self.line.setPlaceholderText(field.spec.empty_means)
        self.add(self.line, 1)
        self.line.editingFinished.connect(self.take_typed)

    def take_typed(self) -> None:
        """Read what the line says now."""
        self.changed.emit(self.line.text().strip())

    def show_value(self, value: Any) -> None:
        """Show a text."""
        with QSignalBlocker(self.line):
            self.line.setText(value)


class PathEditor(TextEditor):
    """A file of the person's own, typed, picked or dropped. `looked` asks to show how it is understood."""

    looked = Signal()

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.line.setPlaceholderText("table, NPZ or pictures")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Pick a file")
        self.add(browse)
        look = QToolButton()
        look.setText("Look")
        look.setToolTip("Show how the file is understood: columns, label, classes, missing values")
        look.setAccessibleName("show how the data file is understood")
        self.add(look)
        look.clicked.connect(self.looked)
        browse.setAccessibleName("pick a data file")
        self.setAcceptDrops(True)
        self.line.setAcceptDrops(False)
        browse.clicked.connect(self._browse)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take a local file."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Name the dropped file."""
        self._choose(event.mimeData().urls()[0].toLocalFile())

    def _browse(self) -> None:
        if name := ask_for_data_file(self, self.line.text()):
            self._choose(name)

    def _choose(self, name: str) -> None:
        self.line.setText(name)
        self.changed.emit(name)


def ask_for_data_file(parent: QWidget, present: str) -> str:
    """Let the person pick a data file, beginning where the present one lies; empty if they think better of it."""
    start = str(Path(present).parent) if present else str(Path.home())
    name, _ = QFileDialog.getOpenFileName(parent, "Data file", start, DATA_KINDS)
    return name


SPECIAL_EDITORS = {"device": DeviceEditor, "seed": SeedEditor, "data_file": PathEditor}


def editor_for(field: RecipeField) -> FieldEditor:
    """Return an editor for a field."""
    if field.name in SPECIAL_EDITORS:
        return SPECIAL_EDITORS[field.name](field)
    if field.choices:
        return ChoiceEditor(field)
    if field.kind is bool:
        return ToggleEditor(field)
    if field.kind is int and field.spec.logarithmic:
        return SliderEditor(field)
    if field.kind is str:
        return TextEditor(field)
    return NumberEditor(field)
