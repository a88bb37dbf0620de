"""The worst layers side by side: number, how bad, and a bar; a click goes there."""

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
from gradviz.diagnosis.layer_ranking import MOST
from gradviz.plots.parts.style import LIGHT, Style

SHOWN = 10
BAR_HEIGHT_PX = 26
WIDEST_PX = 64
GAP_PX = 3
CAPTION = "Worst layers; from 1 on, a threshold is passed"
TIP = (
    "How bad a layer is: gradient, update ratio, dead and saturated units, each over its threshold, and of these the "
    "largest. The line across half the height is the threshold"
)


class LayerButton(QAbstractButton):
    """One layer: how bad it is above its bar, its number below."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.badness, self.name = 0, 0.0, ""
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

    def show_layer(self, layer: int, badness: float, name: str = "") -> None:
        """Show another layer, which is called `name` in words, or another badness."""
        name = name or f"layer {layer}"
        if (layer, badness, name) == (self.layer, self.badness, self.name):
            return
        self.layer, self.badness, self.name = layer, badness, name
        self.setAccessibleName(f"Go to {name}, badness {in_words(badness)}")
        self.setToolTip(f"Go to {name}. {_meaning(badness)}")
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
        painter.drawText(QRectF(0, 0, area.width(), line), Qt.AlignmentFlag.AlignCenter, in_words(self.badness))
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        below = QRectF(0, area.height() - line, area.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(self.layer))
        self._draw_bar(painter, line + GAP_PX)
        if self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw_bar(self, painter: QPainter, top: float) -> None:
        width = min(self.width() - 8, 20)
        left = (self.width() - width) / 2
        height = BAR_HEIGHT_PX * filled(self.badness)
        passed = self.badness >= 1.0
        colour = colour_of(Severity.WARNING, self._style) if passed else self._style.muted
        painter.fillRect(QRectF(left, top + BAR_HEIGHT_PX - height, width, height), QColor(colour))
        # where the threshold lies: beside the bar, so that it is seen on any colour
        painter.setPen(QColor(self._style.foreground))
        middle = round(top + BAR_HEIGHT_PX / 2)
        painter.drawLine(round(left) - 3, middle, round(left + width) + 2, middle)


class WorstLayersBar(QWidget):
    """The worst layers, the worst at the left. `layer_wanted` carries the number of the one that was chosen."""

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
        self.buttons = [LayerButton() for _ in range(SHOWN)]
        for button in self.buttons:
            group.addButton(button)
            row.addWidget(button, 8)
            button.hide()
            button.clicked.connect(lambda _checked=False, button=button: self.layer_wanted.emit(button.layer))
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(caption)
        column.addLayout(row)

    def show_ranking(
        self,
        layers: NDArray[np.int64],
        badness: NDArray[np.float64],
        name_of: Callable[[int], str] = "layer {}".format,
    ) -> None:
        """Show layers, the worst first, and how bad each of them is; as many as there is room for."""
        for index, button in enumerate(self.buttons):
            if index < layers.size:
                layer = int(layers[index])
                button.show_layer(layer, float(badness[index]), name_of(layer))
            button.setVisible(index < layers.size)

    def apply_style(self, style: Style) -> None:
        """Recolour the bars."""
        for button in self.buttons:
            button.apply_style(style)


def filled(badness: float) -> float:
    """Return how much of its bar a badness fills, from 0 to 1: half where a threshold is just reached."""
    return badness / (1.0 + badness)


def in_words(badness: float) -> str:
    """Write a badness in at most four characters, rounded down so that 1 is only what reaches it."""
    if badness >= MOST:
        return "∞"
    if badness >= 1000.0:
        exponent = math.floor(math.log10(badness))
        return f"{math.floor(badness / 10**exponent)}e{exponent}"
    return f"{badness:.0f}" if badness == 0.0 else str(math.floor(badness * 10.0) / 10.0)[:4].removesuffix(".")


def _meaning(badness: float) -> str:
    if badness >= MOST:
        return "What it delivers is exactly zero or not a finite number"
    return f"It is {badness:.3g} times as far off as a threshold allows"
