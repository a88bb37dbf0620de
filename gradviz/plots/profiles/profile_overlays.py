"""What is drawn beside the profile of a single run: start, exact counterpart, another run, theory, floors and guide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from gradviz.plots.parts.drawn import DrawnSeries, line_of
from gradviz.plots.parts.float_floors import FloatFloors
from gradviz.plots.parts.guide_line import GuideLine
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile_line import ProfileLine
from gradviz.plots.profiles.profile_rows import EMPTY, ProfileRows, finite_span
from gradviz.recording.frame import Quantity

# of theory: a prediction and a bound
THEORY_STROKES = (Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
THEORY_NAMES = ("theory", "theory bound")
ABOVE_LINES = 1
# of the height: below a line that lies lower there is no room for words
LOW_SHARE = 0.25


class ProfileOverlays:
    """Lines `initial`, `other` and `beside`, theory with its band, lines across the plot; empty where `rows` are."""

    def __init__(self, plot: Any) -> None:
        self.rows = ProfileRows()
        self.floors = FloatFloors(plot)
        self.guide = GuideLine(plot)
        # drawn in this order
        self.initial, self.other, self.beside = (ProfileLine(plot, name) for name in ("initial", "other", "beside"))
        self._curves = [plot.plot() for _ in THEORY_STROKES]
        self._band = [plot.plot(), plot.plot()]
        # says at the line itself that it is of another step than the one that is shown
        self._date = pg.TextItem(anchor=(0.0, 0.0))
        plot.addItem(self._date, ignoreBounds=True)
        for item in (*self._curves, *self._band, self._date):
            item.setZValue(ABOVE_LINES)

    @property
    def beside_is_older(self) -> bool:
        """Whether the exact counterpart was measured at another step than what is shown."""
        return self.beside.visible and self.beside.step != self.rows.now.step

    @property
    def date(self) -> str:
        """What is written at the line of the exact counterpart; empty where it is of the step that is shown."""
        return str(self._date.toPlainText()) if self._date.isVisible() else ""

    def show(self, rows: ProfileRows, *, logarithmic: bool) -> None:
        """Take over what to draw beside the row of the shown step."""
        self.rows = rows
        for line, measured in ((self.initial, rows.initial), (self.other, rows.other), (self.beside, rows.beside)):
            line.show(measured, logarithmic=logarithmic)
        for number, curve in enumerate(self._curves):
            row = rows.theory[number][1] if number < len(rows.theory) else EMPTY
            curve.setData(np.arange(1, len(row) + 1), row)
        for edge, row in zip(self._band, rows.band or (EMPTY, EMPTY), strict=True):
            edge.setData(np.arange(1, len(row) + 1), row)

    def spans(self, quantity: Quantity, layers: int) -> list[Span | None]:
        """Return what the axis has to hold of the first `layers` layers."""
        spans = [finite_span(line.measured.row[:layers]) for line in (self.initial, self.other, self.beside)]
        # a bound may lie far below everything measured; only what comes first, the prediction, claims room
        spans += [finite_span(row) for _, row in self.rows.theory[:1]]
        # a guide a little beyond what was measured is worth the room
        return spans if quantity.guide is None else [*spans, (quantity.guide[0], quantity.guide[0])]

    def draw(self, floor: float, ceiling: float) -> None:
        """Draw the lines, with marks at the heights `floor` and `ceiling`."""
        for line in (self.initial, self.other, self.beside):
            line.draw(floor, ceiling)
        self._show_date(floor, ceiling)

    def cross(self, quantity: Quantity | None, limits: Span, *, double: bool) -> None:
        """Draw the floors of the floating-point type and the quantity's guide across the plot; None hides them."""
        logarithmic = quantity is not None and quantity.scale == "log10"
        self.floors.show(limits if logarithmic else None, double=double)
        self.guide.show(quantity.guide if quantity is not None else None, limits)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        dashed = Qt.PenStyle.DashLine
        for line, pen, zero in (
            (self.initial, pg.mkPen(style.muted), style.muted),
            (self.other, pg.mkPen(style.series[1], style=dashed), style.series[1]),
            (self.beside, pg.mkPen(style.series[2]), style.series[2]),
        ):
            line.colour(pen, zero, style.nan_colour, filled=False)
        for curve, stroke in zip(self._curves, THEORY_STROKES, strict=True):
            curve.setPen(pg.mkPen(style.foreground, style=stroke))
        self._date.setColor(style.series[2])
        for edge in self._band:
            edge.setPen(pg.mkPen(style.muted, style=Qt.PenStyle.DotLine))
        self.floors.apply_style(style)
        self.guide.apply_style(style)

    def _show_date(self, floor: float, ceiling: float) -> None:
        """Date an exact counterpart that is older, and let its stroke differ from what is of this step."""
        older, row = self.beside_is_older, self.beside.measured.row
        self.beside.dash(older)
        finite = np.flatnonzero(np.isfinite(row))
        self._date.setVisible(older and finite.size > 0)
        if older and finite.size:
            # lines rise towards the output more often than not: there is room below the right part
            at = int(finite[finite.size * 2 // 3])
            low = row[at] - floor < LOW_SHARE * (ceiling - floor)
            self._date.setAnchor((0.0, 1.0 if low else 0.0))
            self._date.setText(f"exact, step {self.beside.step:,}")
            self._date.setPos(at + 1, float(row[at]))

    def series(self) -> list[DrawnSeries]:
        """Return all lines and marks."""
        found = [each for line in (self.initial, self.other, self.beside) for each in line.series()]
        for name, item in zip((*THEORY_NAMES, "band low", "band high"), (*self._curves, *self._band), strict=True):
            found += line_of(name, item)
        return found
