"""The verdict in one sentence and in large type, with its mark; pressed, it opens all of the verdict."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QHBoxLayout,
    QSizePolicy,
    QStyle,
    QStyleOptionFocusRect,
    QVBoxLayout,
    QWidget,
)

from gradviz.app.header.elided_text import ElidedText
from gradviz.app.theme import GRID_PX, Type, font_of
from gradviz.app.verdict.judgement import Judgement
from gradviz.app.verdict.severity_mark import WORDS, SeverityMark
from gradviz.diagnosis.words import capitalised
from gradviz.plots.parts.style import Style

MARK_PX = 36
NOTHING = "Set up a network at the left, and press Start to train it"
NO_VERDICT = "What is wrong with the network, in a sentence, once there is something to judge"
MOST_NAMED = 2


class VerdictButton(QAbstractButton):
    """Mark, sentence, and below it what else was found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mark = SeverityMark(MARK_PX)
        self.sentence, self.more = ElidedText(2), ElidedText(1, QPalette.ColorRole.PlaceholderText)
        self.sentence.setFont(font_of(Type.LARGE, bold=True))
        self.more.setFont(font_of(Type.SMALL))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        lines = QVBoxLayout()
        lines.setSpacing(GRID_PX // 2)
        lines.addStretch(1)
        lines.addWidget(self.sentence)
        lines.addWidget(self.more)
        lines.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        row.setSpacing(3 * GRID_PX)
        row.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(lines, 1)
        for part in (self.mark, self.sentence, self.more):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.show_judgement(Judgement(), "")

    def show_judgement(self, judgement: Judgement, about: str) -> None:
        """Say the worst finding in a sentence, and below it what it is `about` and what else was found."""
        worst = judgement.worst
        self.mark.setVisible(worst is not None)
        self.mark.show_severity(judgement.severity)
        sentence = capitalised(worst.headline, worst.names) if worst is not None else NOTHING
        others = [each.headline.partition(":")[0] for each in judgement.verdict[1:]]
        named = [*others[:MOST_NAMED], *([f"{len(others) - MOST_NAMED} more"] if len(others) > MOST_NAMED else [])]
        also = f"also {', '.join(named)}" if named else ""
        self.sentence.say(sentence)
        self.more.say(" · ".join(part for part in (_where(judgement), about, also) if part))
        self.setText(sentence)
        severity = WORDS[judgement.severity]
        self.setAccessibleName(f"verdict: {severity}: {sentence}" if worst is not None else sentence)
        self.setToolTip(
            f"{judgement.verdict.line}\nClick to see why, and what to try" if worst is not None else NO_VERDICT
        )
        self.setEnabled(worst is not None)

    def apply_style(self, style: Style) -> None:
        """Recolour the mark."""
        self.mark.apply_style(style)

    def sizeHint(self) -> QSize:
        """Ask for the height of its lines."""
        layout = self.layout()
        assert layout is not None
        return QSize(240, layout.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw where the mouse or the keyboard is; the parts draw themselves."""
        painter = QPainter(self)
        if self.underMouse() and self.isEnabled():
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            colour.setAlpha(24)
            painter.fillRect(self.rect(), colour)
        if self.hasFocus():
            option = QStyleOptionFocusRect()
            option.initFrom(self)
            self.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, option, painter, self)


def _where(judgement: Judgement) -> str:
    """Say which step and layers it is about."""
    part = f"layers {judgement.part[0]} to {judgement.part[1]} only" if judgement.part is not None else ""
    if judgement.step is None:
        return part
    step = "before training" if judgement.step == 0 else f"at step {judgement.step:,}"
    return ", ".join(words for words in (step, part) if words)
