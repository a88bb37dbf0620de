"""The header: what is wrong in a sentence, how well the network does, what to try, and what came of the last try.

Nothing covers it. It is given what to show, and shows it; `header_wiring` follows the session.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gradviz.app.header.before_after import BeforeAfter
from gradviz.app.header.elided_text import ElidedText
from gradviz.app.header.outcome import Outcome, Score
from gradviz.app.header.verdict_button import VerdictButton
from gradviz.app.theme import GRID_PX, Type, font_of
from gradviz.diagnosis import Remedy
from gradviz.plots.parts.style import LIGHT, Style

NARROWEST_TRY_PX, WIDEST_TRY_PX = 216, 380
TRY_TIP = "Changes the form and trains it; what was shown stays for comparison, and Ctrl+Z takes the change back"


class ScoreBlock(QWidget):
    """The score in the largest letters of the window, above what it is."""

    def __init__(self) -> None:
        super().__init__()
        self.value, self.caption = QLabel(), QLabel()
        self.setToolTip("How well the network does on samples that it was never trained on")
        self.value.setFont(font_of(Type.HUGE, bold=True))
        self.caption.setFont(font_of(Type.SMALL))
        self.caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addStretch(1)
        column.addWidget(self.value)
        column.addWidget(self.caption)
        column.addStretch(1)

    def show_score(self, score: Score | None) -> None:
        """Show a score; nothing where there is none."""
        self.setVisible(score is not None)
        if score is not None:
            self.value.setText(score.text)
            self.caption.setText(score.name)
            self.setToolTip(f"{score.name.capitalize()} at step {score.step:,}")
            self.setAccessibleName(f"{score.name}: {score.text}")


class TryBlock(QWidget):
    """What to try, and a button that does it. `wanted` carries the Remedy."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.remedy: Remedy | None = None
        self.words = ElidedText(2)
        self.words.setFont(font_of(Type.SMALL))
        self.button = QPushButton("&Try this")
        self.button.setToolTip(TRY_TIP)
        self.button.clicked.connect(lambda: self.wanted.emit(self.remedy))
        self.setToolTip("What to try against the worst finding")
        self.setMinimumWidth(NARROWEST_TRY_PX)
        self.setMaximumWidth(WIDEST_TRY_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID_PX)
        column.addStretch(1)
        column.addWidget(self.words)
        column.addWidget(self.button)
        column.addStretch(1)

    def show_remedy(self, remedy: Remedy | None, words: str, *, can_train: bool) -> None:
        """Offer a remedy; `words` alone are advice, and nothing is offered without them."""
        self.remedy = remedy
        self.setVisible(bool(words))
        self.words.say(words)
        self.button.setVisible(can_train)
        self.button.setAccessibleName(f"try this and train: {words}")

    def apply_style(self, style: Style) -> None:
        """Let the button stand out: it is what there is to do next."""
        palette = QPalette()
        for role, colour in (
            (QPalette.ColorRole.Button, style.accent),
            (QPalette.ColorRole.ButtonText, style.background),
        ):
            palette.setColor(role, QColor(colour))
        self.button.setPalette(palette)


class HeaderBar(QFrame):
    """Verdict, score, and what to try, from left to right; beside a run before, both stand side by side.

    `verdict_wanted` asks to see all of the verdict, `tried` carries a Remedy that is to be trained.
    """

    verdict_wanted = Signal()
    tried = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.verdict, self.score = VerdictButton(), ScoreBlock()
        self.change, self.attempt = BeforeAfter(), TryBlock()
        self.verdict.clicked.connect(self.verdict_wanted)
        self.attempt.wanted.connect(self.tried)
        self.setObjectName("header")
        self.setAccessibleName("verdict and score")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, 0, 3 * GRID_PX, 0)
        row.setSpacing(4 * GRID_PX)
        row.addWidget(self.verdict, 3)
        for part in (self.change, self.score):
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.attempt, 1)
        self.show_outcomes(None, None)
        self.attempt.show_remedy(None, "", can_train=False)
        self.apply_style(LIGHT)

    def show_outcomes(self, before: Outcome | None, after: Outcome | None) -> None:
        """Show the score of a run, beside that of the one before it if there is one."""
        both = before is not None and after is not None
        self.change.setVisible(both)
        self.score.show_score(after.score if after is not None and not both else None)
        if before is not None and after is not None:
            self.change.show_outcomes(before, after)

    def apply_style(self, style: Style) -> None:
        """Recolour marks and profiles."""
        self.verdict.apply_style(style)
        self.change.apply_style(style)
        self.attempt.apply_style(style)

    def in_tab_order(self) -> list[QWidget]:
        """Return what takes the keyboard, from left to right."""
        return [self.verdict, self.attempt.button]
