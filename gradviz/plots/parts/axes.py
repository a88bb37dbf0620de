"""Axes whose ticks mean something here: whole steps and layers, and powers of ten of any size."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg

from gradviz.plots.parts.style import Style

Ticks = list[tuple[float, list[float]]]

PIXELS_PER_TICK = {"vertical": 26.0, "horizontal": 64.0}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MANTISSAS = (1, 2, 5)


class WholeNumberAxis(pg.AxisItem):  # type: ignore[misc]
    """Ticks on whole numbers from `first` on: steps count from 0, layers from 1."""

    def __init__(self, orientation: str, first: int = 0) -> None:
        super().__init__(orientation)
        self._first = first
        self.enableAutoSIPrefix(False)

    def tickValues(self, low: float, high: float, size: float) -> Ticks:
        """Return the ticks of one level. The ends come reversed from an inverted view."""
        low, high = sorted((low, high))
        spacing = whole_spacing(low, high, _room(self, size))
        return [(float(spacing), [float(tick) for tick in whole_ticks(low, high, spacing, self._first)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers as they are, with no thousands in powers."""
        return [f"{value:.0f}" for value in values]


class DecadeAxis(pg.AxisItem):  # type: ignore[misc]
    """An axis over exponents of ten: it is at home where the numbers themselves would underflow."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._logarithmic = True
        self.enableAutoSIPrefix(False)

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Read the axis as exponents, or as the numbers that they are."""
        if logarithmic != self._logarithmic:
            self._logarithmic = logarithmic
            self.picture = None
            self.update()

    def tickValues(self, low: float, high: float, size: float) -> Ticks:
        """Return whole decades; 1, 2 and 5 in each where fewer than two are seen."""
        low, high = sorted((low, high))
        if not self._logarithmic:
            ticks: Ticks = super().tickValues(low, high, size)
            return ticks[:1]
        if high - low >= 2:
            spacing = whole_spacing(low, high, _room(self, size))
            return [(float(spacing), [float(tick) for tick in whole_ticks(low, high, spacing, None)])]
        parts = [
            exponent + math.log10(mantissa)
            for exponent in range(math.floor(low), math.ceil(high) + 1)
            for mantissa in _MANTISSAS
        ]
        return [(1.0, [part for part in parts if low <= part <= high])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return powers of ten with a raised exponent."""
        if self._logarithmic:
            return [power_of_ten(value) for value in values]
        strings: list[str] = super().tickStrings(values, scale, spacing)
        return strings


def whole_spacing(low: float, high: float, most: float) -> int:
    """Return the smallest of 1, 2, 5, 10, 20 ... that puts at most `most` ticks between `low` and `high`."""
    spacing, factors = 1, (2, 2.5, 2)
    turn = 0
    while (high - low) / spacing > max(most, 1):
        spacing = round(spacing * factors[turn % 3])
        turn += 1
    return spacing


def whole_ticks(low: float, high: float, spacing: int, first: int | None) -> list[int]:
    """Return the multiples of `spacing` from `low` to `high`, none below `first`, and `first` itself in place of 0."""
    offset = 1 if first == 1 and spacing == 2 else 0
    start = math.ceil((low - offset) / spacing) * spacing + offset
    ticks = list(range(start, math.floor(high) + 1, spacing))
    if first is None:
        return ticks
    kept = [tick for tick in ticks if tick >= first]
    return kept if first in kept or not low <= first <= high else [first, *kept]


def power_of_ten(exponent: float) -> str:
    """Return 10 to the `exponent` as one writes it by hand: 10⁻¹², 2·10⁻³."""
    whole = math.floor(exponent + 1e-9)
    mantissa = round(10 ** (exponent - whole))
    power = f"10{str(whole).translate(_SUPERSCRIPTS)}"
    return power if mantissa == 1 else f"{mantissa}·{power}"


def relabel(axis: Any, text: str) -> None:
    """Give an axis another label, in the middle of it; pyqtgraph would leave the new text where the old one began."""
    axis.setLabel(text)
    axis.resizeEvent(None)


def style_axis(axis: Any, style: Style) -> None:
    """Put an axis into the colours of `style`, with ticks pointing away from the plot."""
    axis.setStyle(tickLength=4, hideOverlappingLabels=False)
    axis.setPen(style.muted)
    axis.setTextPen(style.foreground)
    axis.setTickPen(style.muted)


def _room(axis: Any, size: float) -> float:
    return size / PIXELS_PER_TICK["vertical" if axis.orientation in ("left", "right") else "horizontal"]
