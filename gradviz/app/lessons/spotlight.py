"""A frame around the places of the window that a lesson speaks of."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

WIDTH_PX = 3.0
ROUND_PX = 6.0
GLOW = ((9.0, 0.10), (6.0, 0.20))


class Spotlight(QWidget):
    """Lies over a window, lets the mouse through, and draws a frame around each of the `lit` widgets."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("")
        self._window = window
        self._lit: list[QWidget] = []
        window.installEventFilter(self)
        self.hide()

    @property
    def lit(self) -> list[QWidget]:
        """The widgets that are lit up."""
        return self._there()

    def light(self, widgets: list[QWidget]) -> None:
        """Light up these widgets, and no others."""
        for widget in self._there():
            widget.removeEventFilter(self)
        self._lit = widgets
        for widget in widgets:
            widget.installEventFilter(self)
        self._place()

    def frames(self) -> list[QRect]:
        """Return the places of the lit widgets that are to be seen, in the coordinates of the window."""
        window = self._window
        return [
            QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
            for widget in self._there()
            if widget.isVisible() and widget.window() is window and not widget.visibleRegion().isEmpty()
        ]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window and the widgets when they move."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            self._place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a frame with a soft edge around each."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        for frame in self.frames():
            inside = QRectF(frame).adjusted(WIDTH_PX, WIDTH_PX, -WIDTH_PX, -WIDTH_PX)
            for width, opacity in (*GLOW, (WIDTH_PX, 1.0)):
                shade = QColor(colour)
                shade.setAlphaF(opacity)
                painter.setPen(QPen(shade, width))
                painter.drawRoundedRect(inside, ROUND_PX, ROUND_PX)
        painter.end()

    def _place(self) -> None:
        self.setGeometry(self._window.rect())
        self.setVisible(bool(self._lit))
        if self._lit:
            self.raise_()
            self.update()

    def _there(self) -> list[QWidget]:
        """Return what is lit and still exists: the fields of another architecture replace those of this one."""
        return [widget for widget in self._lit if isValid(widget)]
