"""A line that says what just happened, and lets it be taken back."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget


class NoticeStrip(QFrame):
    """Hidden until there is something to say. `acted` tells that the person wants it taken back."""

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAccessibleName("what just happened")
        self.words.setToolTip("What just happened")
        self.button = QPushButton("&Undo")
        self.button.setToolTip("Take it back (Ctrl+Z in the list)")
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

    def say(self, words: str, *, undoable: bool) -> None:
        """Show `words`, and the button where it can be taken back; nothing where `words` is empty."""
        self.words.setText(words)
        self.button.setVisible(undoable)
        self.setVisible(bool(words))
