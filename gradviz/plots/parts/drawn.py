"""What a plot shows, as data: for tests, exports and anybody who wants to know without looking at pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from gradviz.plots.parts.key import KeyEntry

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnSeries:
    """A line, or a group of marks, in the coordinates of its axes.

    `x` and `y` [points] are finite or, for a gap in a line, NaN in `y`; bars and error bars reach from `x0` [points] to
    `x`. `colour` is `#rrggbb`; `width` and `dashed` are those of a line, `symbol` and `size` (pixels) those of marks,
    by pyqtgraph's names.
    """

    name: str
    x: Values
    y: Values
    colour: str = ""
    width: float = 0.0
    dashed: bool = False
    symbol: str = ""
    size: float = 0.0
    x0: Values | None = None

    @property
    def finite(self) -> dict[float, float]:
        """Where it passes, y by x; gaps left out."""
        known = np.isfinite(self.y)
        return dict(zip(self.x[known].tolist(), self.y[known].tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Readout:
    """Everything a plot shows. What is hidden or has no points is absent.

    `key` is the legend; `axes` holds the label of each axis by its side; `lines` are straight lines across the plot
    (cursor, floors, guides) by what they mean; `labels` are texts inside the plot by what they belong to.
    """

    title: str = ""
    notice: str = ""
    key: tuple[KeyEntry, ...] = ()
    axes: Mapping[str, str] = field(default_factory=dict)
    series: tuple[DrawnSeries, ...] = ()
    lines: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> DrawnSeries:
        """Return the series `name`. Raises KeyError if there is none."""
        for each in self.series:
            if each.name == name:
                return each
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        """Whether there is a series `name`."""
        return any(each.name == name for each in self.series)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the legend."""
        return tuple(words for _, _, words in self.key)


def line_of(name: str, item: Any) -> list[DrawnSeries]:
    """Return what a PlotDataItem draws; nothing where it is hidden or empty."""
    x, y = item.getOriginalDataset()
    if not item.isVisible() or x is None or not len(x):
        return []
    pen, symbol = pg.mkPen(item.opts["pen"]), item.opts["symbol"] or ""
    return [
        DrawnSeries(
            name, _floats(x), _floats(y), pen.color().name(), pen.widthF(), _is_dashed(pen), str(symbol),
            float(item.opts["symbolSize"]) if symbol else 0.0,
        )
    ]  # fmt: skip


def steps_of(name: str, item: Any) -> list[DrawnSeries]:
    """Return what a PlotCurveItem draws in steps, one edge more than heights; nothing where it is hidden or empty."""
    x, y = item.getData()
    if not item.isVisible() or x is None or not len(x):
        return []
    pen = pg.mkPen(item.opts["pen"])
    return [DrawnSeries(name, _floats(x), _floats(y), pen.color().name(), pen.widthF(), _is_dashed(pen))]


def marks_of(name: str, item: Any) -> list[DrawnSeries]:
    """Return what a ScatterPlotItem draws; nothing where it is hidden or empty."""
    x, y = item.getData()
    if not item.isVisible() or x is None or not len(x):
        return []
    brush, symbol = pg.mkBrush(item.opts["brush"]), item.opts["symbol"]
    colour = brush.color() if brush.style() != Qt.BrushStyle.NoBrush else pg.mkPen(item.opts["pen"]).color()
    name_of_symbol = symbol if isinstance(symbol, str) else "path"
    return [
        DrawnSeries(name, _floats(x), _floats(y), colour.name(), symbol=name_of_symbol, size=float(item.opts["size"]))
    ]


def given_lines(**places: float | None) -> dict[str, tuple[float, ...]]:
    """Return where straight lines stand, by what they mean; without those that are nowhere."""
    return {name: (float(place),) for name, place in places.items() if place is not None}


def axis_labels(plot: Any) -> dict[str, str]:
    """Return the labels of the visible axes of a PlotItem, by side."""
    axes = {side: plot.getAxis(side) for side in ("left", "right", "bottom")}
    return {side: str(axis.labelText) for side, axis in axes.items() if axis.isVisible() and axis.labelText}


def _floats(values: Any) -> Values:
    return np.array(values, np.float64)


def _is_dashed(pen: QPen) -> bool:
    return pen.style() not in (Qt.PenStyle.SolidLine, Qt.PenStyle.NoPen)
