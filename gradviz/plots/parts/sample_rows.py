"""Samples that are no pictures, a line each: what they are, what they are taken for, and their inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradviz.plots.parts.style import LIGHT, Style

GAP_PX = 10.0
LINE_GAP_PX = 4.0
WIDEST_CLASS_SHARE = 0.22
COLUMNS = 5


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A sample that is wrong: its `number` among the validation samples, from 1 on, and its inputs as in the data.

    `measure` says how sure, or how far off, the prediction is.
    """

    number: int
    truth: str
    predicted: str
    measure: str
    inputs: str

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in its line."""
        return f"{self.number:,}", self.predicted, self.truth, self.measure, self.inputs


class SampleRows(pg.GraphicsWidget):  # type: ignore[misc]
    """Paints as many lines as there is room for, in columns as wide as what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[SampleRow] = []
        self._headings = ("",) * COLUMNS
        self._numeric = False
        self._style = LIGHT
        self._font = QFont()
        self._font.setPointSizeF(8.5)
        self._metrics = QFontMetricsF(self._font)

    def show(self, measure: str, rows: Sequence[SampleRow], *, numeric: bool = False) -> None:
        """Draw other samples, in this order as far as there is room.

        `measure` is the heading of what each measures; `numeric` says that truth and prediction are numbers.
        """
        self._numeric = numeric
        self._headings = ("sample", "prediction", "truth", measure, "inputs")
        self.rows = list(rows)
        self.update()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.update()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw; called by Qt."""
        area = QRectF(self.rect()).adjusted(GAP_PX, 0, -GAP_PX, 0)
        line = self._metrics.lineSpacing() + LINE_GAP_PX
        count = min(int(area.height() / line) - 1, len(self.rows))
        if count < 1:
            return
        painter.setFont(self._font)
        cells = [row.cells for row in self.rows[:count]]
        widths = self._widths([self._headings, *cells], area.width())
        colours = (self._style.muted, self._style.series[1], self._style.foreground, self._style.foreground)
        self._paint_line(painter, area.left(), area.top(), self._headings, widths, (self._style.muted,) * COLUMNS)
        painter.setPen(QPen(QColor(self._style.grid), 1.0))
        below = area.top() + line - 2
        painter.drawLine(QLineF(area.left(), below, area.right(), below))
        for number, row in enumerate(cells, start=1):
            self._paint_line(
                painter, area.left(), area.top() + number * line, row, widths, (*colours, self._style.muted)
            )

    def _widths(self, lines: Sequence[Sequence[str]], width: float) -> list[float]:
        """Return how wide each column is; the last has what the others leave."""
        wide = [max(self._metrics.horizontalAdvance(cells[place]) for cells in lines) for place in range(COLUMNS)]
        wide[1:3] = (min(each, WIDEST_CLASS_SHARE * width) for each in wide[1:3])
        wide = [each + 1 for each in wide]
        wide[-1] = max(width - sum(wide[:-1]) - GAP_PX * (len(wide) - 1), 0.0)
        return wide

    def _paint_line(
        self,
        painter: QPainter,
        left: float,
        top: float,
        cells: Sequence[str],
        widths: Sequence[float],
        colours: Sequence[str],
    ) -> None:
        numbers = (0, 1, 2, 3) if self._numeric else (0, 3)
        for place, (cell, width, colour) in enumerate(zip(cells, widths, colours, strict=True)):
            painter.setPen(QColor(colour))
            side = Qt.AlignmentFlag.AlignRight if place in numbers else Qt.AlignmentFlag.AlignLeft
            text = self._metrics.elidedText(cell, Qt.TextElideMode.ElideRight, width)
            painter.drawText(
                QRectF(left, top, width, self._metrics.lineSpacing()), side | Qt.AlignmentFlag.AlignVCenter, text
            )
            left += width + GAP_PX
