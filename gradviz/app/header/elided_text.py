"""Words in as many lines as there is room for, cut at the end of the last; all of them are in the tooltip."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette, QResizeEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QSizePolicy, QWidget


def broken(words: str, font: QFont, width: float, lines: int) -> list[str]:
    """Break words into so many lines of `width` pixels at most; what does not fit is cut off with an ellipsis."""
    layout = QTextLayout(words, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    found: list[str] = []
    while len(found) < lines and (line := layout.createLine()).isValid():
        line.setLineWidth(max(width, 1.0))
        start = line.textStart()
        whole = words[start:] if len(found) == lines - 1 else words[start : start + line.textLength()]
        found.append(QFontMetricsF(font).elidedText(whole.strip(), Qt.TextElideMode.ElideRight, width))
    layout.endLayout()
    return found


class ElidedText(QWidget):
    """As high as the lines that it fills, of which it has `lines` at most; it asks for no width."""

    def __init__(self, lines: int, role: QPalette.ColorRole = QPalette.ColorRole.WindowText) -> None:
        super().__init__()
        self._words, self._lines = "", lines
        self.setForegroundRole(role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def words(self) -> str:
        """All of the words."""
        return self._words

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for all of the words."""
        return "".join(self._broken()).replace(" ", "") != self._words.replace(" ", "")

    def say(self, words: str, tip: str = "") -> None:
        """Show `words`; `tip` is added to them in the tooltip."""
        self.setToolTip("\n".join(part for part in (words, tip) if part))
        if words != self._words:
            self._words = words
            self.setAccessibleName(words)
            self._fit()

    def sizeHint(self) -> QSize:
        """Return the height of all lines that there may be."""
        return QSize(0, self._lines * self.fontMetrics().lineSpacing())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lines from the top."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        metrics = self.fontMetrics()
        for number, line in enumerate(self._broken()):
            painter.drawText(QPointF(0, metrics.ascent() + number * metrics.lineSpacing()), line)

    def _fit(self) -> None:
        self.setFixedHeight(max(len(self._broken()), 1) * self.fontMetrics().lineSpacing())
        self.update()

    def _broken(self) -> list[str]:
        return broken(self._words, self.font(), self.width(), self._lines)
