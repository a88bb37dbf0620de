"""A line that says what just happened, with one thing to do about it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget


class NoticeStrip(QFrame):
    """Hidden until there is something to say. `acted` tells that the person wants what the button offers."""

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("what just happened")
        self.button = QPushButton()
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setAutoRaise(True)
        self.dismiss.setToolTip("Hide this line")
        self.dismiss.setAccessibleName("hide this line")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 4, 4)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        row.addWidget(self.dismiss)
        self.button.clicked.connect(self.acted)
        self.dismiss.clicked.connect(self.hide)
        self.hide()

    def say(self, words: str, button: str = "") -> None:
        """Show `words` and, if it has words of its own, the button; nothing where `words` is empty."""
        self.words.setText(words)
        self.button.setText(button)
        self.button.setToolTip(f"{button.replace('&', '')}: {words}" if button else "")
        self.button.setVisible(bool(button))
        self.setVisible(bool(words))
