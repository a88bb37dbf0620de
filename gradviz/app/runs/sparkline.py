"""A loss as a line the size of a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF


def sparkline_points(losses: Sequence[float], place: QRectF) -> list[list[QPointF]]:
    """Return the polylines of `losses` in `place`: the smallest finite at the bottom, the largest at the top.

    What is not finite leaves a gap; a loss that never changes lies at mid-height.
    """
    values = np.asarray(losses, np.float64)
    finite = np.isfinite(values)
    if not finite.any():
        return []
    low, high = values[finite].min(), values[finite].max()
    span = high - low
    lines: list[list[QPointF]] = [[]]
    for number, value in enumerate(values):
        if not np.isfinite(value):
            lines.append([])
            continue
        x = place.left() + place.width() * (number / (len(values) - 1) if len(values) > 1 else 0.5)
        share = (value - low) / span if span > 0 else 0.5
        lines[-1].append(QPointF(x, place.bottom() - place.height() * share))
    return [line for line in lines if line]


def paint_sparkline(painter: QPainter, place: QRectF, losses: Sequence[float], pen: QPen) -> None:
    """Paint `losses` into `place`; a lone value as a dot."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    for line in sparkline_points(losses, place.adjusted(1, 2, -1, -2)):
        if len(line) > 1:
            painter.drawPolyline(QPolygonF(line))
        else:
            painter.setBrush(pen.color())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(line[0], 1.5, 1.5)
            painter.setPen(pen)
    painter.restore()
