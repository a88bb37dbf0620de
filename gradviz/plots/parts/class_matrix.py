"""A matrix of classes against classes, with numbers where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gradviz.plots.parts.colours import rgb_of
from gradviz.plots.parts.style import LIGHT, Style

NAMES_SHARE = 0.28
GAP_PX = 6.0
SMALLEST_PT, LARGEST_PT = 6.5, 8.0
# what of a class is wrong is seldom most of it: pale colours would hide it
GAMMA = 0.6
# letters on a colour: as light as the background of light plots, or as dark as its letters
LIGHT_LETTERS, DARK_LETTERS = "#ffffff", "#1b1f24"


class ClassMatrix(pg.GraphicsWidget):  # type: ignore[misc]
    """Paints counts [classes, classes] on the colour of their share of the row, and the accuracy of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.counts: NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.accuracies: NDArray[np.float64] = np.zeros(0)
        self._style = LIGHT
        self._font = QFont()
        self._metrics = QFontMetricsF(self._font)
        self._fit_letters()

    def show(self, names: Sequence[str], counts: NDArray[np.int64], accuracies: NDArray[np.float64]) -> None:
        """Draw another matrix."""
        if tuple(names) != self.names:
            self.names = tuple(names)
            self._fit_letters()
        self.counts, self.accuracies = counts, accuracies
        self.update()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.update()

    def resizeEvent(self, event: Any) -> None:
        """Choose letters that fit; called by Qt."""
        super().resizeEvent(event)
        self._fit_letters()

    def field(self) -> QRectF:
        """Return where the cells are."""
        line, area = self._metrics.lineSpacing(), QRectF(self.rect())
        wide = max((self._metrics.horizontalAdvance(name) for name in self.names), default=0.0)
        left = max(min(wide, NAMES_SHARE * area.width()), self._metrics.horizontalAdvance("truth")) + 2 * GAP_PX
        right = self._metrics.horizontalAdvance("100.0%") + 2 * GAP_PX
        top = 2 * line + GAP_PX
        return area.adjusted(left, top, -right, -GAP_PX)

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """Return row and column of the cell at `place`; None where there is none."""
        field, classes = self.field(), len(self.names)
        if not classes or not field.contains(place):
            return None
        row = int((place.y() - field.top()) / field.height() * classes)
        column = int((place.x() - field.left()) / field.width() * classes)
        return min(row, classes - 1), min(column, classes - 1)

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw; called by Qt."""
        field, classes = self.field(), len(self.names)
        if not classes or field.width() < classes or field.height() < classes:
            return
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        height, width = field.height() / classes, field.width() / classes
        edges_x = np.round(field.left() + width * np.arange(classes + 1))
        edges_y = np.round(field.top() + height * np.arange(classes + 1))
        widest = self._metrics.horizontalAdvance(f"{int(self.counts.max()):,}")
        numbers = widest <= width - 4 and self._metrics.height() <= height
        colours = self._colours()
        for row in range(classes):
            for column in range(classes):
                cell = QRectF(QPointF(edges_x[column], edges_y[row]), QPointF(edges_x[column + 1], edges_y[row + 1]))
                self._paint_cell(painter, cell, row, column, colours[row, column], numbers=numbers)
        painter.setPen(QPen(QColor(self._style.muted), 1.0))
        painter.drawRect(QRectF(QPointF(edges_x[0], edges_y[0]), QPointF(edges_x[-1], edges_y[-1])))
        self._paint_names(painter, field, height, width)

    def _paint_cell(
        self, painter: QPainter, cell: QRectF, row: int, column: int, colour: NDArray[np.float64], *, numbers: bool
    ) -> None:
        count = int(self.counts[row, column])
        painter.fillRect(cell, QColor(*(int(part) for part in colour)))
        if min(cell.width(), cell.height()) > 2 * GAP_PX:
            painter.setPen(QPen(QColor(self._style.grid), 1.0))
            painter.drawRect(cell)
        if numbers and count:
            painter.setPen(QColor(_letters_on(colour)))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{count:,}")

    def _colours(self) -> NDArray[np.float64]:
        """Return the colours of the cells [classes, classes, 3]."""
        share = self.counts / np.maximum(self.counts.sum(1, keepdims=True), 1)
        strength = (share**GAMMA)[..., np.newaxis]
        right = np.eye(len(self.counts), dtype=bool)[..., np.newaxis]
        full = np.where(right, rgb_of(self._style.series[0]), rgb_of(self._style.series[1]))
        mixed: NDArray[np.float64] = strength * full + (1 - strength) * rgb_of(self._style.background)
        return mixed.round()

    def _paint_names(self, painter: QPainter, field: QRectF, height: float, width: float) -> None:
        line, end = self._metrics.lineSpacing(), QRectF(self.rect()).right() - field.right() - GAP_PX
        # of many classes every so many are named
        every = max(int(np.ceil(self._metrics.ascent() / height)), 1)
        right_of = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(self._style.foreground))
        for row in range(0, len(self.names), every):
            middle = field.top() + (row + 0.5) * height
            place = QRectF(GAP_PX, middle - line / 2, field.left() - 2 * GAP_PX, line)
            painter.drawText(place, right_of, self._cut(self.names[row], place.width()))
            share, place = self.accuracies[row], QRectF(field.right(), middle - line / 2, end, line)
            painter.drawText(place, right_of, "–" if np.isnan(share) else f"{share:.1%}")
        needed = max((self._metrics.horizontalAdvance(name) for name in self.names), default=1.0)
        shown = min(needed, max(width - 4, self._metrics.horizontalAdvance("mm…")))
        every = max(int(np.ceil((shown + 4) / width)), 1)
        for column in range(0, len(self.names), every):
            middle = field.left() + (column + 0.5) * width
            place = QRectF(middle - every * width / 2, field.top() - line - 2, every * width, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._cut(self.names[column], place.width() - 2))
        painter.setPen(QColor(self._style.muted))
        above = QRectF(field.left(), field.top() - 2 * line - 3, field.width(), line)
        painter.drawText(above, Qt.AlignmentFlag.AlignCenter, self._cut("taken for", above.width()))
        corner = QRectF(GAP_PX, field.top() - line - 2, field.left() - 2 * GAP_PX, line)
        painter.drawText(corner, right_of, self._cut("truth", corner.width()))
        last = QRectF(field.right(), field.top() - line - 2, end, line)
        painter.drawText(last, right_of, self._cut("right", end))

    def _fit_letters(self) -> None:
        """Take the largest letters of which each row has room for a line, within limits."""
        for size in np.arange(LARGEST_PT, SMALLEST_PT - 0.1, -0.5):
            self._font.setPointSizeF(float(size))
            self._metrics = QFontMetricsF(self._font)
            if self._metrics.height() * max(len(self.names), 1) <= self.field().height():
                return

    def _cut(self, text: str, width: float) -> str:
        return self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0.0))


def _letters_on(colour: NDArray[np.float64]) -> str:
    """Return the colour of letters that stand out most from `colour` [3], by the contrast of WCAG 2."""
    dark, light, ground = (_luminance(each) for each in (rgb_of(DARK_LETTERS), rgb_of(LIGHT_LETTERS), colour))
    return LIGHT_LETTERS if (light + 0.05) / (ground + 0.05) >= (ground + 0.05) / (dark + 0.05) else DARK_LETTERS


def _luminance(colour: NDArray[np.float64]) -> float:
    share = colour / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.array([0.2126, 0.7152, 0.0722]))
