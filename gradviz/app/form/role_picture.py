"""Small drawings beside the large controls: the curve of an activation, and how a shortcut joins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from gradviz.experiment.fields import Role

SIZE = QSize(56, 40)
REACH = 3.0
POINTS = 61
# what an activation with that leak makes of each of the inputs
Curve = Callable[[str, float, Sequence[float]], Sequence[float]]
# how a branch joins the shortcut, where the word is known; every other one adds
JOINS = {"scaled": "×s", "rezero": "×α", "highway": "T", "pre_activation": "+"}


class RolePicture(QWidget):
    """Draws the value of the field with that role. Curves appear once there is something that knows them."""

    def __init__(self, role: Role) -> None:
        super().__init__()
        self.role, self.word, self.leak = role, "", 0.0
        self.curve: Curve | None = None
        self.setFixedSize(SIZE)
        self.setVisible(role in ("activation", "shortcut"))

    def show_value(self, word: str, leak: float = 0.0) -> None:
        """Draw another value; `leak` is the slope of leaky ReLU."""
        self.word, self.leak = word, leak
        self.update()

    def show_curve(self, curve: Curve) -> None:
        """Draw curves from now on."""
        self.curve = curve
        self.update()

    def points(self) -> list[tuple[float, float]]:
        """Return the curve from -REACH to REACH; empty where it is not known."""
        if self.curve is None or self.role != "activation" or not self.word:
            return []
        inputs = [REACH * (2 * number / (POINTS - 1) - 1) for number in range(POINTS)]
        return list(zip(inputs, map(float, self.curve(self.word, self.leak, inputs)), strict=True))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw curve or shortcut; called by Qt."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(self._muted(90))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(frame, 4, 4)
        if self.role == "activation":
            self._draw_curve(painter, frame.adjusted(4, 4, -4, -4))
        else:
            self._draw_shortcut(painter, frame)

    def _draw_curve(self, painter: QPainter, frame: QRectF) -> None:
        points = self.points()
        if not points:
            return
        values = [value for _, value in points]
        low, high = min(*values, 0.0), max(*values, 0.0)
        span = max(high - low, 1e-9)

        def place(x: float, y: float) -> QPointF:
            across = frame.left() + (x + REACH) / (2 * REACH) * frame.width()
            return QPointF(across, frame.bottom() - (y - low) / span * frame.height())

        painter.setPen(self._muted(120))
        painter.drawLine(place(-REACH, 0), place(REACH, 0))
        painter.drawLine(place(0, low), place(0, high))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawPolyline(QPolygonF([place(x, y) for x, y in points]))

    def _draw_shortcut(self, painter: QPainter, frame: QRectF) -> None:
        y, left, right = frame.bottom() - 13, frame.left() + 6, frame.right() - 6
        box = QRectF(frame.center().x() - 11, y - 7, 22, 14)
        text = self.palette().color(QPalette.ColorRole.Text)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        painter.setPen(QPen(text, 1.5))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(box, 3, 3)
        if self.word in ("", "none"):
            return
        path = QPainterPath(QPointF(left + 3, y))
        path.cubicTo(QPointF(left + 4, y - 26), QPointF(right - 10, y - 26), QPointF(right - 6, y - 4))
        painter.setPen(QPen(accent, 2))
        painter.setBrush(QColor(0, 0, 0, 0))
        painter.drawPath(path)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawEllipse(QPointF(right - 5, y), 4, 4)
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 0.75)
        painter.setFont(font)
        painter.setPen(text)
        painter.drawText(QRectF(frame.left(), frame.top() + 1, frame.width() - 4, 12), 0x82, JOINS.get(self.word, "+"))

    def _muted(self, alpha: int) -> QColor:
        colour = QColor(self.palette().color(QPalette.ColorRole.PlaceholderText))
        colour.setAlpha(alpha)
        return colour
