"""What a recording costs does not depend on how long the run is: to append, to draw, and in memory.

Times are those of the processor in the thread that draws or appends, so that neighbours on the machine do not count.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.recording.frame import Frame, HeldOut, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, open_run

LAYERS = 1000
SHORT, LONG = 1_000, 100_000
ROUNDS = 41
# in as many steps, rows of the same levels are made time and again
ROUND_NUMBER = 4096
MOST_TIMES_AS_DEAR = 1.2
MOST_GROWTH_MB = 600
# frames that are recorded and not stored
MOST_AHEAD = 4096
TWO = (Quantity("gradient", "Gradient norm", "", "made up"), Quantity("weight", "Weight norm", "", "made up"))
ROWS = np.random.default_rng(0).normal(-20, 5, (64, LAYERS)).astype(np.float32)
LOSSES = np.random.default_rng(1).normal(5, 1, 1009)


def started(quantities: tuple[Quantity, ...] = TWO, steps: int = 300) -> Started:
    held_out = HeldOut(np.zeros((1, 2), np.float32), np.zeros(1, np.int64), ("no", "yes"))
    experiment = Experiment().changed(depth=LAYERS, steps=steps)
    return Started.of_experiment(
        experiment,
        quantities=quantities,
        held_out=held_out,
        parameters=100,
        device="cpu",
        threads=1,
        batch_size=4,
        training_samples=8,
    )


def record(history: History) -> None:
    step = history.frames
    rows = {quantity.name: ROWS[(step + 7 * n) % len(ROWS)] for n, quantity in enumerate(history.quantities)}
    history.append(Frame(step, LOSSES[step % len(LOSSES)], 0.5, 0.1, rows))


def write_run(frames: int, path: Path) -> History:
    """Record a run into a file. The disk sets the pace: made-up steps come faster than any network's."""
    history, trouble = History(started()), []
    writer = StoreWriter(path, history, environment={}, on_trouble=trouble.append)
    while history.frames < frames:
        record(history)
        while history.frames - writer.stored_frames > MOST_AHEAD:
            time.sleep(0.01)
    writer.close("finished")
    assert not trouble
    return history


@dataclass(frozen=True)
class LongRun:
    """A file, and by how many MB the memory of the process grew that wrote it: in the end, and at the highest."""

    path: Path
    growth_mb: float
    highest_mb: float


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> LongRun:
    if not Path("/proc/self/statm").exists():
        pytest.skip("asks Linux for the resident memory")
    path = tmp_path_factory.mktemp("long") / "run.gradviz"
    command = [sys.executable, "-c", WRITTEN_ALONE, str(path)]
    run = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return LongRun(path, *(float(each) for each in run.stdout.split()))


WRITTEN_ALONE = """
import resource, sys
from pathlib import Path
import numpy as np
import test_recording_benchmark as benchmark
from gradviz.recording.zoom.levels import stride_for

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

before = resident_mb()
history = benchmark.write_run(benchmark.LONG, Path(sys.argv[1]))
generator = np.random.default_rng(0)
for name in ("gradient", "weight"):
    for _ in range(100):
        first, last = sorted(generator.integers(0, benchmark.LONG, 2))
        history.window(name, first, last, stride_for(int(last - first + 1), 1000), "mean" if first % 2 else "largest")
print(resident_mb() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before)
"""


def shown(plot: HeatmapPlot | CurvesPlot, history: History, qtbot: QtBot) -> HeatmapPlot | CurvesPlot:
    qtbot.addWidget(plot)
    plot.resize(1100, 700)
    plot.show_history(history)
    plot.show()
    plot.grab()
    return plot


def one_frame_ms(plot: HeatmapPlot | CurvesPlot) -> float:
    """Time that it takes to paint a step that just came."""
    assert plot.history is not None
    record(plot.history)
    start = time.thread_time()
    plot.refresh()
    plot.grab()
    return (time.thread_time() - start) * 1e3


def anew_ms(plot: HeatmapPlot | CurvesPlot) -> float:
    """Time to paint everything anew, as after a zoom."""
    start = time.thread_time()
    plot.show_history(plot.history)
    plot.grab()
    return (time.thread_time() - start) * 1e3


@pytest.mark.benchmark
@pytest.mark.parametrize(
    ("kind", "short"),
    # a short line has one point for each step, a longer one two for each pixel: lines of about as many points
    [(HeatmapPlot, SHORT), (CurvesPlot, LONG // 8)],
)
def test_a_long_stored_run_is_drawn_as_fast_as_a_short_one(
    qtbot: QtBot, tmp_path: Path, long_run: LongRun, kind: type[HeatmapPlot | CurvesPlot], short: int
) -> None:
    write_run(short, tmp_path / "short.gradviz")
    runs = {short: open_run(tmp_path / "short.gradviz"), LONG: open_run(long_run.path)}
    plots = {frames: shown(kind(), run.history, qtbot) for frames, run in runs.items()}
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
    for run in runs.values():
        run.close()
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
            begin = time.thread_time()
            record(history)
            microseconds[name].append((time.thread_time() - begin) * 1e6)
            release(history)
    means = {name: statistics.mean(each) for name, each in microseconds.items()}
    print(f"\nappending a frame of {LAYERS} layers, {len(many)} quantities: {means} us")
    assert means["long"] <= MOST_TIMES_AS_DEAR * means["short"]


def record_and_let_go(history: History) -> None:
    record(history)
    release(history)


def release(history: History) -> None:
    """Free memory; nobody asks for what is in there."""
    if history.frames % 64 == 0:
        history.release(StoreWriter, history.frames)  # type: ignore[arg-type]


@pytest.mark.benchmark
def test_memory_stays_far_below_the_recording(long_run: LongRun) -> None:
    size = long_run.path.stat().st_size / 2**20
    print(f"\n{LAYERS} layers, {LONG} steps, {len(TWO)} quantities: {size:.0f} MB on disk")
    print(
        f"memory grew by {long_run.growth_mb:.0f} MB, {long_run.highest_mb:.0f} MB at the highest, 200 looks included"
    )
    assert long_run.highest_mb <= MOST_GROWTH_MB
