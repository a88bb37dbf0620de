"""Axes of the vector pictures: where values lie, and what is written beside."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.limits import Span, limits_around, nice_above
from gradviz.recording.frame import Quantity
from gradviz.report.markup import Markup, tag

MOST_TICKS = 6
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# between these ends a logarithmic axis says numbers, beyond powers of ten
_PLAIN_DECADES = range(-3, 4)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: its label, and its ends as values lie on it. On a `logarithmic` one lie logarithms."""

    label: str
    low: float
    high: float
    logarithmic: bool = False
    whole: bool = False

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and words of a few ticks, ascending."""
        step = self._step()
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(number * step, self._words(number * step, step)) for number in range(first, last + 1)]

    def place(self, values: NDArray[np.float64], begin: float, end: float) -> NDArray[np.float64]:
        """Return where `values` lie between the pixels `begin` and `end`."""
        return begin + (values - self.low) / (self.high - self.low) * (end - begin)

    def _step(self) -> float:
        step = nice_above((self.high - self.low) / MOST_TICKS)
        if self.logarithmic or self.whole:
            step = max(round(step), 1)
        return step or 1.0

    def _words(self, place: float, step: float) -> str:
        if self.logarithmic:
            power = round(place)
            return f"{10.0**power:,g}" if power in _PLAIN_DECADES else f"10{str(power).translate(_SUPERSCRIPTS)}"
        if self.whole:
            return f"{round(place):,}"
        digits = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if f"{step:e}"[:3] == "2.5" else 0))
        if abs(place) >= 1e5 or digits > 4:
            return f"{place:.3g}"
        return f"{place:.{digits}f}"


def axis_of(quantity: Quantity, span: Span | None) -> Axis:
    """Return the axis for values of a quantity within `span`."""
    return Axis(quantity.unit, *limits_around(span, quantity), logarithmic=quantity.scale == "log10")


def grid(x: Axis, y: Axis, left: float, top: float, right: float, bottom: float) -> Markup:
    """Return grid lines, numbers and labels of a plot between these pixels."""
    parts = []
    for value, words in y.ticks():
        at = round(float(y.place(np.array([value]), bottom, top)[0]), 1)
        parts.append(tag("line", x1=left, x2=right, y1=at, y2=at, class_="grid"))
        parts.append(tag("text", words, x=left - 6, y=at + 3.5, text_anchor="end"))
    parts += x_ticks(x, left, right, bottom)
    parts.append(tag("text", y.label, x=left, y=top - 8, class_="axis"))
    return Markup("".join(parts))


def x_ticks(x: Axis, left: float, right: float, bottom: float) -> list[Markup]:
    """Return numbers and label below a plot."""
    parts = []
    for value, words in x.ticks():
        at = round(float(x.place(np.array([value]), left, right)[0]), 1)
        parts.append(tag("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="tick"))
        parts.append(tag("text", words, x=at, y=bottom + 15, text_anchor="middle"))
    parts.append(tag("text", x.label, x=right, y=bottom + 29, text_anchor="end", class_="axis"))
    return parts
