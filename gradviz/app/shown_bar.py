"""The line above the plots: which run or preview they show, and how to see the other one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from gradviz.app.session.phase import Phase
from gradviz.app.session.shown import Shown
from gradviz.app.session.state import SessionState

BAR_HEIGHT_PX = 36
TINT, EDGE_PX = 0.14, 2


class ShownBar(QFrame):
    """Says what is shown, and offers `preview`, the action that changes between preview and run, where it helps.

    A preview is tinted, so that nobody takes it for a run, and can be trained from here by the action `start`.
    """

    def __init__(self, preview: QAction, start: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.hint, self.button = QLabel(), QLabel(), QToolButton()
        self.train = QPushButton("Tra&in this")
        self.train.setToolTip("Train what is set on the form from its initialisation, as Start does")
        self.train.clicked.connect(start.trigger)
        start.changed.connect(lambda: self.train.setEnabled(start.isEnabled()))
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.title.setToolTip("What all plots show, and what is exported")
        self.hint.setToolTip("How the form relates to what the plots show")
        self.hint.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label in (self.title, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.button.setDefaultAction(preview)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setMinimumHeight(BAR_HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 8, 2)
        row.setSpacing(8)
        row.addWidget(self.title, 3)
        row.addWidget(self.hint, 2)
        row.addWidget(self.train)
        row.addWidget(self.button)
        self.refresh(Shown(), SessionState())

    def refresh(self, shown: Shown, state: SessionState) -> None:
        """Say what is shown and what else there is."""
        self.title.setText(title_of(shown))
        hint = hint_of(state)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.button.setVisible(_offers_other(state))
        self._tinted = shown.kind == "preview"
        self.train.setVisible(self._tinted and not state.phase.busy)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tint what is no run; called by Qt."""
        super().paintEvent(event)
        if self._tinted:
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            painter = QPainter(self)
            painter.fillRect(0, self.height() - EDGE_PX, self.width(), EDGE_PX, accent)
            accent.setAlphaF(TINT)
            painter.fillRect(self.rect(), accent)
            painter.end()


def title_of(shown: Shown) -> str:
    """Say in a few words what is shown."""
    if shown.waiting_for:
        return f"Waiting for {shown.waiting_for}"
    if shown.kind == "preview":
        return f"Preview of what is set now, before training: {shown.name}"
    if shown.kind == "run":
        return f"Run of your script: {shown.name}" if shown.watched else f"Run: {shown.name}"
    return "Nothing to show yet"


def hint_of(state: SessionState) -> str:
    """Say how the form differs from the run that is shown; empty where it does not."""
    if not state.form_differs:
        return ""
    if not state.phase.busy or state.phase is Phase.STOPPING:
        return "The form differs from this run"
    return f"The form differs from this run; {'Start' if state.phase.follows else 'Restart'} trains it"


def _offers_other(state: SessionState) -> bool:
    if state.phase.busy:
        return False
    return state.form_differs or (state.shown == "preview" and state.has_run)
