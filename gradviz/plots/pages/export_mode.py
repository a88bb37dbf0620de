"""Puts a scene into the state in which it is drawn for a file rather than for the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QPen
from PySide6.QtWidgets import QGraphicsScene


@contextmanager
def export_mode(scene: QGraphicsScene, pen_factor: float) -> Iterator[None]:
    """Draw symbols as shapes rather than as stored pictures of them, and lines `pen_factor` times as wide.

    pyqtgraph's lines are a number of device pixels wide, whatever the device: on a picture of three times the
    resolution they would be a third as wide as on screen.
    """
    items = [item for item in scene.items() if isinstance(item, pg.GraphicsItem)]
    restore: list[Callable[[], None]] = []
    for item in items:
        # the pixels of the device grow by themselves, through its ratio
        item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})
        if pen_factor != 1.0:
            restore += _widen(item, pen_factor)
    try:
        yield
    finally:
        for action in restore:
            action()
        for item in items:
            item.setExportMode(False)


def _widen(item: Any, factor: float) -> list[Callable[[], None]]:
    """Widen the pens of `item`; return what undoes it."""
    match item:
        case pg.PlotCurveItem() | pg.ScatterPlotItem():
            places = [(item.opts, "pen")]
        case pg.AxisItem():
            places = [(vars(item), "_pen"), (vars(item), "_tickPen")]
        case pg.InfiniteLine():
            places = [(vars(item), "currentPen")]
        case pg.IsocurveItem():
            places = [(vars(item), "pen")]
        case _:
            return []
    return [undo for holder, key in places for undo in _widen_pen(item, holder, key, factor)]


def _widen_pen(item: Any, holder: dict[str, Any], key: str, factor: float) -> list[Callable[[], None]]:
    pen = holder[key]
    if not isinstance(pen, QPen):
        return []
    wide = QPen(pen)
    wide.setWidthF(max(pen.widthF(), 1.0) * factor)
    _put(item, holder, key, wide)
    return [lambda: _put(item, holder, key, pen)]


def _put(item: Any, holder: dict[str, Any], key: str, pen: QPen) -> None:
    holder[key] = pen
    if isinstance(item, pg.AxisItem):
        # it keeps what it drew last
        item.picture = None
