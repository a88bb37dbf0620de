"""One row of layers as a line, with marks for the layers that a line cannot show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

Row = NDArray[np.float32]
Mask = NDArray[np.bool_]

EMPTY = np.empty(0, np.float32)
NOWHERE = np.empty(0, np.bool_)


class ProfileLine:
    """Finite values as a line; exact zeros of a logarithmic quantity as triangles at the floor of the plot, and what is
    not finite as crosses at the ceiling, so that no layer is missing. The line passes over layers that were not
    measured, as a module without weights has no norm of them.
    """  # fmt: skip

    def __init__(self, plot: Any) -> None:
        self.row: Row = EMPTY
        self.known: Mask = NOWHERE
        self.step = 0
        self.zero_layers: NDArray[np.int64] = np.empty(0, np.int64)
        self.lost_layers: NDArray[np.int64] = np.empty(0, np.int64)
        self._curve = plot.plot(connect="finite")
        self._dots = pg.ScatterPlotItem(symbol="o", size=5, pxMode=True)
        self._zeros = pg.ScatterPlotItem(symbol="t", size=8, pxMode=True)
        self._lost = pg.ScatterPlotItem(symbol="x", size=8, pxMode=True)
        plot.addItem(self._dots)
        plot.addItem(self._zeros)
        plot.addItem(self._lost)

    @property
    def visible(self) -> bool:
        """Whether there is a row to draw."""
        return len(self.row) > 0

    def show(self, step: int, row: Row | None, known: Mask | None = None, *, logarithmic: bool) -> None:
        """Take over the row [layers] of `step`, measured where it is `known` (None: all of it); None shows nothing."""
        self.step, self.row = step, EMPTY if row is None else row
        self.known = np.ones(len(self.row), np.bool_) if known is None else known
        zero = self.known & np.isneginf(self.row) if logarithmic else np.zeros(len(self.row), np.bool_)
        self.zero_layers = np.flatnonzero(zero) + 1
        self.lost_layers = np.flatnonzero(self.known & ~np.isfinite(self.row) & ~zero) + 1

    def at(self, layer: int) -> float | None:
        """Return the value of `layer`, counted from 1; None if it was not measured."""
        return float(self.row[layer - 1]) if self.known[layer - 1] else None

    def draw(self, floor: float, ceiling: float) -> None:
        """Draw, with marks at the heights `floor` and `ceiling`."""
        layers, row = np.flatnonzero(self.known) + 1, self.row[self.known]
        finite = np.isfinite(row)
        self._curve.setData(layers, np.where(finite, row, np.float32(np.nan)))
        # a layer with no finite neighbour has no line to stand on
        beside = np.concatenate([[False], finite, [False]])
        alone = finite & ~beside[:-2] & ~beside[2:]
        self._dots.setData(layers[alone], row[alone])
        self._zeros.setData(self.zero_layers, np.full(len(self.zero_layers), floor))
        self._lost.setData(self.lost_layers, np.full(len(self.lost_layers), ceiling))

    def colour(self, pen: Any, zero: Any, lost: Any, *, filled: bool) -> None:
        """Recolour: the line with `pen`, marks in the colours `zero` and `lost`."""
        self._curve.setPen(pen)
        self._dots.setPen(None)
        self._dots.setBrush(pen.color())
        self._zeros.setPen(zero)
        self._zeros.setBrush(zero if filled else None)
        self._lost.setPen(lost)
        self._lost.setBrush(lost)
