"""Marks at the lower edge of a plot, at the steps that the optimiser skipped because gradients had overflowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QPainterPath

from gradviz.plots.parts.drawn import DrawnSeries, marks_of
from gradviz.plots.parts.style import Style

MARK = "▲"
WORDS = "step skipped by the optimiser (gradients had overflowed)"
NONE: NDArray[np.int64] = np.empty(0, np.int64)
SIZE_PX = 8
ABOVE_PICTURE = 50


class SkippedMarks:
    """Triangles that stand on the lower edge of `view`, whichever part of it is seen."""

    def __init__(self, plot: Any, view: Any) -> None:
        self._view = view
        self.steps = NONE
        # the symbol is drawn around its place; this one stands on it
        triangle = QPainterPath()
        for x, y in ((-0.5, 0.0), (0.5, 0.0), (0.0, -1.0)):
            triangle.lineTo(x, y) if triangle.elementCount() else triangle.moveTo(x, y)
        triangle.closeSubpath()
        self._marks = pg.ScatterPlotItem(symbol=triangle, size=SIZE_PX, pxMode=True)
        self._marks.setZValue(ABOVE_PICTURE)
        plot.addItem(self._marks, ignoreBounds=True)
        view.sigRangeChanged.connect(self._stand)

    def show(self, steps: NDArray[np.int64]) -> None:
        """Mark `steps`; what is shown already costs nothing."""
        if not np.array_equal(steps, self.steps):
            self.steps = steps
            self._stand()

    def series(self) -> list[DrawnSeries]:
        """Return the marks as they are drawn."""
        return marks_of("skipped", self._marks)

    def apply_style(self, style: Style) -> None:
        """Recolour: filled like what overflows, with an edge that stands out from every colour."""
        self._marks.setBrush(style.nan_colour)
        self._marks.setPen(style.background)

    def _stand(self) -> None:
        low, high = self._view.viewRange()[1]
        edge = high if self._view.yInverted() else low
        self._marks.setData(self.steps, np.full(len(self.steps), edge))
