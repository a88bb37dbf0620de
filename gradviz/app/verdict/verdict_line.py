"""The verdict in one line, always visible; a click opens the panel with all of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from gradviz.plots.parts.style import LIGHT, Style

MARGIN_PX = 16


class VerdictLine(QPushButton):
    """As much of the verdict as fits; all of it is in the tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self.setFlat(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("verdict in one line")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.apply_style(LIGHT)
        self.say("")

    @property
    def words(self) -> str:
        """The whole line."""
        return self._words

    def say(self, words: str) -> None:
        """Show `words`."""
        self._words = words
        self.setToolTip(f"{words}\nClick to see why, and what to try" if words else "What is wrong with the run")
        self._fit()

    def apply_style(self, style: Style) -> None:
        """Write in the colour of `style`: a widget with a style sheet does not follow a new palette."""
        self.setStyleSheet(
            f"QPushButton {{ text-align: left; border: none; padding: 2px 10px; color: {style.foreground}; }}"
        )

    def sizeHint(self) -> QSize:
        """Ask for a line's height and for no width."""
        return QSize(0, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the line anew; called by Qt."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(self.width() - MARGIN_PX, 0)
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, room))
