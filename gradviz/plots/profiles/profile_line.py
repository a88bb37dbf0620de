"""One row of layers as a line, with marks for the layers that a line cannot show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from gradviz.plots.parts.drawn import DrawnSeries, line_of, marks_of
from gradviz.plots.profiles.profile_rows import Measured
from gradviz.plots.shown_run import SeriesStyle, places_of_layers

MOST_MARKS = 12
EDGE_MARK_PX = 8


class ProfileLine:
    """Finite values as a line; exact zeros of a logarithmic quantity as triangles at the floor of the plot, and what is
    not finite as crosses at the ceiling, so that no layer is missing. The line skips layers that were not measured, as
    a module without weights has no norm of them.

    With a `series` it also carries that one's mark on some of its layers.
    """  # fmt: skip

    def __init__(self, plot: Any, name: str, series: SeriesStyle | None = None) -> None:
        self.name = name
        self.measured = Measured()
        self.zero_layers: NDArray[np.int64] = np.empty(0, np.int64)
        self.lost_layers: NDArray[np.int64] = np.empty(0, np.int64)
        self._plot, self._series = plot, series
        self._curve = plot.plot(connect="finite")
        self._pen = QPen()
        self._dots = pg.ScatterPlotItem(symbol="o", size=5, pxMode=True)
        self._zeros = pg.ScatterPlotItem(symbol="t", size=EDGE_MARK_PX, pxMode=True)
        self._lost = pg.ScatterPlotItem(symbol="x", size=EDGE_MARK_PX, pxMode=True)
        symbol, size = (series.symbol, series.mark_px) if series is not None else ("o", 1.0)
        self._marks = pg.ScatterPlotItem(symbol=symbol, size=size, pxMode=True)
        for item in (self._marks, self._dots, self._zeros, self._lost):
            plot.addItem(item)

    @property
    def visible(self) -> bool:
        """Whether there is a row to draw."""
        return len(self.measured.row) > 0

    @property
    def step(self) -> int:
        """When its row was measured."""
        return self.measured.step

    def show(self, measured: Measured, *, logarithmic: bool) -> None:
        """Take over a row; an empty one shows nothing."""
        self.measured = measured
        row, known = measured.row, measured.known
        zero = known & np.isneginf(row) if logarithmic else np.zeros(len(row), np.bool_)
        self.zero_layers = np.flatnonzero(zero) + 1
        self.lost_layers = np.flatnonzero(known & ~np.isfinite(row) & ~zero) + 1

    def at(self, layer: int) -> float | None:
        """Return the value of `layer`, counted from 1; None if it was not measured."""
        return float(self.measured.row[layer - 1]) if self.measured.known[layer - 1] else None

    def draw(self, floor: float, ceiling: float, *, relative: bool = False) -> None:
        """Draw over the numbers of the layers or their `relative` depth, with marks at `floor` and `ceiling`."""
        row, known = self.measured.row, self.measured.known
        places = places_of_layers(max(len(row), 1), relative=relative)[: len(row)]
        finite = np.isfinite(row[known])
        self._curve.setData(places[known], np.where(finite, row[known], np.float32(np.nan)))
        # a layer with no finite neighbour has no line to stand on
        beside = np.concatenate([[False], finite, [False]])
        alone = finite & ~beside[:-2] & ~beside[2:]
        self._dots.setData(places[known][alone], row[known][alone])
        self._zeros.setData(places[self.zero_layers - 1], np.full(len(self.zero_layers), floor))
        self._lost.setData(places[self.lost_layers - 1], np.full(len(self.lost_layers), ceiling))
        if self._series is not None:
            # marks of several runs stand at different layers, so that none covers another
            every = max(len(row) // MOST_MARKS, 1)
            marked = np.isfinite(row) & (np.arange(len(row)) % every == self._series.number * every // 4)
            self._marks.setData(places[marked], row[marked])

    def colour(self, pen: QPen, zero: str, lost: str, *, filled: bool) -> None:
        """Recolour: the line with `pen`, marks in the colours `zero` and `lost`."""
        self._pen = pen
        self._curve.setPen(pen)
        self._dots.setPen(None)
        self._dots.setBrush(pen.color())
        self._marks.setPen(pen.color())
        self._marks.setBrush(pen.color())
        self._zeros.setPen(zero)
        self._zeros.setBrush(zero if filled else None)
        self._lost.setPen(lost)
        self._lost.setBrush(lost)

    def dash(self, wanted: bool) -> None:
        """Draw the line as dots, or as it was coloured."""
        pen = QPen(self._pen)
        if wanted:
            pen.setStyle(Qt.PenStyle.DotLine)
        self._curve.setPen(pen)

    def remove(self) -> None:
        """Take everything out of the plot."""
        for item in (self._curve, self._marks, self._dots, self._zeros, self._lost):
            self._plot.removeItem(item)

    def series(self) -> list[DrawnSeries]:
        """Return the line under its name, and its marks under that name and what they are."""
        return [
            *line_of(self.name, self._curve),
            *marks_of(f"{self.name} marks", self._marks),
            *marks_of(f"{self.name} single layers", self._dots),
            *marks_of(f"{self.name} zeros", self._zeros),
            *marks_of(f"{self.name} lost", self._lost),
        ]
