"""Where floating-point numbers end, as lines across a plot of exponents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from gradviz.plots.limits import Span
from gradviz.plots.style import Style


def floors(double: bool) -> dict[str, float]:
    """Return the log10 of the smallest normal and of the smallest subnormal number, by what to call them."""
    info = np.finfo(np.float64 if double else np.float32)
    # a subnormal float64 has a logarithm, a subnormal number below it does not: both are exact enough as float64
    return {
        f"smallest normal {info.dtype}, {float(info.smallest_normal):.3g}": float(
            np.log10(float(info.smallest_normal))
        ),
        f"smallest {info.dtype} above zero, {float(info.smallest_subnormal):.2g}": float(
            np.log10(float(info.smallest_subnormal))
        ),
    }


class FloatFloors:
    """Labelled lines at the smallest numbers of a floating-point type, shown where they lie in range."""

    def __init__(self, plot: Any) -> None:
        self._lines = [
            pg.InfiniteLine(angle=0, movable=False, label="", labelOpts={"position": 0.98, "anchors": [(1, 1), (1, 1)]})
            for _ in range(2)
        ]
        for line in self._lines:
            line.setVisible(False)
            plot.addItem(line, ignoreBounds=True)

    @property
    def shown(self) -> list[float]:
        """Exponents of the lines in sight."""
        return [line.value() for line in self._lines if line.isVisible()]

    def show(self, limits: Span | None, *, double: bool) -> None:
        """Show the lines between `limits`, exponents of ten; None shows none."""
        for line, (words, exponent) in zip(self._lines, floors(double).items(), strict=True):
            line.setVisible(limits is not None and limits[0] <= exponent <= limits[1])
            line.setValue(exponent)
            line.label.setFormat(words)

    def apply_style(self, style: Style) -> None:
        """Recolour lines and words."""
        for line in self._lines:
            line.setPen(style.muted, width=1, style=Qt.PenStyle.DotLine)
            line.label.setColor(style.muted)
