"""What a network predicts against what is true, where that is a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.axes import style_axis
from gradviz.plots.parts.drawn import Readout, axis_labels, marks_of
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut

MOST_POINTS = 5000
MARGIN = 0.04
POINT_PX = 6
POINT_ALPHA = 150


class PredictedPlot(HeldOutPlot):
    """A point for each validation sample: its true number across, the prediction upwards, both in the same units.

    On the diagonal both are the same. Both axes have the same range, so that it is the diagonal of the picture.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._plot = pg.PlotItem(enableMenu=False)
        self._points = pg.ScatterPlotItem(size=POINT_PX, pen=None)
        self._diagonal = pg.PlotDataItem()
        super().__init__(parent)
        self._plot.addItem(self._diagonal)
        self._plot.addItem(self._points)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self.setToolTip("Across: what is true; upwards: what the network predicts, for samples it never trains on")
        self.setAccessibleName("Predicted against true")
        self.apply_style(LIGHT)

    def readout(self) -> Readout:
        """Return what is drawn: the `samples`, true numbers in x and predictions in y, and the title."""
        series = marks_of("samples", self._points) if self.shown() is not None else []
        return replace(super().readout(), series=tuple(series), axes=axis_labels(self._plot))

    def _picture(self) -> pg.GraphicsWidget:
        return self._plot

    def _why_not(self, held_out: HeldOut) -> str:
        return "" if held_out.targets is not None else "What is predicted is a class, not a number"

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        assert held_out.targets is not None
        assert evaluation.values is not None
        truth, predicted = held_out.targets[:MOST_POINTS], evaluation.values[:MOST_POINTS].astype(np.float64)
        finite = np.isfinite(predicted)
        self._points.setData(truth[finite], predicted[finite])
        both = np.concatenate([truth, predicted[finite]])
        low, high = float(both.min()), float(both.max())
        margin = MARGIN * (high - low or abs(high) or 1.0)
        ends = [low - margin, high + margin]
        self._diagonal.setData(ends, ends)
        self._plot.getViewBox().setRange(xRange=ends, yRange=ends, padding=0)
        name = held_out.target_name
        self._plot.setLabel("bottom", f"true {name}")
        self._plot.setLabel("left", f"predicted {name}")
        return self._legend(len(held_out.targets), int((~finite).sum()))

    def _legend(self, samples: int, not_finite: int) -> list[KeyEntry]:
        style = self.style_in_use
        entries = [("●", style.series[0], "validation sample"), ("―", style.muted, "predicted = true")]
        if samples > MOST_POINTS:
            entries.append(("…", style.muted, f"the first {MOST_POINTS:,} of {samples:,}"))
        if not_finite:
            entries.append(("!", style.series[1], f"{not_finite:,} predictions are not finite"))
        return entries

    def _colour_picture(self, style: Style) -> None:
        colour: Any = pg.mkColor(style.series[0])
        colour.setAlpha(POINT_ALPHA)
        self._points.setBrush(colour)
        self._diagonal.setPen(pg.mkPen(style.muted, width=1.5))
        for side in ("bottom", "left"):
            style_axis(self._plot.getAxis(side), style)
