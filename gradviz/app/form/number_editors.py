"""Editors of numbers: a box that reads what a person writes, a slider of logarithmic feel, a seed to draw."""

from __future__ import annotations

import math
import secrets
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QPainter, QPaintEvent, QPalette, QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QSlider, QToolButton, QWidget

from gradviz.app.form.field_editor import FieldEditor
from gradviz.experiment import RecipeField

SLIDER_TICKS = 1000
LARGEST_SEED = 2**32
# a field that must be above 0 has no smallest value; nobody types a smaller one
SMALLEST_POSITIVE = 1e-12
LEADING_DIGITS = (1.0, 2.0, 5.0)

_Step = QSlider.SliderAction


class NumberBox(QDoubleSpinBox):
    """A number typed as one writes it (`1e-3`, `0.25`, `100`), whole where the field is; steps by factors if asked.

    `refused` says why a number that was typed and confirmed is not taken.
    """

    refused = Signal(str)

    def __init__(self, field: RecipeField) -> None:
        super().__init__()
        low, high = field.limits
        assert low is not None
        assert high is not None
        self._field = field
        self._whole = field.kind is int
        self._logarithmic = field.spec.logarithmic
        open_low = not self._whole and low == 0 and field.open_below
        self.setDecimals(0 if self._whole else 12)
        self.setRange(SMALLEST_POSITIVE if open_low else low, high)
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.fit_unit()
        self.valueChanged.connect(self.fit_unit)
        if field.spec.zero_means:
            self.setSpecialValueText(field.spec.zero_means)
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
        if bare == self.textFromValue(self.value()):
            return self.value()  # which may have more digits than are shown
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

    def fixup(self, text: str) -> str:
        """Put the last value back in the place of a number that is not allowed, and say so."""
        bare = text.removesuffix(self.suffix()).strip()
        typed = bare or "nothing"
        self.refused.emit(f"{self._field.label}: {typed} is not allowed; allowed: {self._field.allowed}")
        return self.textFromValue(self.value()) + self.suffix()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select a word that stands for a number: one cannot type into it, only over it."""
        super().focusInEvent(event)
        if self.specialValueText() and self.value() == self.minimum():
            # after the click has placed its cursor
            QTimer.singleShot(0, self, self.selectAll)

    def stepBy(self, steps: int) -> None:
        """Step by one, by the field's step, or along 1, 2, 5, 10 for a logarithmic field."""
        if not self._logarithmic or self._whole:
            super().stepBy(steps)
            return
        rungs = round(len(LEADING_DIGITS) * math.log10(max(self.value(), self.minimum())))
        rungs += steps
        decade, rung = divmod(rungs, len(LEADING_DIGITS))
        self.setValue(float(f"{LEADING_DIGITS[rung]}e{decade}"))

    def fit_unit(self) -> None:
        """Write `1 layer` and `2 layers`; every unit of a field is a plural in s."""
        if unit := self._field.unit:
            self.setSuffix(f" {unit.removesuffix('s') if self.value() == 1 else unit}")


class NumberEditor(FieldEditor):
    """A number box; with a slider of logarithmic feel before it where a whole number has one."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        self.box = NumberBox(field)
        self.add(self.box, 1)
        self.box.valueChanged.connect(lambda _value: self.changed.emit(self.box.number()))
        self.box.refused.connect(self.refused)

    def show_value(self, value: Any) -> None:
        """Show a number."""
        with QSignalBlocker(self.box):
            self.box.setValue(value)
        self.box.fit_unit()

    def take_typed(self) -> None:
        """Read what the box says now."""
        self.box.interpretText()


class SliderEditor(NumberEditor):
    """A whole number with a slider under it on which every decade is as long as the next."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
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
        self.slider.actionTriggered.connect(self._stepped)
        self.box.valueChanged.connect(self._show_on_slider)

    def show_value(self, value: Any) -> None:
        """Show a number in the box and on the slider."""
        super().show_value(value)
        self._show_on_slider(value)

    def value_at(self, tick: int) -> int:
        """Return the number that the slider stands for at `tick`."""
        return round(self._low * math.pow(self._high / self._low, tick / SLIDER_TICKS))

    def tick_of(self, value: float) -> int:
        """Return where on the slider a number lies."""
        return round(SLIDER_TICKS * math.log(value / self._low) / math.log(self._high / self._low))

    def _slid(self, tick: int) -> None:
        # many numbers share a tick among the large ones; the one that is shown stays
        if tick != self.tick_of(self.box.value()):
            self.box.setValue(self.value_at(tick))

    def _stepped(self, action: int) -> None:
        """Let an arrow key move by one, also among the small numbers, which lie many ticks apart."""
        step = {_Step.SliderSingleStepAdd: 1, _Step.SliderSingleStepSub: -1}.get(_Step(action))
        if step is not None:
            self.box.setValue(self.box.value() + step)
            self.slider.setSliderPosition(self.tick_of(self.box.value()))

    def _show_on_slider(self, value: float) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setValue(self.tick_of(value))


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


class SeedEditor(NumberEditor):
    """A number, and a button that draws another."""

    def __init__(self, field: RecipeField) -> None:
        super().__init__(field)
        draw = QToolButton()
        draw.setText("⚄")
        draw.setToolTip("Draw another seed: other weights, batches and generated points")
        self.add(draw)
        draw.setAccessibleName("draw another seed")
        draw.clicked.connect(lambda: self.box.setValue(secrets.randbelow(LARGEST_SEED)))
