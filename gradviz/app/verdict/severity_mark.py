"""The severity of a finding as a sign: each has its own shape and glyph, so nobody has to tell colours apart."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gradviz.diagnosis import Severity
from gradviz.plots.parts.style import LIGHT, Style

WORDS = {
    Severity.CRITICAL: "Critical",
    Severity.WARNING: "Warning",
    Severity.NOTICE: "Notice",
    Severity.FINE: "Fine",
    Severity.UNKNOWN: "Not known",
}
# darker on light and lighter on dark background than the lines of the plots: a sign is small
_COLOURS = {
    "light": {
        Severity.CRITICAL: "#b3141f",
        Severity.WARNING: "#b85000",
        Severity.NOTICE: "#0a5cb8",
        Severity.FINE: "#00785a",
        Severity.UNKNOWN: "#59636e",
    },
    "dark": {
        Severity.CRITICAL: "#ff7a70",
        Severity.WARNING: "#f0ad2e",
        Severity.NOTICE: "#6cb6ff",
        Severity.FINE: "#3ecf9e",
        Severity.UNKNOWN: "#9aa4b2",
    },
}

# corners of each shape in a square from -1 to 1; a severity without corners is a disc
_CORNERS: dict[Severity, tuple[tuple[float, float], ...]] = {
    Severity.CRITICAL: (
        (-0.41, -1.0), (0.41, -1.0), (1.0, -0.41), (1.0, 0.41), (0.41, 1.0), (-0.41, 1.0), (-1.0, 0.41), (-1.0, -0.41),
    ),
    Severity.WARNING: ((0.0, -1.0), (1.0, 0.85), (-1.0, 0.85)),
    Severity.NOTICE: ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    Severity.UNKNOWN: ((0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)),
}  # fmt: skip
# strokes of each glyph in the same square
_STROKES: dict[Severity, tuple[tuple[tuple[float, float], ...], ...]] = {
    Severity.CRITICAL: (((-0.38, -0.38), (0.38, 0.38)), ((-0.38, 0.38), (0.38, -0.38))),
    Severity.WARNING: (((0.0, -0.35), (0.0, 0.22)), ((0.0, 0.56), (0.0, 0.6))),
    Severity.NOTICE: (((0.0, -0.1), (0.0, 0.5)), ((0.0, -0.5), (0.0, -0.46))),
    Severity.FINE: (((-0.45, 0.02), (-0.12, 0.36), (0.48, -0.36)),),
    Severity.UNKNOWN: (((-0.4, 0.0), (0.4, 0.0)),),
}


def colour_of(severity: Severity, style: Style) -> str:
    """Return the colour `#rrggbb` of a severity."""
    return _COLOURS[style.name][severity]


class SeverityMark(QWidget):
    """The sign of one severity; its word stands beside it and is its accessible name."""

    def __init__(self, size_px: int = 18, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.severity = Severity.UNKNOWN
        self._style = LIGHT
        self._size_px = size_px
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_severity(Severity.UNKNOWN)

    def show_severity(self, severity: Severity) -> None:
        """Show another severity."""
        self.severity = severity
        self.setAccessibleName(WORDS[severity])
        self.setToolTip(f"Severity: {WORDS[severity].lower()}")
        self.update()

    def apply_style(self, style: Style) -> None:
        """Recolour the sign."""
        self._style = style
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the sign."""
        return QSize(self._size_px, self._size_px)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw shape and glyph."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(QRectF(self.rect()).center())
        painter.scale(self._size_px / 2 - 1, self._size_px / 2 - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour_of(self.severity, self._style)))
        corners = _CORNERS.get(self.severity)
        if corners is None:
            painter.drawEllipse(QPointF(), 1.0, 1.0)
        else:
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        painter.setPen(QPen(QColor(self._style.background), 0.26, c=Qt.PenCapStyle.RoundCap))
        for stroke in _STROKES[self.severity]:
            painter.drawPolyline(QPolygonF([QPointF(*place) for place in stroke]))
