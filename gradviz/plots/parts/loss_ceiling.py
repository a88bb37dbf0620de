"""Where an axis of losses from zero ends: at the largest, or below losses that are out of all proportion, marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from gradviz.plots.parts.drawn import DrawnSeries, marks_of
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.step_line import Points, Values
from gradviz.plots.parts.style import Style

# a loss so many times the ordinary one is on its way out of the numbers, and would flatten all others
OUT_OF_PROPORTION = 10.0
# of the ordinary loss, where the axis ends then
ROOM = 3.0
MARK_PX = 8
MOST_MARKS = 40
MARK = "▲"
ABOVE_LABELS = 200


def ceiling_of(losses: Values) -> float | None:
    """Return where the axis ends that shows `losses`, oldest first; None where there is no finite one.

    Ordinary is the first, or the median if that is larger.
    """
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        return None
    ordinary = max(float(finite[0]), float(np.median(finite)))
    top = float(finite.max())
    return top if top <= OUT_OF_PROPORTION * ordinary or ordinary <= 0.0 else ROOM * ordinary


class ClippedLosses:
    """Triangles at the upper edge, at the steps of losses that lie above it; `largest` is the largest of these."""

    def __init__(self, plot: Any) -> None:
        self._marks = pg.ScatterPlotItem(symbol="t1", size=MARK_PX, pxMode=True)
        self._marks.setZValue(ABOVE_LABELS)
        plot.addItem(self._marks, ignoreBounds=True)
        self.largest: float | None = None

    def show(self, lines: Sequence[Points], top: float) -> None:
        """Mark what of `lines` (steps and losses) lies above `top`."""
        above = [(steps[losses > top], losses[losses > top]) for steps, losses in lines]
        steps: NDArray[Any] = np.concatenate([each[0] for each in above]) if above else np.empty(0)
        losses: NDArray[Any] = np.concatenate([each[1] for each in above]) if above else np.empty(0)
        few = steps[:: -(-len(steps) // MOST_MARKS) or 1]
        self._marks.setData(few, np.full(len(few), top))
        self.largest = float(losses.max()) if len(losses) else None

    def legend(self, style: Style) -> list[KeyEntry]:
        """Explain the marks, if there are any."""
        if self.largest is None:
            return []
        words = f"losses above the axis, up to {self.largest:.2g}: a logarithmic one shows them"
        return [(MARK, style.nan_colour, words)]

    def series(self) -> list[DrawnSeries]:
        """Return the marks as they are drawn."""
        return marks_of("clipped losses", self._marks)

    def apply_style(self, style: Style) -> None:
        """Recolour."""
        self._marks.setBrush(style.nan_colour)
        self._marks.setPen(style.background)
