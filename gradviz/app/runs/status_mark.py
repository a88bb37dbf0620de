"""How a run stands, as a sign: a shape of its own for each ending, so that no eye has to tell colours."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from gradviz.plots.parts.style import Style

# of the severities of the verdict, which have the contrast that small signs need
_COLOURS = {
    "light": {"good": "#00785a", "bad": "#b3141f", "odd": "#b85000", "plain": "#59636e", "live": "#0a5cb8"},
    "dark": {"good": "#3ecf9e", "bad": "#ff7a70", "odd": "#f0ad2e", "plain": "#9aa4b2", "live": "#6cb6ff"},
}
_KINDS = {
    "recording": "live",
    "finished": "good",
    "at chance": "odd",
    "stopped": "plain",
    "diverged": "bad",
    "failed": "bad",
    "interrupted": "odd",
}
# strokes in a square from -1 to 1: a tick, a break in a line, a cross
_STROKES: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "finished": (((-0.75, 0.05), (-0.2, 0.6), (0.8, -0.6)),),
    "failed": (((-0.65, -0.65), (0.65, 0.65)), ((-0.65, 0.65), (0.65, -0.65))),
    "interrupted": (((-0.9, 0.0), (-0.3, 0.0)), ((-0.45, -0.6), (-0.15, 0.6)), ((0.15, -0.6), (0.45, 0.6)),
                    ((0.3, 0.0), (0.9, 0.0))),
    # a line that stays where it was
    "at chance": (((-0.85, 0.3), (-0.45, -0.05), (0.0, 0.3), (0.45, -0.05), (0.85, 0.3)),),
    # a line that leaves the picture
    "diverged": (((-0.9, 0.75), (-0.1, 0.55), (0.35, 0.0), (0.6, -0.9)), ((0.25, -0.6), (0.6, -0.95), (0.9, -0.55))),
    "unreadable": (((-0.4, -0.5), (-0.1, -0.8), (0.3, -0.7), (0.4, -0.35), (0.05, 0.0), (0.0, 0.3)),
                   ((0.0, 0.75), (0.0, 0.78))),
}  # fmt: skip


def paint_status(painter: QPainter, place: QRectF, ending: str, style: Style) -> None:
    """Paint the sign of `ending`, of a run that ended `at chance` or of a file that is `unreadable`, into a square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.center())
    painter.scale(place.width() / 2 - 1, place.height() / 2 - 1)
    colour = QColor(_COLOURS[style.name][_KINDS.get(ending, "bad")])
    painter.setPen(QPen(colour, 0.26, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for stroke in _STROKES.get(ending, ()):
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in stroke]))
    if ending == "recording":
        # the sign of a recorder: a disc in a ring
        painter.drawEllipse(QPointF(), 0.85, 0.85)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(), 0.35, 0.35)
    elif ending == "stopped":
        painter.setBrush(colour)
        painter.drawRect(QRectF(-0.5, -0.5, 1.0, 1.0))
    painter.restore()
