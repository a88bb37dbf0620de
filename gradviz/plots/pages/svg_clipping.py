"""Clipping for SVG, which QSvgGenerator leaves out in one of its profiles and gets wrong in the other.

Without it a curve runs out of its plot and a heatmap that was zoomed into covers the page. While a scene is painted,
every ViewBox holds two markers, drawn before and after everything else in it; each leaves a text in the SVG, and
these texts are then turned into the beginning and the end of a clipped group.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

_MARKER = re.compile(r"<text[^>]*>gradviz-clip (begin|end) ([-\d.e ]+)\s*</text>")
_ABOVE_ALL = 1e12


class _Marker(QGraphicsItem):
    """Draws, as text, where its ViewBox lies on the page."""

    def __init__(self, box: Any, kind: str) -> None:
        super().__init__(box.childGroup)
        self._box, self._kind = box, kind
        self.setZValue(-_ABOVE_ALL if kind == "begin" else _ABOVE_ALL)

    def boundingRect(self) -> QRectF:
        # as large as what is in view: an item outside of it would not be painted
        area: QRectF = self._box.childGroup.mapRectFromItem(self._box, self._box.rect())
        return area

    def paint(self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        on_page = painter.worldTransform().mapRect(self.boundingRect())
        numbers = (on_page.x(), on_page.y(), on_page.width(), on_page.height())
        painter.drawText(QPointF(), " ".join(["gradviz-clip", self._kind, *(f"{number:.3f}" for number in numbers)]))


@contextmanager
def marked(scene: QGraphicsScene) -> Iterator[None]:
    """Hold the markers in every ViewBox of `scene` while it is painted."""
    boxes = [item for item in scene.items() if isinstance(item, pg.ViewBox)]
    markers = [_Marker(box, kind) for box in boxes for kind in ("begin", "end")]
    try:
        yield
    finally:
        for marker in markers:
            scene.removeItem(marker)


def clip_marked(svg: str) -> str:
    """Return the SVG text with its markers turned into clipped groups."""
    parts, position, clips = [], 0, 0
    definitions = []
    for marker in _MARKER.finditer(svg):
        parts.append(svg[position : marker.start()])
        # every drawing lies in one group that holds its state: close it, and open one like it behind the marker
        opening = svg[svg.rindex("<g ", 0, marker.start()) :].partition(">")[0] + ">"
        if marker[1] == "begin":
            clips += 1
            definitions.append(_definition(f"gradviz-clip-{clips}", marker[2]))
            parts.append(f'</g>\n<g clip-path="url(#gradviz-clip-{clips})">\n{opening}')
        else:
            parts.append(f"</g>\n</g>\n{opening}")
        position = marker.end()
    text = "".join([*parts, svg[position:]])
    return text.replace("<defs>", "<defs>\n" + "\n".join(definitions), 1)


def _definition(name: str, numbers: str) -> str:
    x, y, width, height = numbers.split()
    return f'<clipPath id="{name}"><rect x="{x}" y="{y}" width="{width}" height="{height}"/></clipPath>'
