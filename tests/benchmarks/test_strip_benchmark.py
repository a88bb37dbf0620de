"""What the drawing of the network costs does not depend on how many rows it has."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pytest
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.network.network_strip import NetworkStrip
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History

pytestmark = pytest.mark.benchmark

FEW, MANY = 80, 1000
ROUNDS = 31
# as many more as there are parts to draw
MOST_TIMES_AS_DEAR = 3.0
# of the 33 ms between two pictures
DEAREST_MS = 15.0


def history_of(layers: int) -> History:
    gradient = Quantity("gradient", "Gradient norm", "", "made up")
    experiment = Experiment(depth=layers, shortcut="identity", shortcut_span=2)
    started = Started.of_experiment(
        experiment, quantities=(gradient,), parameters=1, device="cpu", threads=1, batch_size=4, training_samples=8
    )
    history, random = History(started), np.random.default_rng(0)
    for step in range(ROUNDS):
        history.append(Frame(step, 1.0, 0.5, 0.1, {"gradient": random.normal(-9, 3, layers).astype(np.float32)}))
    return history


def milliseconds(layers: int, qtbot: QtBot) -> float:
    """The median time to show another step: pull and paint."""
    holder = QWidget()
    qtbot.addWidget(holder)
    plot = HeatmapPlot()
    strip = NetworkStrip(plot)
    row = QHBoxLayout(holder)
    row.addWidget(strip)
    row.addWidget(plot)
    holder.resize(900, 800)
    plot.show_history(history_of(layers))
    holder.show()
    holder.grab()
    times = []
    for step in range(ROUNDS):
        plot.show_step(step)
        start = time.perf_counter()
        strip.refresh()
        strip.grab()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def test_a_thousand_rows_cost_what_a_few_do(qtbot: QtBot) -> None:
    few, many = milliseconds(FEW, qtbot), milliseconds(MANY, qtbot)
    print(f"a step of {FEW} rows {few:.2f} ms, of {MANY} rows {many:.2f} ms")
    assert many <= MOST_TIMES_AS_DEAR * few
    assert many <= DEAREST_MS
