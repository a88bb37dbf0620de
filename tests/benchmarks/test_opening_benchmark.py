"""A long run of a deep network is opened from its file within a second, first picture included."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import numpy as np
import pytest
from made_up_events import wait_until
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, open_run, read_info

LAYERS, STEPS = 1000, 100_000
QUANTITIES = (Quantity("gradient", "Gradient norm", "", "made up"), Quantity("weight", "Weight norm", "", "made up"))
MOST_FRAMES_IN_MEMORY = 4_000
ROUNDS = 5
LONGEST_S = 1.0


def record(path: Path) -> float:
    """Store a run whose numbers no compressor can foresee; return the frames that were stored in a second."""
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    experiment = Experiment().changed(depth=LAYERS, steps=STEPS)
    history = History(
        Started.of_experiment(
            experiment,
            quantities=QUANTITIES,
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )
    writer = StoreWriter(path, history, environment={}, on_trouble=pytest.fail)
    generator, begin = np.random.default_rng(0), time.perf_counter()
    for step in range(STEPS):
        values = generator.standard_normal((2, LAYERS), np.float32) - np.float32(20)
        history.append(Frame(step, 2.0 / (step + 1), 0.5, 0.1, {"gradient": values[0], "weight": values[1]}))
        if step % 1000 == 999:
            most = step - MOST_FRAMES_IN_MEMORY
            wait_until(lambda most=most: read_info(path).frames > most, "the disk has caught up")
    writer.close("finished")
    return STEPS / (time.perf_counter() - begin)


def forget_file(path: Path) -> None:
    """Make the system forget what it has in memory of a file, where it can be told so."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds_to_first_picture(path: Path, qtbot: QtBot) -> dict[str, float]:
    begin = time.perf_counter()
    run = open_run(path)
    opened = time.perf_counter()
    plot = HeatmapPlot()
    qtbot.addWidget(plot)
    plot.resize(1100, 700)
    plot.show_history(run.history)
    plot.show()
    plot.grab()
    drawn = time.perf_counter()
    plot.close()
    run.close()
    return {"opening": opened - begin, "all": drawn - begin}


@pytest.mark.benchmark
def test_a_long_run_is_opened_and_drawn_within_a_second(tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "long.gradviz"
    speed = record(path)
    rounds = []
    for _ in range(ROUNDS):
        forget_file(path)
        rounds.append(seconds_to_first_picture(path, qtbot))
    begin = time.perf_counter()
    info = read_info(path)
    glance = time.perf_counter() - begin
    print(
        f"\n{LAYERS} layers x {info.frames:,} steps x {len(QUANTITIES)}: {info.size / 1e9:.2f} GB, stored at"
        f" {speed:.0f} frames/s; the list's line in {glance * 1e3:.1f} ms; s to open {rounds[0]['opening']:.3f}, to the"
        f" first picture {rounds[0]['all']:.3f}, median of {ROUNDS} {statistics.median(r['all'] for r in rounds):.3f}"
    )
    assert info.frames == STEPS
    assert all(each["all"] < LONGEST_S for each in rounds)
