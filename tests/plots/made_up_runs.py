"""Runs made up row by row, and where things are on a plot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor

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
    return History(Started(experiment, layers, quantities, held_out, 4, 8, 100, "cpu", 1))


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


def shown(plot: object, qtbot: object, size: tuple[int, int] = (640, 420)) -> None:
    """Put a plot on the (offscreen) screen, laid out as it stays."""
    plot.resize(*size)  # type: ignore[attr-defined]
    plot.show()  # type: ignore[attr-defined]
    qtbot.addWidget(plot)  # type: ignore[attr-defined]
    plot.grab()  # type: ignore[attr-defined]


def place_of(plot: object, view: object, x: float, y: float) -> QPoint:
    """Where the point (x, y) of a view lies on the widget."""
    return plot.mapFromScene(view.mapViewToScene(QPointF(x, y)))  # type: ignore[attr-defined, no-any-return]


def colour_at(plot: object, place: QPoint) -> str:
    """The colour of the picture at a place, as `#rrggbb`."""
    return QColor(plot.grab().toImage().pixelColor(place)).name()  # type: ignore[attr-defined]
