"""The editor of one threshold: a number that is typed or stepped."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from gradviz.diagnosis import ThresholdSpec

LEADING_DIGITS = (1.0, 2.0, 5.0)
_Step = QAbstractSpinBox.StepEnabledFlag


class ThresholdBox(QAbstractSpinBox):
    """A number between two ends; whole where its default is. Arrows step along 1, 2, 5, 10 where it is logarithmic.

    `chosen` carries a number that the person confirmed, `refused` says why a typed one is not allowed.
    """

    chosen = Signal(object)
    refused = Signal(str)

    def __init__(self, spec: ThresholdSpec, default: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec, self._whole, self._value = spec, isinstance(default, int), default
        self._step = 10.0 ** (math.floor(math.log10(default)) - 1)
        self.setAccelerated(True)
        self.setAccessibleName(f"{spec.label}, {spec.unit}")
        self.editingFinished.connect(self.take_typed)
        self.show_value(default)

    def value(self) -> float:
        """Return the number that holds."""
        return self._value

    def show_value(self, value: float) -> None:
        """Show a number without announcing it."""
        self._value = value
        self.lineEdit().setText(written(value))

    def take_typed(self) -> None:
        """Take the typed number, or restore the last one and say why."""
        text = self.lineEdit().text().strip()
        if text == written(self._value):
            return
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if self._allows(value):
            self._choose(value)
            return
        self.show_value(self._value)
        spec = self._spec
        ends = f"{'a whole number from ' * self._whole}{written(spec.low)} to {written(spec.high)}"
        self.refused.emit(f"{spec.label}: {text or 'nothing'} is not allowed; allowed: {ends}")

    def stepBy(self, steps: int) -> None:
        """Step along 1, 2, 5, 10, or by a tenth of the default's leading digit."""
        self.take_typed()
        if self._spec.logarithmic:
            rungs = round(len(LEADING_DIGITS) * math.log10(self._value)) + steps
            decade, rung = divmod(rungs, len(LEADING_DIGITS))
            value = float(f"{LEADING_DIGITS[rung]}e{decade}")
        else:
            value = float(f"{self._value + steps * self._step:.10g}")
        self._choose(min(max(value, self._spec.low), self._spec.high))
        self.selectAll()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Allow to step until an end is reached."""
        up = _Step.StepUpEnabled if self._value < self._spec.high else _Step.StepNone
        down = _Step.StepDownEnabled if self._value > self._spec.low else _Step.StepNone
        return up | down

    def _allows(self, value: float) -> bool:
        inside = self._spec.low <= value <= self._spec.high
        return inside and (not self._whole or value == int(value))

    def _choose(self, value: float) -> None:
        value = int(value) if self._whole else value
        if value != self._value:
            self.show_value(value)
            self.chosen.emit(value)
        else:
            self.show_value(value)


def written(value: float) -> str:
    """Write a number in the shortest way that keeps it: 0.001, 3, 1e-6."""
    text = f"{value:.10g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else text
