"""What the window costs: training beside it, the frames it paints, and the time until it is there."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.app.board import PICTURE_PERIOD_MS
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.settings import Settings
from gradviz.app.threads.garbage import GarbageCollector
from gradviz.app.threads.training_thread import TrainingThread
from gradviz.experiment import Experiment
from gradviz.recording.history import History

# a thousand layers, as deep as the claim; narrow enough to make some steps in a few seconds
EXPERIMENT = Experiment(
    depth=1000, width=32, activation="tanh", shortcut="scaled", optimizer="adam", learning_rate=1e-3,
    steps=0, evaluate_every=10_000, device="cpu",
)  # fmt: skip
MEASURED_S = 4.0
ROUNDS = 3
SMALLEST_SHARE_OF_SPEED = 0.85
LONGEST_FRAME_MS = 50.0
STARTS = 5
LONGEST_START_S = 60
MOST_TIMES_A_BARE_WINDOW = 1.3


class Paints(QObject):
    """Remembers when the heatmap was painted."""

    def __init__(self, viewport: QObject) -> None:
        super().__init__(viewport)
        self.at: list[float] = []
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self.at.append(time.perf_counter())
        return False


def rate(history: History, qtbot: QtBot) -> float:
    """Return steps per second over MEASURED_S, while Qt's loop runs."""
    begin, frames = time.perf_counter(), history.frames
    qtbot.wait(round(MEASURED_S * 1000))
    return (history.frames - frames) / (time.perf_counter() - begin)


def headless_rate(qtbot: QtBot) -> float:
    """Return the speed of the same thread with nothing to paint."""
    thread = TrainingThread([EXPERIMENT])
    with qtbot.waitSignal(thread.began, timeout=60_000) as began:
        thread.start()
    try:
        return rate(began.args[0][0], qtbot)
    finally:
        thread.control.stop()
        assert thread.wait(60_000)


def window_rate(qtbot: QtBot, settings: Path) -> tuple[float, list[float]]:
    """Return the speed beside the window, and the times between its paints in milliseconds."""
    window = MainWindow(EXPERIMENT, Settings(settings))
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    collector = GarbageCollector(window)
    window.session.preview.devices_found.connect(collector.spare_what_is_loaded)
    collector.begin()
    # as a person would find it: torch is there, and theory has looked at the network on the form
    with qtbot.waitSignal(window.session.theory.found, timeout=60_000):
        window.session.begin()
    with qtbot.waitSignal(window.session.run.began, timeout=60_000):
        window.session.start()
    viewport = window.board.panel(HeatmapPanel).plot.viewport()
    paints = Paints(viewport)
    # a step takes longer than a frame, and the window paints only what is new: here it is made to paint every frame
    always = QTimer(window, interval=PICTURE_PERIOD_MS)
    always.timeout.connect(viewport.update)
    always.start()
    history = window.session.run.history
    assert history is not None
    speed = rate(history, qtbot)
    window.close()
    collector.end()
    return speed, list(np.diff(paints.at) * 1e3)


@pytest.mark.benchmark
def test_a_painting_window_leaves_training_its_speed(qtbot: QtBot, tmp_path: Path) -> None:
    speeds: list[tuple[float, float]] = []
    gaps: list[float] = []
    for turn in range(ROUNDS):
        alone = headless_rate(qtbot)
        beside, between = window_rate(qtbot, tmp_path / f"{turn}.ini")
        speeds.append((alone, beside))
        gaps += between
    share = statistics.median(beside / alone for alone, beside in speeds)
    slow = float(np.percentile(gaps, 95))
    print(
        f"\nsteps/s alone and beside the window: {[(round(a, 1), round(b, 1)) for a, b in speeds]}, share {share:.2f}"
    )
    print(f"between two paints: median {statistics.median(gaps):.1f} ms, 95th percentile {slow:.1f} ms")
    assert share >= SMALLEST_SHARE_OF_SPEED
    assert slow <= LONGEST_FRAME_MS


SHOW_BARE = """
import os, sys, time
begin = time.perf_counter()
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
program = QApplication([])
window = QMainWindow()
window.setCentralWidget(pyqtgraph.PlotWidget())
"""
SHOW_OURS = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from gradviz.app.application import application
program = application()
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.settings import Settings
# as the program opens it: the plots come in once this is on the screen
window = MainWindow(None, Settings(Path(sys.argv[1])), furnished=False)
"""
UNTIL_PAINTED = """
from PySide6.QtCore import QEvent, QObject
class First(QObject):
    def eventFilter(self, watched, event):
        if event.type() is QEvent.Type.Paint:
            print(time.perf_counter() - begin, "torch" in sys.modules, flush=True)
            os._exit(0)
        return False
import os
first = First()
program.installEventFilter(first)
window.resize(1440, 900)
window.show()
program.exec()
"""


def seconds_to_window(script: str, settings: Path) -> float:
    command = [sys.executable, "-c", script + UNTIL_PAINTED, str(settings)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST_START_S)
    seconds, torch_was_there = done.stdout.split()
    assert torch_was_there == "False"
    return float(seconds)


@pytest.mark.benchmark
@pytest.mark.usefixtures("qapp")
def test_the_window_is_there_nearly_as_soon_as_a_bare_one(tmp_path: Path) -> None:
    assert QApplication.platformName() == "offscreen"
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(STARTS + 1):
        for script, taken in zip((SHOW_BARE, SHOW_OURS), times, strict=True):
            seconds = seconds_to_window(script, tmp_path / "settings.ini")
            if turn:  # the first start reads the files from the disk
                taken.append(seconds)
    bare, ours = (statistics.median(taken) for taken in times)
    print(f"\nuntil painted: bare window {bare:.2f} s, gradviz {ours:.2f} s, ratio {ours / bare:.2f}")
    assert ours <= MOST_TIMES_A_BARE_WINDOW * bare
