"""Runs made up row by row, where things are on a plot, and what a mouse does there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsView
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.recording.frame import Evaluation, Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

GRADIENT = Quantity("gradient", "Gradient norm", "|g|", "made up")
MEAN = Quantity("mean", "Mean", "", "made up, signed", scale="linear", signed=True)
SHARE = Quantity("share", "Share", "", "made up, never negative", scale="linear")

Rows = Sequence[Sequence[float] | np.ndarray | None]


def history_of(
    layers: int, *, quantities: tuple[Quantity, ...] = (GRADIENT,), classes: int = 10, **settings: object
) -> History:
    """A run of which nothing is recorded yet."""
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), tuple(map(str, range(classes))))
    experiment = Experiment().changed(**{"depth": max(layers, 1), **settings})
    return History(
        Started.of_experiment(
            experiment,
            quantities=quantities,
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )


def append(history: History, rows: Rows, name: str = GRADIENT.name, losses: Sequence[float] | None = None) -> History:
    """Record one more frame for each of the `rows` [layers]; None was not measured."""
    for number, row in enumerate(rows):
        step = history.frames
        measured = {} if row is None else {name: np.asarray(row, np.float32)}
        loss = 2.0 / (step + 1) if losses is None else losses[number]
        history.append(Frame(step, loss, min(step / 50, 1.0), 0.1, measured))
    return history


def evaluate(history: History, step: int, loss: float, accuracy: float) -> None:
    history.append(Evaluation(step, loss, accuracy, np.zeros(1, np.int64), np.ones(1, np.float32)))


def run_of(rows: Rows, **settings: object) -> History:
    """A run of the gradient `rows`, one step each."""
    layers = next(len(row) for row in rows if row is not None)
    return append(history_of(layers, **settings), rows)  # type: ignore[arg-type]


def shown(plot: QGraphicsView, qtbot: QtBot, size: tuple[int, int] = (640, 420)) -> None:
    """Put a plot on the (offscreen) screen, laid out as it stays."""
    plot.resize(*size)
    plot.show()
    qtbot.addWidget(plot)
    plot.grab()


def place_of(plot: QGraphicsView, view: Any, x: float, y: float) -> QPoint:
    """Where the point (x, y) of a view lies on the widget."""
    return plot.mapFromScene(view.mapViewToScene(QPointF(x, y)))


def colour_at(plot: QGraphicsView, place: QPoint) -> str:
    """The colour of the picture at a place, as `#rrggbb`."""
    return QColor(plot.grab().toImage().pixelColor(place)).name()


def hover(plot: QGraphicsView, qtbot: QtBot, where: QPoint) -> str:
    """Move the mouse there, and return what `hovered` says."""
    with qtbot.waitSignal(plot.hovered, timeout=2000) as caught:  # type: ignore[attr-defined]
        send(plot, QEvent.Type.MouseMove, where, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    return str(caught.args[0])


def send(
    plot: QGraphicsView, kind: QEvent.Type, where: QPoint, button: Qt.MouseButton, buttons: Qt.MouseButton
) -> None:
    """What Qt delivers; QTest moves the mouse without its buttons."""
    local, everywhere = QPointF(where), QPointF(plot.viewport().mapToGlobal(where))
    event = QMouseEvent(kind, local, everywhere, button, buttons, Qt.KeyboardModifier.NoModifier)
    limit = pg.getConfigOption("mouseRateLimit")
    # else moves that follow each other within 10 ms are dropped
    pg.setConfigOption("mouseRateLimit", 0)
    try:
        QApplication.sendEvent(plot.viewport(), event)
    finally:
        pg.setConfigOption("mouseRateLimit", limit)


def click(plot: QGraphicsView, where: QPoint, button: Qt.MouseButton) -> None:
    send(plot, QEvent.Type.MouseButtonPress, where, button, button)
    send(plot, QEvent.Type.MouseButtonRelease, where, button, Qt.MouseButton.NoButton)


def wheel(plot: QGraphicsView, where: QPoint, angle: int) -> None:
    local, everywhere = QPointF(where), QPointF(plot.viewport().mapToGlobal(where))
    none, no_phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(local, everywhere, QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, none, no_phase, False)
    QApplication.sendEvent(plot.viewport(), event)
