"""What the heatmap costs does not depend on how long the run is."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

LAYERS = 1000
SHORT, LONG = 1_000, 100_000
ROUNDS = 41
MOST_TIMES_AS_DEAR = 1.2


def run(frames: int) -> History:
    gradient = Quantity("gradient", "Gradient norm", "", "made up")
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    experiment = Experiment().changed(depth=LAYERS)
    history = History(
        Started.of_experiment(
            experiment,
            quantities=(gradient,),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    for _ in range(frames):
        record(history)
    return history


ROWS = np.random.default_rng(0).normal(-20, 5, (64, LAYERS)).astype(np.float32)


def record(history: History) -> None:
    step = history.frames
    history.append(Frame(step, 1.0, 0.5, 0.1, {"gradient": ROWS[step % len(ROWS)]}))


def shown(history: History, qtbot: QtBot) -> HeatmapPlot:
    plot = HeatmapPlot()
    qtbot.addWidget(plot)
    plot.resize(1100, 700)
    plot.show_history(history)
    plot.show()
    plot.grab()
    return plot


def one_frame_ms(plot: HeatmapPlot) -> float:
    """Time from the moment a step is there to the moment it is painted."""
    assert plot.history is not None
    record(plot.history)
    start = time.perf_counter()
    plot.refresh()
    plot.grab()
    return (time.perf_counter() - start) * 1e3


@pytest.mark.benchmark
def test_a_long_run_is_drawn_as_fast_as_a_short_one(qtbot: QtBot) -> None:
    plots = {frames: shown(run(frames), qtbot) for frames in (SHORT, LONG)}
    times: dict[int, list[float]] = {frames: [] for frames in plots}
    for _ in range(ROUNDS):
        for frames, plot in plots.items():
            times[frames].append(one_frame_ms(plot))
    medians = {frames: statistics.median(each) for frames, each in times.items()}
    ratio = medians[LONG] / medians[SHORT]
    print(f"\nrefresh and paint, {LAYERS} layers: {medians} ms, ratio {ratio:.2f}")
    for plot in plots.values():
        plot.close()
    assert ratio <= MOST_TIMES_AS_DEAR
