"""Two runs side by side in little room: mark and score of each, and its profile over the layers, on one scale."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from gradviz.app.header.outcome import Outcome, Profile
from gradviz.app.theme import GRID_PX, Type, font_of
from gradviz.app.verdict.severity_mark import WORDS, SeverityMark
from gradviz.plots.parts.style import LIGHT, Style

PROFILE_PX = QSize(76, 36)
MARK_PX = 16
Span = tuple[float, float]


class ProfilePicture(QWidget):
    """The profile of a run as an area: the first layer at the left. It has no axis; numbers are in the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.profile: Profile | None = None
        self.span: Span = (0.0, 1.0)
        self._style = LIGHT
        self.setFixedSize(PROFILE_PX)

    def show_profile(self, profile: Profile | None, span: Span) -> None:
        """Show values between the ends of a scale; what is not finite is left out."""
        self.profile, self.span = profile, span
        self.update()

    def apply_style(self, style: Style) -> None:
        """Draw in the first colour of the plots."""
        self._style = style
        self.update()

    def heights(self) -> list[float]:
        """Return how high the area is in each column of pixels, as a share of its height; NaN where nothing is."""
        if self.profile is None or not len(self.profile):
            return []
        low, high = self.span
        rows = np.linspace(0, len(self.profile) - 1, self.width()).round().astype(int)
        values = np.asarray(self.profile, np.float64)[rows]
        shares = np.clip((values - low) / max(high - low, 1e-9), 0.02, 1.0)
        return [float(share) for share in np.where(np.isfinite(values), shares, np.nan)]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the area."""
        painter = QPainter(self)
        colour, bottom = QColor(self._style.series[0]), float(self.height())
        painter.fillRect(self.rect(), QColor(self._style.grid).darker(105))
        painter.fillRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), QColor(self._style.background))
        painter.setPen(QPen(colour, 1))
        lines = [
            QLineF(x + 0.5, bottom - 1, x + 0.5, bottom - 1 - share * (bottom - 2))
            for x, share in enumerate(self.heights())
            if share == share
        ]
        painter.drawLines(lines)


class OutcomeBlock(QWidget):
    """One of the two: mark, score and profile, above what it is."""

    def __init__(self, name: str, size: Type) -> None:
        super().__init__()
        self._name = name
        self.mark, self.score, self.caption = SeverityMark(MARK_PX), QLabel(), QLabel()
        self.profile = ProfilePicture()
        self.score.setFont(font_of(size, bold=True))
        self.caption.setFont(font_of(Type.SMALL))
        self.caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(GRID_PX)
        grid.setVerticalSpacing(GRID_PX // 2)
        grid.addWidget(self.mark, 0, 0)
        grid.addWidget(self.score, 0, 1)
        grid.addWidget(self.profile, 0, 2)
        grid.addWidget(self.caption, 1, 0, 1, 3)
        self.outcome: Outcome | None = None
        self.setToolTip(
            "What became of a run: how bad its worst finding is, its score, and its profile over the layers"
        )

    def show_outcome(self, outcome: Outcome, span: Span) -> None:
        """Show a run, its profile on a scale."""
        self.outcome = outcome
        self.mark.show_severity(outcome.severity)
        self.score.setText(outcome.score.text if outcome.score is not None else "–")
        self.profile.show_profile(outcome.profile, span)
        name = outcome.score.name if outcome.score is not None else "no score"
        self.caption.setText(f"{name} {self._name}, step {outcome.step:,}")
        self.setToolTip(f"{self._name}: {outcome.title}; {name} {self.score.text()} at step {outcome.step:,}")
        self.setAccessibleName(f"{self._name}: {WORDS[outcome.severity]}, {name} {self.score.text()}")


class BeforeAfter(QWidget):
    """The run before and the run that is shown, and what was changed in between."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = OutcomeBlock("before", Type.LARGE), OutcomeBlock("now", Type.HUGE)
        self.arrow = QLabel("→")
        self.arrow.setFont(font_of(Type.LARGE))
        self.setToolTip("The run before, and the one that is shown")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * GRID_PX)
        row.addWidget(self.before, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.arrow)
        row.addWidget(self.after)

    def show_outcomes(self, before: Outcome, after: Outcome) -> None:
        """Show two runs on one scale."""
        span = _span_of(before.profile, after.profile)
        self.before.show_outcome(before, span)
        self.after.show_outcome(after, span)

    def apply_style(self, style: Style) -> None:
        """Recolour marks and profiles."""
        for block in (self.before, self.after):
            block.mark.apply_style(style)
            block.profile.apply_style(style)


def _span_of(*profiles: Profile | None) -> Span:
    finite = [np.asarray(each)[np.isfinite(each)] for each in profiles if each is not None]
    values = np.concatenate(finite) if finite else np.empty(0)
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
