"""Where the inputs of an activation lie, behind its derivative: those it passes on apart from those it stops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg

from gradviz.plots.parts.drawn import DrawnSeries, steps_of
from gradviz.plots.parts.style import Style
from gradviz.recording.activations import ActivationCurve, Floats

# an input counts as stopped where |phi'| is below this share of its supremum
STOPPED_BELOW = 0.01
# how much of their colours is left on the background
PASSED_STRENGTH, STOPPED_STRENGTH = 0.3, 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Divided:
    """A histogram cut where |phi'| crosses the threshold, so that every bin is on one side of it.

    `edges` [bins + 1] are finite; `density` [bins] is the share of all inputs per unit of x; `stopped` [bins] says
    where |phi'| is below the threshold. `share_stopped` counts also what lies beyond the edges.
    """

    edges: Floats
    density: Floats
    stopped: np.ndarray[Any, np.dtype[np.bool_]]
    share_stopped: float

    def beyond(self, low: float, high: float) -> float:
        """Return the share of inputs outside of `low` to `high`."""
        inside = np.minimum(self.edges[1:], high) - np.maximum(self.edges[:-1], low)
        return max(1.0 - float((self.density * np.maximum(inside, 0.0)).sum()), 0.0)

    def quantile(self, share: float) -> float:
        """Return the x below which `share` of those inputs lie that have a finite place."""
        reached = np.concatenate([[0.0], np.cumsum(self.density * np.diff(self.edges))])
        return float(np.interp(share * reached[-1], reached, self.edges))


def divide(curve: ActivationCurve, edges: Floats, counts: Floats) -> Divided | None:
    """Divide the inputs counted in `counts` [bins] between `edges` [bins + 1]; None if there are none.

    The first edge may be minus and the last plus infinity. Inputs are taken to lie evenly inside their bin, and beyond
    the ends of the curve phi' to be what it is at that end.
    """
    counts, edges = np.asarray(counts, np.float64), np.asarray(edges, np.float64)
    total = counts.sum()
    if total <= 0:
        return None
    level = np.abs(curve.derivative) - STOPPED_BELOW * curve.supremum
    open_ends = [(np.isneginf(edges[0]), counts[0], level[0]), (np.isposinf(edges[-1]), counts[-1], level[-1])]
    stopped_beyond = sum(count for is_open, count, there in open_ends if is_open and there < 0)
    counts = counts[int(open_ends[0][0]) : len(counts) - int(open_ends[1][0])]
    edges = edges[np.isfinite(edges)]
    if not len(counts):
        return None
    crossings = _crossings(curve.x, level)
    inside = crossings[(crossings > edges[0]) & (crossings < edges[-1])]
    finer = np.union1d(edges, inside)
    # halves, because the sum of two edges may be infinite where neither is
    middles = finer[:-1] / 2 + finer[1:] / 2
    density = (counts / np.diff(edges) / total)[np.searchsorted(edges, middles) - 1]
    stopped = np.interp(middles, curve.x, level) < 0
    share = float((density * np.diff(finer))[stopped].sum() + stopped_beyond / total)
    return Divided(finer, density, stopped, min(share, 1.0))


class DistributionItem:
    """The filled outline of a divided histogram, in two colours, over a height of its own."""

    def __init__(self, plot: Any) -> None:
        self._passed, self._stopped = (pg.PlotCurveItem(fillLevel=0.0, pen=None) for _ in range(2))
        for item in (self._passed, self._stopped):
            item.setZValue(-10)
            plot.addItem(item, ignoreBounds=True)

    def show(self, divided: Divided | None, height: float, low: float, high: float) -> None:
        """Draw what lies from `low` to `high`, with the densest bin at `height`; None draws nothing."""
        for item, part in ((self._passed, False), (self._stopped, True)):
            item.setVisible(divided is not None)
            if divided is not None:
                kept = np.where(divided.stopped == part, divided.density, 0.0)
                # a network that explodes has edges that no painter can reach
                item.setData(
                    np.clip(divided.edges, low, high), kept * (height / divided.density.max()), stepMode="center"
                )

    def series(self) -> list[DrawnSeries]:
        """Return both parts: `inputs passed` and `inputs stopped`."""
        return steps_of("inputs passed", self._passed) + steps_of("inputs stopped", self._stopped)

    def apply_style(self, style: Style) -> None:
        """Recolour."""
        for item, colour in zip((self._passed, self._stopped), fill_colours(style), strict=True):
            item.setBrush(colour)


def fill_colours(style: Style) -> tuple[str, str]:
    """Return the colours of inputs that are passed on, pale, and of those that are stopped, strong."""
    background = np.array(pg.mkColor(style.background).getRgb()[:3])
    mixed = []
    for colour, strength in ((style.muted, PASSED_STRENGTH), (style.series[3], STOPPED_STRENGTH)):
        blend = strength * np.array(pg.mkColor(colour).getRgb()[:3]) + (1 - strength) * background
        mixed.append("#" + "".join(f"{round(channel):02x}" for channel in blend))
    return mixed[0], mixed[1]


def share_in_words(share: float) -> str:
    """Return a share as a percentage that does not round what is there to nothing."""
    if 0 < share < 0.001:
        return "less than 0.1%"
    if 0.999 < share < 1:
        return "more than 99.9%"
    return f"{share:.1%}" if 0 < share < 0.1 or 0.9 < share < 1 else f"{share:.0%}"


def _crossings(x: Floats, level: Floats) -> Floats:
    """Return where `level` changes its sign, between the places of `x` by a straight line."""
    below = level < 0
    at = np.flatnonzero(below[:-1] != below[1:])
    step = level[at + 1] - level[at]
    crossings: Floats = x[at] - level[at] / step * (x[at + 1] - x[at])
    return crossings
