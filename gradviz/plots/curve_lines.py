"""Pairs of lines over the steps, one in the plot of the loss and one in that of the accuracy, and their points.

A single run has a pair for its batches, one for the validation samples, and one for another run behind it. Of several
runs each has one pair.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QPen

from gradviz.plots.further_numbers import VALIDATION_ACCURACY, VALIDATION_LOSS, number_line
from gradviz.plots.parts.drawn import DrawnSeries, line_of, marks_of
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.loss_above_accuracy import PERCENT, LossAboveAccuracy
from gradviz.plots.parts.step_line import NOTHING, Points, Values, condensed, line
from gradviz.plots.shown_run import SeriesStyle
from gradviz.recording.history import History

# more points than this are not marked one by one
MOST_SINGLE_MARKS = 60
SINGLE_MARK_PX = 5
# of one of several runs
MOST_MARKS = 12


class CurvePair:
    """Lines of one name in both plots. Each of few points is marked where `marks_points`; a `series` marks some."""

    def __init__(
        self, pair: LossAboveAccuracy, name: str, series: SeriesStyle | None = None, *, marks_points: bool = False
    ) -> None:
        self.name = name
        self._series, self._marks_points = series, marks_points
        self._plots = (pair.loss, pair.accuracy)
        self._curves = [plot.plot(connect="finite") for plot in self._plots]
        symbol, size = (series.symbol, series.mark_px) if series is not None else ("o", SINGLE_MARK_PX)
        self._marks = [pg.ScatterPlotItem(symbol=symbol, size=size, pxMode=True) for _ in self._plots]
        for plot, marks in zip(self._plots, self._marks, strict=True):
            plot.addItem(marks)
        for curve in self._curves:
            # of many steps in one pixel the extremes are drawn; width 1 is the only fast one
            curve.setDownsampling(auto=True, method="peak")
            curve.setClipToView(True)

    def draw(self, loss: Points, accuracy: Points) -> None:
        """Draw steps and values, NaN for a gap."""
        for curve, marks, (steps, values) in zip(self._curves, self._marks, (loss, accuracy), strict=True):
            curve.setData(steps, values)
            marked = self._marked(len(steps)) & np.isfinite(values)
            marks.setData(steps[marked], values[marked])

    def colour(self, pen: QPen) -> None:
        """Recolour lines and marks."""
        for curve, marks in zip(self._curves, self._marks, strict=True):
            curve.setPen(pen)
            marks.setPen(pen.color() if self._series is not None else None)
            marks.setBrush(pen.color())

    def remove(self) -> None:
        """Take everything out of the plots."""
        for plot, *items in zip(self._plots, self._curves, self._marks, strict=True):
            for item in items:
                plot.removeItem(item)

    def series(self) -> list[DrawnSeries]:
        """Return what is drawn: `NAME loss`, `NAME accuracy` and their marks."""
        found = []
        for kind, curve, marks in zip(("loss", "accuracy"), self._curves, self._marks, strict=True):
            found += line_of(f"{self.name} {kind}", curve) + marks_of(f"{self.name} {kind} marks", marks)
        return found

    def _marked(self, points: int) -> NDArray[np.bool_]:
        if self._series is None:
            return np.full(points, self._marks_points and points <= MOST_SINGLE_MARKS)
        # marks of several runs stand at different steps, so that none covers another
        every = max(points // MOST_MARKS, 1)
        marked: NDArray[np.bool_] = np.arange(points) % every == self._series.number * every // 4
        return marked


def batch_points(history: History | None, view: Span, pixels: int, pair: LossAboveAccuracy) -> tuple[Points, Points]:
    """Return what is in `view` of loss and accuracy of the batches, fit for `pixels`; nothing without a run."""
    if history is None or not history.frames:
        return NOTHING, NOTHING
    return (
        line(history, "loss", view, pixels, pair.on_loss_axis),
        line(history, "batch_accuracy", view, pixels, in_percent),
    )


def held_out_points(history: History | None, view: Span, pixels: int, pair: LossAboveAccuracy) -> tuple[Points, Points]:
    """Return what is in `view` of loss and accuracy of the validation samples; nothing without a run."""
    if history is None:
        return NOTHING, NOTHING
    if history.started.held_out is None:
        # what a script tells of validation samples of its own
        return (
            number_line(history, VALIDATION_LOSS, view, pixels, pair.on_loss_axis),
            number_line(history, VALIDATION_ACCURACY, view, pixels, in_percent),
        )
    losses, accuracies = history.evaluation_losses(), history.accuracies()
    return (
        condensed((losses[0].astype(np.float64), pair.on_loss_axis(losses[1])), view, pixels),
        condensed((accuracies[0].astype(np.float64), in_percent(accuracies[1])), view, pixels),
    )


def in_percent(shares: Values) -> Values:
    """Return where shares lie on the axis."""
    return shares * PERCENT
