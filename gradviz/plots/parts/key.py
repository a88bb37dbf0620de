"""The key to a plot: what its marks and colours mean, in as many lines as the width asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

# mark, its colour `#rrggbb`, and what it means
KeyEntry = tuple[str, str, str]

# marks that stand for lines are drawn as lines, long and thick enough to tell their colours
STROKES = {
    "—": Qt.PenStyle.SolidLine, "- -": Qt.PenStyle.DashLine, "- ·": Qt.PenStyle.DashDotLine, "· ·": Qt.PenStyle.DotLine,
}  # fmt: skip
STROKE_PX = QSizeF(24.0, 3.0)
GAP_PX = 16.0
MARK_GAP_PX = 5.0
MARGIN_PX = 8.0


class Key(pg.GraphicsWidget):  # type: ignore[misc]
    """Entries of a mark in its colour and words beside it, outside the plot so that nothing is covered.

    Entries stand side by side, or each on a line of its own where they are `stacked`: then the height does not change
    with the numbers in them.
    """

    def __init__(self, size_pt: float = 8.5, *, stacked: bool = False) -> None:
        super().__init__()
        self._stacked = stacked
        self.entries: tuple[KeyEntry, ...] = ()
        self._colour = QColor()
        self._font = QFont()
        self._font.setPointSizeF(size_pt)
        self.metrics = QFontMetricsF(self._font)
        self._fit()

    def stack(self, stacked: bool) -> None:
        """Put each entry on a line of its own, or not, from the next entries on."""
        if stacked != self._stacked:
            self._stacked, self.entries = stacked, ()

    def show_entries(self, entries: Sequence[KeyEntry], colour: str) -> None:
        """Show entries of (mark, colour of the mark, words), the words in `colour`."""
        if (tuple(entries), QColor(colour)) != (self.entries, self._colour):
            # only the words have changed: a plot that is played back would jump with every line more or less
            same_marks = [entry[:1] for entry in entries] == [entry[:1] for entry in self.entries]
            self.entries, self._colour = tuple(entries), QColor(colour)
            self._fit(least=self.minimumHeight() if same_marks else 0.0)
            self.update()

    def resizeEvent(self, event: Any) -> None:
        """Break the lines anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        """Draw; called by Qt."""
        painter.setFont(self._font)
        for place, mark, colour, words in self.pieces():
            if mark in STROKES:
                painter.setPen(QPen(QColor(colour), STROKE_PX.height(), STROKES[mark], Qt.PenCapStyle.FlatCap))
                middle = place - QPointF(0, self.metrics.xHeight() / 2)
                painter.drawLine(middle, middle + QPointF(STROKE_PX.width(), 0))
            else:
                painter.setPen(QColor(colour))
                painter.drawText(place, mark)
            painter.setPen(self._colour)
            painter.drawText(place + QPointF(self._indent(mark), 0), words)

    def pieces(self) -> Iterator[tuple[QPointF, str, str, str]]:
        """Yield (where on its base line, mark, colour, words) of every entry; a long one goes on below its first."""
        left, base = MARGIN_PX, self.metrics.ascent()
        for mark, colour, words in self.entries:
            indent = self._indent(mark)
            room = self.width() - 2 * MARGIN_PX - indent
            width = indent + self.metrics.horizontalAdvance(words)
            if left > MARGIN_PX and (self._stacked or left + width > self.width() - MARGIN_PX):
                left, base = MARGIN_PX, base + self.metrics.lineSpacing()
            for number, line in enumerate(self._broken(words, room)):
                if number:
                    left, base = MARGIN_PX, base + self.metrics.lineSpacing()
                # the mark stands before the first line only, but takes its room before every one
                shown = colour if number == 0 else "#00000000"
                yield QPointF(left, base), mark, shown, line
                width = indent + self.metrics.horizontalAdvance(line)
            left += width + GAP_PX

    def _indent(self, mark: str) -> float:
        return (STROKE_PX.width() if mark in STROKES else self.metrics.horizontalAdvance(mark)) + MARK_GAP_PX

    def _broken(self, words: str, room: float) -> list[str]:
        """Break `words` into lines of at most `room` pixels, between words."""
        lines: list[str] = []
        for word in words.split(" "):
            longer = f"{lines[-1]} {word}" if lines else word
            if lines and self.metrics.horizontalAdvance(longer) <= room:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _fit(self, least: float = 0.0) -> None:
        last = max((place.y() for place, *_ in self.pieces()), default=self.metrics.ascent())
        height = max(last + self.metrics.descent() + 2, least)
        if height != self.minimumHeight():
            self.setFixedHeight(height)
