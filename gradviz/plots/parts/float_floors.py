"""Where floating-point numbers end, as lines across a plot of exponents."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.style import Style

LABEL_PT = 8.0
# closer than this share of the height, two labels would cover each other
LABEL_SHARE = 0.08
LOG10_2 = math.log10(2)


def floors(double: bool) -> dict[str, float]:
    """Return the log10 of the smallest normal and of the smallest subnormal number (IEEE 754), by what to call them."""
    if double:
        return {"smallest normal float64, 2.23e-308": -1022 * LOG10_2, "smallest float64, 4.9e-324": -1074 * LOG10_2}
    return {"smallest normal float32, 1.18e-38": -126 * LOG10_2, "smallest float32, 1.4e-45": -149 * LOG10_2}


class FloatFloors:
    """Labelled lines at the smallest numbers of a floating-point type, shown where they lie in range."""

    def __init__(self, plot: Any) -> None:
        self._lines = [
            pg.InfiniteLine(angle=0, movable=False, label="", labelOpts={"position": 0.98, "anchors": [(1, 1), (1, 1)]})
            for _ in range(2)
        ]
        font = QFont()
        font.setPointSizeF(LABEL_PT)
        for line in self._lines:
            line.label.setFont(font)
            line.setVisible(False)
            plot.addItem(line, ignoreBounds=True)

    @property
    def shown(self) -> list[float]:
        """Exponents of the lines in sight."""
        return [line.value() for line in self._lines if line.isVisible()]

    @property
    def words(self) -> list[str]:
        """What is written beside the lines in sight; empty for a line that shares the words of the other one."""
        return [str(line.label.format) for line in self._lines if line.isVisible()]

    def show(self, limits: Span | None, *, double: bool) -> None:
        """Show the lines between `limits`, exponents of ten; None shows none."""
        normal, subnormal = floors(double).values()
        crowded = limits is not None and normal - subnormal < LABEL_SHARE * (limits[1] - limits[0])
        ends = f"float{64 if double else 32} ends"
        for line, (words, exponent) in zip(self._lines, floors(double).items(), strict=True):
            line.setVisible(limits is not None and limits[0] <= exponent <= limits[1])
            line.setValue(exponent)
            line.label.setFormat(words if not crowded else ends if exponent == subnormal else "")
            # many decades below the lines leave room there, and little above
            line.label.anchors = [(1, 0), (1, 0)] if crowded else [(1, 1), (1, 1)]
            line.label.updatePosition()

    def apply_style(self, style: Style) -> None:
        """Recolour lines and words."""
        for line in self._lines:
            line.setPen(style.muted, width=1, style=Qt.PenStyle.DotLine)
            line.label.setColor(style.muted)
