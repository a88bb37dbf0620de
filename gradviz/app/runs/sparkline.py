"""A loss as a line the size of a word; those of all runs are drawn to one scale."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

# above the ordinary beginning there is room for a loss that grows
ROOM = 1.5


def common_top(sparklines: Iterable[Sequence[float]]) -> float:
    """Return the loss at the upper end of all `sparklines`: one and a half times the median of where they begin."""
    firsts = [next((loss for loss in losses if math.isfinite(loss)), math.nan) for losses in sparklines]
    known = [first for first in firsts if first > 0]
    return ROOM * statistics.median(known) if known else 0.0


def sparkline_points(losses: Sequence[float], place: QRectF, top: float) -> list[list[QPointF]]:
    """Return the polylines of `losses` in `place`: 0, or what is below it, at the bottom, `top` at the top.

    What is above `top` runs along the edge; what is not finite leaves a gap.
    """
    values = np.asarray(losses, np.float64)
    lines: list[list[QPointF]] = [[]]
    for number, value in enumerate(values):
        if not np.isfinite(value):
            lines.append([])
            continue
        x = place.left() + place.width() * (number / (len(values) - 1) if len(values) > 1 else 0.5)
        share = min(max(value / top, 0.0), 1.0) if top > 0 else 0.0
        lines[-1].append(QPointF(x, place.bottom() - place.height() * share))
    return [line for line in lines if line]


def paint_sparkline(painter: QPainter, place: QRectF, losses: Sequence[float], pen: QPen, top: float) -> None:
    """Paint `losses` into `place`, from 0 to `top`; a lone value as a dot."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(pen)
    for line in sparkline_points(losses, place.adjusted(1, 2, -1, -2), top):
        if len(line) > 1:
            painter.drawPolyline(QPolygonF(line))
        else:
            painter.setBrush(pen.color())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawEllipse(line[0], 1.5, 1.5)
            painter.setPen(pen)
    painter.restore()
