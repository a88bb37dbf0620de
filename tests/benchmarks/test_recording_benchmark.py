"""What a recording costs does not depend on how long the run is: to append, to draw, and in memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from file_source import FileSource
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmap import HeatmapPlot
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History

LAYERS = 1000
SHORT, LONG = 1_000, 100_000
ROUNDS = 41
# in as many steps, rows of the same levels are made time and again
ROUND_NUMBER = 4096
MOST_TIMES_AS_DEAR = 1.2
MOST_GROWTH_MB = 600
MOST_SECONDS_TO_A_PICTURE = 1.0
TWO = (Quantity("gradient", "Gradient norm", "", "made up"), Quantity("weight", "Weight norm", "", "made up"))
ROWS = np.random.default_rng(0).normal(-20, 5, (64, LAYERS)).astype(np.float32)
LOSSES = np.random.default_rng(1).normal(5, 1, 1009)


def started(quantities: tuple[Quantity, ...] = TWO, steps: int = 300) -> Started:
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    experiment = Experiment().changed(depth=LAYERS, steps=steps)
    return Started(experiment, LAYERS, quantities, held_out, 4, 8, 100, "cpu", 1)


def record(history: History) -> None:
    step = history.frames
    rows = {quantity.name: ROWS[(step + 7 * n) % len(ROWS)] for n, quantity in enumerate(history.quantities)}
    history.append(Frame(step, LOSSES[step % len(LOSSES)], 0.5, 0.1, rows))


def stored_run(frames: int, path: Path) -> tuple[History, FileSource]:
    """A run of which nothing is in memory but what is not stored yet, and the cache."""
    history, source = History(started()), FileSource(path)
    while history.frames < frames:
        record(history)
        if history.frames % 256 == 0:
            source.take(history)
    source.close(history)
    return history, source


def shown(plot: HeatmapPlot | CurvesPlot, history: History, qtbot: QtBot) -> HeatmapPlot | CurvesPlot:
    qtbot.addWidget(plot)
    plot.resize(1100, 700)
    plot.show_history(history)
    plot.show()
    plot.grab()
    return plot


def one_frame_ms(plot: HeatmapPlot | CurvesPlot) -> float:
    """Time from the moment a step is there to the moment it is painted."""
    assert plot.history is not None
    record(plot.history)
    start = time.perf_counter()
    plot.refresh()
    plot.grab()
    return (time.perf_counter() - start) * 1e3


def anew_ms(plot: HeatmapPlot | CurvesPlot) -> float:
    """Time to paint everything anew, as after a zoom."""
    start = time.perf_counter()
    plot.show_history(plot.history)
    plot.grab()
    return (time.perf_counter() - start) * 1e3


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("kind", "short"),
    # a short line has one point for each step, a longer one two for each pixel: lines of about as many points
    [(HeatmapPlot, SHORT), (CurvesPlot, LONG // 8)],
)
def test_a_long_stored_run_is_drawn_as_fast_as_a_short_one(
    qtbot: QtBot, tmp_path: Path, kind: type[HeatmapPlot | CurvesPlot], short: int
) -> None:
    plots = {frames: shown(kind(), stored_run(frames, tmp_path / str(frames))[0], qtbot) for frames in (short, LONG)}
    times: dict[int, list[float]] = {frames: [] for frames in plots}
    anew: dict[int, list[float]] = {frames: [] for frames in plots}
    for measure, noted in ((one_frame_ms, times), (anew_ms, anew)):
        for _ in range(ROUNDS):
            for frames, plot in plots.items():
                noted[frames].append(measure(plot))
    medians, afresh = ({frames: statistics.median(each) for frames, each in all_.items()} for all_ in (times, anew))
    ratio, ratio_afresh = medians[LONG] / medians[short], afresh[LONG] / afresh[short]
    print(f"\n{kind.__name__}, refresh and paint: {medians} ms, ratio {ratio:.2f}")
    print(f"everything painted anew: {afresh} ms, ratio {ratio_afresh:.2f}")
    for plot in plots.values():
        plot.close()
    assert ratio <= MOST_TIMES_AS_DEAR
    assert ratio_afresh <= MOST_TIMES_AS_DEAR


@pytest.mark.benchmark
def test_appending_to_a_long_run_costs_what_it_costs_in_a_short_one() -> None:
    many = tuple(Quantity(f"q{n}", "", "", "made up", signed=n > 10, scale="linear") for n in range(14))
    runs = {"long": History(started(many)), "short": History(started(many))}
    while runs["long"].frames < 8 * ROUND_NUMBER:
        record_and_let_go(runs["long"])
    microseconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUND_NUMBER):
        for name, history in runs.items():
            begin = time.perf_counter()
            record(history)
            microseconds[name].append((time.perf_counter() - begin) * 1e6)
            let_go(history)
    means = {name: statistics.mean(each) for name, each in microseconds.items()}
    print(f"\nappending a frame of {LAYERS} layers, {len(many)} quantities: {means} us")
    assert means["long"] <= MOST_TIMES_AS_DEAR * means["short"]


def record_and_let_go(history: History) -> None:
    record(history)
    let_go(history)


def let_go(history: History) -> None:
    """Free memory; nobody asks for what is in there."""
    if history.frames % 64 == 0:
        history.let_go(FileSource, history.frames)  # type: ignore[arg-type]


MEASURED_ALONE = """
import resource, sys, time
from pathlib import Path
import numpy as np
import test_recording_benchmark as benchmark
from gradviz.recording.history import History

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20

before = resident_mb()
history, source = benchmark.stored_run(benchmark.LONG, Path(sys.argv[1]))
recorded = resident_mb()
generator = np.random.default_rng(0)
for name in ("gradient", "weight"):
    for _ in range(100):
        first, last = sorted(generator.integers(0, benchmark.LONG, 2))
        history.window(name, first, last, 1000, "mean" if first % 2 else "largest")
looked = resident_mb()
highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(recorded - before, looked - before, highest - before)
"""


@pytest.mark.benchmark
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux for the resident memory")
def test_memory_stays_far_below_the_recording(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEASURED_ALONE, str(tmp_path / "run")]
    run = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    recorded, looked, highest = (float(each) for each in run.stdout.split())
    size = (tmp_path / "run").stat().st_size / 2**20
    print(f"\n{LAYERS} layers, {LONG} steps, 2 quantities: {size:.0f} MB on disk; memory grew by {recorded:.0f} MB")
    print(f"after 200 windows anywhere by {looked:.0f} MB, at the highest by {highest:.0f} MB")
    assert highest <= MOST_GROWTH_MB


@pytest.mark.benchmark
def test_a_long_stored_run_shows_a_picture_within_a_second(qtbot: QtBot, tmp_path: Path) -> None:
    _, source = stored_run(LONG, tmp_path / "run")
    plot = shown(HeatmapPlot(), History(started()), qtbot)
    begin = time.perf_counter()
    plot.show_history(History.restored(started(), source))
    plot.grab()
    seconds = time.perf_counter() - begin
    print(f"\nopened and painted {LAYERS} layers at step {LONG} in {seconds:.2f} s")
    plot.close()
    assert seconds <= MOST_SECONDS_TO_A_PICTURE
