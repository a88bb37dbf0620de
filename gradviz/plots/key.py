"""The key to a plot: what its marks and colours mean, in as many lines as the width asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

GAP_PX = 16.0
MARK_GAP_PX = 5.0
MARGIN_PX = 8.0


class Key(pg.GraphicsWidget):  # type: ignore[misc]
    """Entries of a mark in its colour and words beside it, outside the plot so that nothing is covered."""

    def __init__(self, size_pt: float = 8.5) -> None:
        super().__init__()
        self.entries: tuple[tuple[str, str, str], ...] = ()
        self._colour = QColor()
        self._font = QFont()
        self._font.setPointSizeF(size_pt)
        self._metrics = QFontMetricsF(self._font)
        self._fit()

    def show_entries(self, entries: Sequence[tuple[str, str, str]], colour: str) -> None:
        """Show entries of (mark, colour of the mark, words), the words in `colour`."""
        if (tuple(entries), QColor(colour)) != (self.entries, self._colour):
            self.entries, self._colour = tuple(entries), QColor(colour)
            self._fit()
            self.update()

    def resizeEvent(self, event: Any) -> None:
        """Break the lines anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw; called by Qt."""
        painter.setFont(self._font)
        for place, (mark, colour, words) in zip(self._places(), self.entries, strict=True):
            painter.setPen(QColor(colour))
            painter.drawText(place, mark)
            painter.setPen(self._colour)
            painter.drawText(place + QPointF(self._metrics.horizontalAdvance(mark) + MARK_GAP_PX, 0), words)

    def _places(self) -> Iterator[QPointF]:
        """Yield where each entry begins, on its base line."""
        left, base = MARGIN_PX, self._metrics.ascent()
        for mark, _, words in self.entries:
            width = self._metrics.horizontalAdvance(mark) + MARK_GAP_PX + self._metrics.horizontalAdvance(words)
            if left > MARGIN_PX and left + width > self.width() - MARGIN_PX:
                left, base = MARGIN_PX, base + self._metrics.lineSpacing()
            yield QPointF(left, base)
            left += width + GAP_PX

    def _fit(self) -> None:
        last = max((place.y() for place in self._places()), default=self._metrics.ascent())
        height = last + self._metrics.descent() + 2
        if height != self.minimumHeight():
            self.setFixedHeight(height)
