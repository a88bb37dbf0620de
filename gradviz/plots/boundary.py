"""How a network divides the plane between its classes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QWidget

from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.axes import style_axis
from gradviz.plots.parts.colours import rgb_of
from gradviz.plots.parts.drawn import DrawnSeries, Readout, axis_labels, marks_of
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut

MOST_POINTS = 2000
# pyqtgraph's names and the letters for the same shapes
SYMBOLS = (("o", "●"), ("t1", "▲"), ("s", "■"), ("d", "◆"), ("p", "⬟"), ("h", "⬢"), ("star", "★"), ("t", "▼"))
# share of the class colours in the field; the rest is background, so that the points stand out
FIELD_STRENGTH = 0.5


class BoundaryPlot(HeldOutPlot):
    """Class probabilities over the plane as a field of blended colours, and the validation points upon it.

    Every class has a colour and a symbol of its own, a line runs where the network is undecided between two of them,
    and points that it gets wrong are ringed.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._plot = pg.PlotItem(enableMenu=False)
        self._field = pg.ImageItem(axisOrder="row-major")
        self._points: list[pg.ScatterPlotItem] = []
        self._lines: list[pg.IsocurveItem] = []
        self._wrong = pg.ScatterPlotItem(symbol="o", size=12, brush=None)
        super().__init__(parent)
        self._plot.addItem(self._field)
        self._plot.addItem(self._wrong)
        self._wrong.setZValue(10)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.getViewBox().setAspectLocked()
        self._plot.setLabel("bottom", "first input")
        self._plot.setLabel("left", "second input")
        self.setToolTip("Colour: the class the network sees at each place; points: samples it never trains on")
        self.apply_style(LIGHT)

    @property
    def view(self) -> Any:
        """The view, whose axes are the two inputs."""
        return self._plot.getViewBox()

    def readout(self) -> Readout:
        """Return what is drawn and written: the points of each class by its name, those that are `wrong`, and lines.

        Line number n is named `undecided n`, from 0 on.
        """
        series = []
        samples = self.history.started.held_out if self.history is not None else None
        for name, item in zip(samples.class_names if samples is not None else (), self._points, strict=False):
            series += marks_of(name, item)
        series += marks_of("wrong", self._wrong)
        for number, line in enumerate(self._lines):
            if line.isVisible():
                line.generatePath()
                path = line.path
                elements = [path.elementAt(place) for place in range(path.elementCount())]
                places = [self.view.mapFromItemToView(line, QPointF(each.x, each.y)) for each in elements]
                x, y = (np.array([getattr(place, axis)() for place in places]) for axis in "xy")
                series.append(DrawnSeries(f"undecided {number}", x, y))
        return replace(super().readout(), series=tuple(series), axes=axis_labels(self._plot))

    def _picture(self) -> pg.GraphicsWidget:
        return self._plot

    def _why_not(self, held_out: HeldOut) -> str:
        if held_out.extent is not None:
            return ""
        features = held_out.inputs.shape[1]
        return (
            f"A decision boundary can be drawn for two inputs; these samples have {features:,}. "
            "Choose moons, circles, spirals, xor or gaussian to see one"
        )

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        assert held_out.extent is not None
        left, right, bottom, top = held_out.extent
        if evaluation.boundary is not None:
            self._field.setImage(_blend(evaluation.boundary, self.style_in_use), autoLevels=False)
            self._field.setRect(QRectF(left, bottom, right - left, top - bottom))
            self._draw_lines(evaluation.boundary)
        self._field.setVisible(evaluation.boundary is not None)
        self._plot.getViewBox().setRange(xRange=(left, right), yRange=(bottom, top), padding=0)
        self._draw_points(held_out, evaluation.predicted)
        return _legend(held_out, self.style_in_use)

    def _draw_lines(self, probabilities: NDArray[np.float32]) -> None:
        margins = _margins(probabilities)
        while len(self._lines) < len(margins):
            line = pg.IsocurveItem(level=0.0, axisOrder="row-major")
            # in the field's own coordinates, and shown and hidden with it
            line.setParentItem(self._field)
            self._lines.append(line)
        for number, line in enumerate(self._lines):
            line.setVisible(number < len(margins))
        for line, margin in zip(self._lines, margins, strict=False):
            line.setData(margin)
            line.setPen(pg.mkPen(self.style_in_use.foreground, width=1.5))

    def _draw_points(self, held_out: HeldOut, predicted: NDArray[np.int64]) -> None:
        points, labels = held_out.inputs[:MOST_POINTS], held_out.labels[:MOST_POINTS]
        while len(self._points) < len(held_out.class_names):
            self._points.append(pg.ScatterPlotItem(size=7))
            self._plot.addItem(self._points[-1])
        for number, item in enumerate(self._points):
            mine = points[labels == number]
            item.setData(
                mine[:, 0],
                mine[:, 1],
                symbol=SYMBOLS[number % len(SYMBOLS)][0],
                brush=_class_colour(number, self.style_in_use),
                pen=pg.mkPen(self.style_in_use.background, width=0.8),
            )
        wrong = points[predicted[:MOST_POINTS] != labels]
        self._wrong.setData(wrong[:, 0], wrong[:, 1], pen=pg.mkPen(self.style_in_use.foreground, width=1.3))

    def _colour_picture(self, style: Style) -> None:
        for side in ("left", "bottom"):
            style_axis(self._plot.getAxis(side), style)


def _legend(held_out: HeldOut, style: Style) -> list[KeyEntry]:
    entries = [
        (SYMBOLS[number % len(SYMBOLS)][1], _class_colour(number, style), name)
        for number, name in enumerate(held_out.class_names)
    ]
    entries.append(("◯", style.foreground, "wrong"))
    entries.append(("―", style.foreground, "undecided"))
    total = len(held_out.labels)
    if total > MOST_POINTS:
        entries.append(("…", style.muted, f"the first {MOST_POINTS:,} of {total:,} points"))
    return entries


def _class_colour(number: int, style: Style) -> str:
    return style.series[number % len(style.series)]


def _margins(probabilities: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return fields [rows, columns] that are 0 where a class draws level with the likeliest of the others."""
    classes = probabilities.shape[-1]
    fields = []
    # of two classes the second one's line is the first one's
    for number in range(classes if classes > 2 else classes - 1):
        others = np.delete(probabilities, number, axis=-1)
        fields.append(probabilities[..., number] - others.max(axis=-1))
    return fields


def _blend(probabilities: NDArray[np.float32], style: Style) -> NDArray[np.uint8]:
    """Return the field's colours [rows, columns, 3]: every class's colour by its probability, on the background."""
    classes = probabilities.shape[-1]
    colours = np.array([rgb_of(_class_colour(number, style)) for number in range(classes)])
    # a network whose weights are no numbers any more sees no class anywhere
    field = np.nan_to_num(probabilities, nan=0.0) @ colours
    mixed = FIELD_STRENGTH * field + (1 - FIELD_STRENGTH) * rgb_of(style.background)
    blended: NDArray[np.uint8] = np.clip(mixed.round(), 0, 255).astype(np.uint8)
    return blended
