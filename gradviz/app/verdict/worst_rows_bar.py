"""The worst rows side by side: number, severity score, and a bar; a click goes there."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gradviz.app.verdict.severity_mark import colour_of
from gradviz.diagnosis import Severity
from gradviz.diagnosis.severity_scores import MOST
from gradviz.plots.parts.style import LIGHT, Style

SHOWN = 10
BAR_HEIGHT_PX = 26
WIDEST_PX = 64
GAP_PX = 3
CAPTION = "Worst layers by severity score; 1 and above passes a threshold"
TIP = (
    "The severity score is the largest of gradient, update ratio, dead and saturated units, each divided by its "
    "threshold. The line at half height is the threshold"
)


class RowButton(QAbstractButton):
    """One row: its severity score above its bar, its number below."""

    def __init__(self) -> None:
        super().__init__()
        self.row, self.score, self.name = 0, 0.0, ""
        self.setAccessibleName("no layer yet")
        self.setToolTip(TIP)
        self._style = LIGHT
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(WIDEST_PX)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        self.setFont(font)

    def show_row(self, row: int, score: float, name: str = "") -> None:
        """Show another row, which is called `name` in words, or another score."""
        name = name or f"layer {row}"
        if (row, score, name) == (self.row, self.score, self.name):
            return
        self.row, self.score, self.name = row, score, name
        self.setAccessibleName(f"Go to {name}, severity score {in_words(score)}")
        self.setToolTip(f"Go to {name}. {_meaning(score)}")
        self.update()

    def apply_style(self, style: Style) -> None:
        """Recolour the bar."""
        self._style = style
        self.update()

    def sizeHint(self) -> QSize:
        """Return room for a number of four digits."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("0000") + 6, 2 * (metrics.height() + GAP_PX) + BAR_HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        """Return the same: no number is cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw number, bar and number."""
        painter = QPainter(self)
        palette, line, area = self.palette(), self.fontMetrics().height(), QRectF(self.rect())
        if self.underMouse() or self.isDown() or self.hasFocus():
            painter.fillRect(self.rect(), palette.color(QPalette.ColorRole.AlternateBase))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(QRectF(0, 0, area.width(), line), Qt.AlignmentFlag.AlignCenter, in_words(self.score))
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        below = QRectF(0, area.height() - line, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(self.row))
        self._draw_bar(painter, line + GAP_PX)
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw_bar(self, painter: QPainter, top: float) -> None:
        width = min(self.width() - 8, 20)
        left = (self.width() - width) / 2
        height = BAR_HEIGHT_PX * filled(self.score)
        passed = self.score >= 1.0
        colour = colour_of(Severity.WARNING, self._style) if passed else self._style.muted
        painter.fillRect(QRectF(left, top + BAR_HEIGHT_PX - height, width, height), QColor(colour))
        # the threshold, drawn beside the bar so that it is visible on any colour
        painter.setPen(QColor(self._style.foreground))
        middle = round(top + BAR_HEIGHT_PX / 2)
        painter.drawLine(round(left) - 3, middle, round(left + width) + 2, middle)


class WorstRowsBar(QWidget):
    """The worst rows, the worst at the left. `layer_wanted` carries the number of the one that was chosen."""

    layer_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        caption = QLabel(CAPTION)
        caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        caption.setToolTip(TIP)
        row = QHBoxLayout()
        row.setSpacing(2)
        # the arrows go from one to the next
        group = QButtonGroup(self)
        group.setExclusive(False)
        self.buttons = [RowButton() for _ in range(SHOWN)]
        for button in self.buttons:
            group.addButton(button)
            row.addWidget(button, 8)
            button.hide()
            button.clicked.connect(lambda _checked=False, button=button: self.layer_wanted.emit(button.row))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(caption)
        column.addLayout(row)

    def show_ranking(
        self,
        rows: NDArray[np.int64],
        scores: NDArray[np.float64],
        name_of: Callable[[int], str] = "layer {}".format,
    ) -> None:
        """Show rows, the worst first, with the score of each; as many as there is room for."""
        for index, button in enumerate(self.buttons):
            if index < rows.size:
                row = int(rows[index])
                button.show_row(row, float(scores[index]), name_of(row))
            button.setVisible(index < rows.size)

    def apply_style(self, style: Style) -> None:
        """Recolour the bars."""
        for button in self.buttons:
            button.apply_style(style)


def filled(score: float) -> float:
    """Return how much of its bar a score fills, from 0 to 1: half where a threshold is just reached."""
    return score / (1.0 + score)


def in_words(score: float) -> str:
    """Write a score in at most four characters, rounded down so that 1 is only what reaches it."""
    if score >= MOST:
        return "∞"
    if score >= 1000.0:
        exponent = math.floor(math.log10(score))
        return f"{math.floor(score / 10**exponent)}e{exponent}"
    return f"{score:.0f}" if score == 0.0 else str(math.floor(score * 10.0) / 10.0)[:4].removesuffix(".")


def _meaning(score: float) -> str:
    if score >= MOST:
        return "Its gradient is exactly zero or not a finite number"
    return f"It is {score:.3g} times as far off as the threshold allows"
