"""A run that is played back costs no more per picture than one that is watched while it goes on."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.settings import Settings
from gradviz.experiment import Experiment
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

LAYERS, FRAMES = 1000, 2000
ROUNDS = 41
ROWS = np.random.default_rng(0).normal(-20, 5, (64, LAYERS)).astype(np.float32)


def record(history: History) -> None:
    step = history.frames
    history.append(Frame(step, 1.0, 0.5, 0.1, {"gradient": ROWS[step % len(ROWS)]}))


@pytest.mark.benchmark
def test_a_step_played_back_costs_no_more_than_a_step_watched(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    experiment = Experiment().changed(depth=LAYERS)
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    gradient = Quantity("gradient", "Gradient norm", "", "made up")
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
    for _ in range(FRAMES):
        record(history)
    window = MainWindow(experiment, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.session.show(history)
    window.grab()
    board = window.board
    times: dict[str, list[float]] = {"watched": [], "played": []}
    for number in range(ROUNDS):
        for kind, costs in times.items():
            if kind == "watched":
                board.pick_step(None)
                record(history)
            QApplication.processEvents()
            start = time.perf_counter()
            if kind == "watched":
                # every plot, as the board pulls them in turn
                board.refresh()
            else:
                board.pick_step(100 + 30 * number)
            QApplication.processEvents()
            costs.append((time.perf_counter() - start) * 1e3)
    medians = {kind: statistics.median(costs) for kind, costs in times.items()}
    ratio = medians["played"] / medians["watched"]
    print(f"\na step with its repaint, {LAYERS} layers: {medians} ms, ratio {ratio:.2f}")
    window.close()
    assert ratio <= 1.0
