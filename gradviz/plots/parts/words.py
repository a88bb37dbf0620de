"""A line or paragraph of text among plots, which never asks for more room than there is."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget


class Words(pg.GraphicsWidget):  # type: ignore[misc]
    """Text in the middle of its cell: one line cut with an ellipsis, or wrapped into `lines` lines (0: any number)."""

    def __init__(self, lines: int = 1, size_pt: float = 9.0) -> None:
        super().__init__()
        self.text = ""
        self._wraps = lines != 1
        self._colour = QColor()
        self._font = QFont()
        self._font.setPointSizeF(size_pt)
        if lines:
            self.setFixedHeight(lines * QFontMetricsF(self._font).lineSpacing() + 4)

    @property
    def line_px(self) -> float:
        """Height of a line."""
        return QFontMetricsF(self._font).lineSpacing()

    @property
    def is_cut(self) -> bool:
        """Whether a single line has less room than it needs."""
        return not self._wraps and QFontMetricsF(self._font).horizontalAdvance(self.text) > self.rect().width() - 16

    def say(self, text: str) -> None:
        """Show `text`, which is plain text."""
        if text != self.text:
            self.text = text
            self.update()

    def set_colour(self, colour: str) -> None:
        """Write in `colour` (`#rrggbb`) from now on."""
        self._colour = QColor(colour)
        self.update()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw; called by Qt."""
        painter.setFont(self._font)
        painter.setPen(self._colour)
        area = QRectF(self.rect()).adjusted(8, 0, -8, 0)
        if self._wraps:
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.text)
        else:
            line = QFontMetricsF(self._font).elidedText(self.text, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, line)
