"""One editor per kind of field: words, numbers, yes or no, free text. Made from the field's own description."""

from __future__ import annotations

import math
import secrets
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPainter, QPaintEvent, QPalette, QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QToolButton,
    QWidget,
)

from gradviz.experiment import Experiment, choices, limits, trait

SLIDER_TICKS = 1000
LARGEST_SEED = 2**32
# a field that must be above 0 has no smallest value; nobody types a smaller one
SMALLEST_POSITIVE = 1e-12
LEADING_DIGITS = (1.0, 2.0, 5.0)


class _WheelGuard(QObject):
    """Lets the wheel scroll the form instead of changing a value that the person only passes over."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class FieldEditor(QWidget):
    """Shows and changes the value of one field; `changed` carries a value that the person chose."""

    changed = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._guard = _WheelGuard(self)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(4)

    def show_value(self, value: Any) -> None:
        """Show `value` without announcing it."""
        raise NotImplementedError

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Place a control; it takes the wheel only while it has the focus."""
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self._guard)
        widget.setAccessibleName(trait(self.name).label)
        self.row.addWidget(widget, stretch)
        if self.focusProxy() is None:
            self.setFocusProxy(widget)


class NumberBox(QDoubleSpinBox):
    """A number typed as one writes it (`1e-3`, `0.25`, `100`), whole where the field is; steps by factors if asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        field, described = Experiment.model_fields[name], trait(name)
        low, high = limits(name)
        assert low is not None
        assert high is not None
        self._whole = field.annotation is int
        self._logarithmic = described.logarithmic
        self._open_low = (
            not self._whole and low == 0 and not any(getattr(item, "ge", None) is not None for item in field.metadata)
        )
        self.setDecimals(0 if self._whole else 12)
        self.setRange(SMALLEST_POSITIVE if self._open_low else low, high)
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        if described.unit:
            self.setSuffix(f" {described.unit}")
        if described.zero_means:
            self.setSpecialValueText(described.zero_means)
        # a round share of the range, as 0.1 of 0 to 1
        self.setSingleStep(1 if self._whole else 10.0 ** round(math.log10((high - low) / 20)))

    def number(self) -> int | float:
        """Return the value in the field's own type."""
        return int(self.value()) if self._whole else self.value()

    def textFromValue(self, value: float) -> str:
        """Write the number in the shortest way that keeps it."""
        return f"{value:.0f}" if self._whole else f"{value:.10g}"

    def valueFromText(self, text: str) -> float:
        """Read a number as Python does, so that 1e-3 is one."""
        bare = text.removesuffix(self.suffix()).strip()
        try:
            return float(bare)
        except ValueError:
            return self.minimum() if bare == self.specialValueText() else self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what is a number in range, and what may become one."""
        bare = text.removesuffix(self.suffix()).strip()
        if bare == self.specialValueText() and bare:
            return QValidator.State.Acceptable, text, position
        try:
            value = float(bare)
        except ValueError:
            typed = set(bare.lower()) <= set("0123456789.+-e")
            return (QValidator.State.Intermediate if typed else QValidator.State.Invalid), text, position
        fits = self.minimum() <= value <= self.maximum() and (not self._whole or value == int(value))
        return (QValidator.State.Acceptable if fits else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        """Step by one, by the field's step, or along 1, 2, 5, 10 for a logarithmic field."""
        if not self._logarithmic or self._whole:
            super().stepBy(steps)
            return
        rungs = round(len(LEADING_DIGITS) * math.log10(max(self.value(), self.minimum())))
        rungs += steps
        decade, rung = divmod(rungs, len(LEADING_DIGITS))
        self.setValue(float(f"{LEADING_DIGITS[rung]}e{decade}"))


class NumberEditor(FieldEditor):
    """A number box; with a slider of logarithmic feel before it where a whole number has one."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.box = NumberBox(name)
        self.add(self.box, 1)
        self.box.valueChanged.connect(lambda _value: self.changed.emit(self.box.number()))

    def show_value(self, value: Any) -> None:
        """Show a number."""
        with QSignalBlocker(self.box):
            self.box.setValue(value)


class SliderEditor(NumberEditor):
    """A whole number with a slider under it on which every decade is as long as the next."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._low, self._high = self.box.minimum(), self.box.maximum()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, SLIDER_TICKS)
        self.slider.setPageStep(SLIDER_TICKS // 20)
        self.row.removeWidget(self.box)
        column = QGridLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.row.addLayout(column, 1)
        self.add(self.slider)
        self.row.removeWidget(self.slider)
        column.addWidget(self.box, 0, 0)
        column.addWidget(self.slider, 1, 0)
        column.addWidget(_Decades(self.slider, self._low, self._high), 2, 0)
        self.slider.valueChanged.connect(self._slid)
        self.box.valueChanged.connect(self._show_on_slider)

    def show_value(self, value: Any) -> None:
        """Show a number in the box and on the slider."""
        super().show_value(value)
        self._show_on_slider(value)

    def value_at(self, tick: int) -> int:
        """Return the number that the slider stands for at `tick`."""
        return round(self._low * math.pow(self._high / self._low, tick / SLIDER_TICKS))

    def _slid(self, tick: int) -> None:
        self.box.setValue(self.value_at(tick))

    def _show_on_slider(self, value: float) -> None:
        if self.value_at(self.slider.value()) != value:
            with QSignalBlocker(self.slider):
                self.slider.setValue(
                    round(SLIDER_TICKS * math.log(value / self._low) / math.log(self._high / self._low))
                )


class _Decades(QWidget):
    """The numbers under a logarithmic slider."""

    def __init__(self, slider: QSlider, low: float, high: float) -> None:
        super().__init__()
        self._slider, self._low, self._high = slider, low, high
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        self.setFont(font)
        self.setFixedHeight(self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        decades = range(math.ceil(math.log10(self._low)), math.floor(math.log10(self._high)) + 1)
        handle = self._slider.height() / 2
        for decade in decades:
            share = (decade - math.log10(self._low)) / math.log10(self._high / self._low)
            text = f"{10**decade:,}"
            width = self.fontMetrics().horizontalAdvance(text)
            centre = handle + share * (self.width() - 2 * handle)
            left = min(max(centre - width / 2, 0), self.width() - width)
            painter.drawText(round(left), self.fontMetrics().ascent(), text)


class ChoiceEditor(FieldEditor):
    """One of a few words."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.box = QComboBox()
        for word in choices(name):
            self.box.addItem(in_words(word), word)
        self.add(self.box, 1)
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit(self.box.currentData()))

    def show_value(self, value: Any) -> None:
        """Show a word."""
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(self.box.findData(value))


class DeviceEditor(FieldEditor):
    """A device of this machine; `auto` and `cpu` until the worker has looked for others."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.add(self.box, 1)
        self.offer([("auto", "automatic"), ("cpu", "CPU")])
        self.box.currentIndexChanged.connect(lambda _index: self.changed.emit(self.box.currentData()))

    def offer(self, devices: list[tuple[str, str]]) -> None:
        """Offer (value, label) pairs; what is chosen stays chosen."""
        chosen = self.box.currentData()
        with QSignalBlocker(self.box):
            self.box.clear()
            for value, label in devices:
                self.box.addItem(label, value)
        self.show_value(chosen if chosen is not None else "auto")

    def show_value(self, value: Any) -> None:
        """Show a device, also one that this machine does not have."""
        with QSignalBlocker(self.box):
            if self.box.findData(value) < 0:
                self.box.addItem(f"{value} (not found here)", value)
            self.box.setCurrentIndex(self.box.findData(value))


class ToggleEditor(FieldEditor):
    """Yes or no."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.box = QCheckBox()
        self.add(self.box)
        self.row.addStretch(1)
        self.box.toggled.connect(lambda on: self.changed.emit(on))

    def show_value(self, value: Any) -> None:
        """Show yes or no."""
        with QSignalBlocker(self.box):
            self.box.setChecked(value)


class SeedEditor(NumberEditor):
    """A number, and a button that draws another."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        draw = QToolButton()
        draw.setText("⚄")
        draw.setToolTip("Draw another seed: other weights, batches and generated points")
        self.add(draw)
        draw.setAccessibleName("draw another seed")
        draw.clicked.connect(lambda: self.box.setValue(secrets.randbelow(LARGEST_SEED)))


class PathEditor(FieldEditor):
    """A file of the person's own, typed, picked or dropped."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.line = QLineEdit()
        self.line.setPlaceholderText("CSV or NPZ file")
        browse = QToolButton()
        browse.setText("…")
        browse.setToolTip("Pick a file")
        self.add(self.line, 1)
        self.add(browse)
        self.setAcceptDrops(True)
        self.line.setAcceptDrops(False)
        self.line.editingFinished.connect(lambda: self.changed.emit(self.line.text().strip()))
        browse.clicked.connect(self._browse)

    def show_value(self, value: Any) -> None:
        """Show a path."""
        with QSignalBlocker(self.line):
            self.line.setText(value)

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
    name, _ = QFileDialog.getOpenFileName(parent, "Data file", start, "Data (*.csv *.npz)")
    return name


SPECIAL_EDITORS = {"device": DeviceEditor, "seed": SeedEditor, "data_file": PathEditor}


def editor_for(name: str) -> FieldEditor:
    """Return an editor for the field `name`."""
    if name in SPECIAL_EDITORS:
        return SPECIAL_EDITORS[name](name)
    if choices(name):
        return ChoiceEditor(name)
    annotation = Experiment.model_fields[name].annotation
    if annotation is bool:
        return ToggleEditor(name)
    if annotation is int and trait(name).logarithmic:
        return SliderEditor(name)
    return NumberEditor(name)


def in_words(word: str) -> str:
    """Write a word of the recipe as a person would: `leaky_relu` is leaky ReLU."""
    names = {
        "relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "selu": "SELU", "silu": "SiLU", "gelu": "GELU",
        "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop",
        "pre_activation": "pre-activation", "pytorch_default": "PyTorch default", "xor": "XOR", "rms": "RMS",
        "gaussian": "Gaussian", "lecun_normal": "LeCun normal", "he_normal": "He normal", "he_uniform": "He uniform",
        "glorot_normal": "Glorot normal", "glorot_uniform": "Glorot uniform", "rezero": "ReZero",
        "digits": "handwritten digits", "file": "a file of mine",
    }  # fmt: skip
    return names.get(word, word.replace("_", " "))
