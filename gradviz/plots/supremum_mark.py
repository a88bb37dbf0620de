"""The supremum of |phi'|, marked in the plot of the derivative: a line, a dot, and words that stay in view."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont

from gradviz.plots.parts.drawn import DrawnSeries, marks_of
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.style import Style
from gradviz.recording.activations import ActivationCurve

LABEL_PT = 8.5
# what is approached at infinity is marked this share of the range inside of its end
INSET = 0.015


class SupremumMark:
    """Hidden without a curve; the dot is hollow where the supremum is only approached."""

    def __init__(self, plot: Any) -> None:
        self._view = plot.getViewBox()
        self._line = pg.InfiniteLine(angle=0, movable=False)
        self._dot = pg.ScatterPlotItem(symbol="o", size=9, pxMode=True)
        self._words = pg.TextItem("")
        font = QFont()
        font.setPointSizeF(LABEL_PT)
        self._words.setFont(font)
        for height, item in enumerate((self._line, self._words, self._dot)):
            item.setZValue(height + 1)
            plot.addItem(item, ignoreBounds=True)

    @property
    def value(self) -> float | None:
        """The supremum; None while it is hidden."""
        return float(self._line.value()) if self._line.isVisible() else None

    @property
    def words(self) -> str:
        """What is written beside the dot; empty while it is hidden."""
        return str(self._words.toPlainText()) if self._words.isVisible() else ""

    @property
    def words_rect(self) -> QRectF:
        """Where the words are in the view, in pixels."""
        return QRectF(self._view.mapRectFromItem(self._words, self._words.boundingRect()))

    def show(self, curve: ActivationCurve | None, style: Style) -> None:
        """Mark the supremum of `curve`; None hides it."""
        for part in (self._dot, self._line, self._words):
            part.setVisible(curve is not None)
        if curve is not None:
            joint = ", " if not curve.attained else " "
            self._words.setText(f"supremum of |φ′| = {curve.supremum:.5g}{joint}{curve.where}")
            self._dot.setBrush(style.foreground if curve.attained else style.background)
            self._dot.setPen(style.foreground, width=1.5)

    def place(self, curve: ActivationCurve, view: Span) -> None:
        """Keep dot and words within the range of x in `view`."""
        low, high = view
        inset = INSET * (high - low)
        first, last = (min(max(end, low + inset), high - inset) for end in curve.steepest)
        place = (first + last) / 2
        in_sight = (curve.steepest[0] <= high and curve.steepest[1] >= low) or math.isinf(curve.steepest[0])
        self._dot.setData([place] if in_sight else [], [curve.supremum] if in_sight else [])
        self._line.setValue(curve.supremum)
        self._words.setAnchor(((place - low) / (high - low), 1.2))
        self._words.setPos(place, curve.supremum)

    def apply_style(self, style: Style) -> None:
        """Recolour line and words; the dot with the next curve."""
        self._line.setPen(style.foreground, width=1, style=Qt.PenStyle.DashLine)
        self._words.setColor(style.foreground)
        self._words.fill = pg.mkBrush(style.background)

    def series(self) -> list[DrawnSeries]:
        """Return the dot, where it is in view."""
        return marks_of("supremum", self._dot)
