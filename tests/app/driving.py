"""A small experiment, runs made up row by row, and how a test waits for the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.board import Board
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.curves_panel import CurvesPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.panels.judging_panel import JudgingPanel
from gradviz.app.panels.profile_panel import ProfilePanel
from gradviz.app.panels.validation_panel import ValidationPanel
from gradviz.app.session.phase import Phase
from gradviz.app.verdict.verdict_panel import VerdictPanel
from gradviz.experiment import Experiment
from gradviz.plots.boundary import BoundaryPlot
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.samples import SamplesPlot
from gradviz.recording.frame import Evaluation, Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

WAIT_MS = 60_000

TINY = Experiment(
    title="tiny", depth=4, width=4, activation="tanh", batch_size=32, steps=8, evaluate_every=4, device="cpu"
)
ENDLESS = TINY.changed(steps=0)

GRADIENT = Quantity("gradient", "Gradient norm", "|g|", "made up, a logarithm")
SHARE = Quantity("share", "Share of units", "", "made up, a number", scale="linear")


def made_up(
    rows: Sequence[Sequence[float]], experiment: Experiment = TINY, *, planar: bool = False, losses: float = 1.0
) -> History:
    """A run whose gradient is `rows`, one a step; its share is 0.5 everywhere."""
    layers = len(rows[0])
    extent = (0.0, 1.0, 0.0, 1.0) if planar else None
    held_out = HeldOut(np.zeros((2, 64 if not planar else 2), np.float32), np.array([0, 1]), ("a", "b"), None, extent)
    if not planar:
        held_out = HeldOut(held_out.inputs, held_out.labels, held_out.class_names, (8, 8))
    history = History(
        Started.of_experiment(
            experiment.changed(depth=layers),
            quantities=(GRADIENT, SHARE),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    for step, row in enumerate(rows):
        half = np.full(layers, 0.5, np.float32)
        history.append(Frame(step, losses, 0.25, 0.1, {GRADIENT.name: np.asarray(row, np.float32), SHARE.name: half}))
    history.append(Evaluation(len(rows) - 1, losses, 0.5, np.array([0, 0]), np.array([0.9, 0.8], np.float32), None))
    return history


def wait_until(qtbot: QtBot, holds: Callable[[], bool]) -> None:
    qtbot.waitUntil(holds, timeout=WAIT_MS)


def wait_for(qtbot: QtBot, window: MainWindow, *phases: Phase) -> None:
    wait_until(qtbot, lambda: window.session.run.phase in phases)


def trigger(window: MainWindow, command: str) -> None:
    """What a menu, a button or a shortcut does."""
    action = window.actions_by_name[command]
    assert action.isEnabled(), f"{command} is greyed"
    action.trigger()


def run_to_end(qtbot: QtBot, window: MainWindow) -> History:
    trigger(window, "start")
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    assert window.session.run.history is not None
    return window.session.run.history


def turn_wheel(widget: QWidget, angle: int) -> None:
    """Turn the wheel over the middle of a widget, as the window system tells it."""
    window = widget.window()
    place = widget.mapTo(window, widget.rect().center())
    QTest.wheelEvent(window.windowHandle(), place, QPoint(0, angle))


def place_of(plot: QGraphicsView, view: Any, x: float, y: float) -> QPoint:
    """Where the point (x, y) of a view of pyqtgraph lies on the widget."""
    return plot.mapFromScene(view.mapViewToScene(QPointF(x, y)))


def mouse(plot: QGraphicsView, kind: QEvent.Type, where: QPoint, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
    """What Qt delivers to a plot; QTest moves the mouse without its buttons."""
    everywhere = QPointF(plot.viewport().mapToGlobal(where))
    event = QMouseEvent(kind, QPointF(where), everywhere, button, held, Qt.KeyboardModifier.NoModifier)
    limit = pg.getConfigOption("mouseRateLimit")
    # else moves that follow each other within 10 ms are dropped
    pg.setConfigOption("mouseRateLimit", 0)
    try:
        QApplication.sendEvent(plot.viewport(), event)
    finally:
        pg.setConfigOption("mouseRateLimit", limit)


def click(plot: QGraphicsView, where: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
    mouse(plot, QEvent.Type.MouseButtonPress, where, button, button)
    mouse(plot, QEvent.Type.MouseButtonRelease, where, button, Qt.MouseButton.NoButton)


def drag(plot: QGraphicsView, way: Sequence[QPoint]) -> None:
    left = Qt.MouseButton.LeftButton
    mouse(plot, QEvent.Type.MouseButtonPress, way[0], left, left)
    for place in way[1:]:
        mouse(plot, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, left)
    mouse(plot, QEvent.Type.MouseButtonRelease, way[-1], left, Qt.MouseButton.NoButton)


def point(plot: QGraphicsView, where: QPoint) -> None:
    mouse(plot, QEvent.Type.MouseMove, where, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)


def heatmap_of(board: Board) -> HeatmapPlot:
    return board.panel(HeatmapPanel).plot


def profile_of(board: Board) -> ProfilePlot:
    return board.panel(ProfilePanel).plot


def curves_of(board: Board) -> CurvesPlot:
    return board.panel(CurvesPanel).plot


def samples_of(board: Board) -> SamplesPlot:
    return board.panel(ValidationPanel).samples


def boundary_of(board: Board) -> BoundaryPlot:
    return board.panel(ValidationPanel).boundary


def verdict_of(board: Board) -> VerdictPanel:
    return board.panel(JudgingPanel).verdict
