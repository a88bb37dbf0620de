"""The scale beside the heatmap: which colour stands for which value, and which lies beyond either end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt

from gradviz.plots.parts.axes import DecadeAxis, relabel, style_axis
from gradviz.plots.parts.colours import colour_table
from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.readout import on_axis
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import Quantity

WIDTH_PX = 14
GAP_PX = 8
# height of what stands for values beyond an end, as a share of the scale
BEYOND_SHARE = 0.03
AXIS_PX = 72


class ColourBar(pg.PlotItem):  # type: ignore[misc]
    """A narrow plot of the colour table against its own axis, with decade ticks for logarithms."""

    def __init__(self) -> None:
        self._axis = DecadeAxis("right")
        # else a picture would have another width with every other scale
        self._axis.setWidth(AXIS_PX)
        self._beside: Any = None
        super().__init__(enableMenu=False, axisItems={"right": self._axis})
        self._image = pg.ImageItem(axisOrder="row-major")
        self.addItem(self._image)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        for side in ("left", "top", "bottom"):
            self.hideAxis(side)
        self.showAxis("right")
        self.layout.setColumnFixedWidth(1, WIDTH_PX)
        self.setXRange(0, 1, padding=0)
        self._beyond = [pg.ImageItem(axisOrder="row-major") for _ in range(2)]
        for image in self._beyond:
            self.addItem(image, ignoreBounds=True)
        self._still = pg.InfiniteLine(angle=0, movable=False)
        self._still.setZValue(1)
        self.addItem(self._still, ignoreBounds=True)
        self._still.setVisible(False)
        self._floors = [pg.InfiniteLine(angle=0, movable=False) for _ in floors(double=False)]
        for line in self._floors:
            self.addItem(line, ignoreBounds=True)
        self.show_quantity(None)
        self.show_limits((-1.0, 0.0))

    def stand_beside(self, plot: Any) -> None:
        """Stand at the right of the view of `plot`, as high as it is."""
        plot.layout.addItem(self, 2, 5)
        plot.layout.setColumnFixedWidth(4, GAP_PX)
        self._beside = plot

    def leave(self) -> None:
        """Leave the plot that it stands beside, to be laid out elsewhere."""
        if self._beside is not None:
            self._beside.layout.removeItem(self)
            self.setParentItem(None)
            self.scene().removeItem(self)
            self._beside = None

    def show_quantity(self, quantity: Quantity | None) -> None:
        """Take the colours, the label and the kind of ticks of `quantity`."""
        table: Any = colour_table(quantity)
        self._image.setImage(table[:, None, :], levels=None, autoLevels=False)
        self._axis.set_logarithmic(quantity is None or quantity.scale == "log10")
        relabel(self._axis, on_axis(quantity) if quantity is not None else "")

    @property
    def floors_shown(self) -> list[float]:
        """Exponents at which the scale is marked because floating-point numbers end there."""
        return [line.value() for line in self._floors if line.isVisible()]

    @property
    def standstill(self) -> float | None:
        """The exponent below which weights cease to move, if it is marked."""
        return float(self._still.value()) if self._still.isVisible() else None

    def mark_standstill(self, exponent: float | None, limits: Span) -> None:
        """Mark the exponent below which weights cease to move, if it lies within `limits`; None marks nothing."""
        shown = exponent is not None and limits[0] < exponent < limits[1]
        self._still.setVisible(shown)
        if exponent is not None:
            self._still.setValue(exponent)

    def show_limits(self, limits: Span, *, ends: Sequence[float] = (), open_ended: bool = False) -> None:
        """Let the colours reach from one limit to the other, with marks at those of the exponents `ends` in between.

        An `open_ended` scale has a field at either end for what lies beyond it.
        """
        low, high = limits
        beyond = BEYOND_SHARE * (high - low) if open_ended else 0.0
        for image, bottom in zip(self._beyond, (low - beyond, high), strict=True):
            image.setVisible(open_ended)
            image.setRect(QRectF(0, bottom, 1, beyond or 1.0))
        for line, end in zip_longest(self._floors, ends):
            line.setVisible(end is not None and low < end < high)
            if end is not None:
                line.setValue(end)
        self._image.setRect(QRectF(0, low, 1, high - low))
        self.setYRange(low - beyond, high + beyond, padding=0)

    def apply_style(self, style: Style) -> None:
        """Recolour the axis; the colours themselves mean the same in every style."""
        style_axis(self._axis, style)
        for image, colour in zip(self._beyond, (style.below_colour, style.above_colour), strict=True):
            image.setImage(np.array([[pg.mkColor(colour).getRgb()]], np.uint8), levels=None, autoLevels=False)
        self._still.setPen("#ffffff", width=2)
        for line in self._floors:
            # over the colours of the map, which are the same in every style
            line.setPen("#ffffff", width=1, style=Qt.PenStyle.DashLine)
