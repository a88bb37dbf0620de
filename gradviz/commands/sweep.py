"""`gradviz sweep`: train a whole map of experiments on all cores."""

from __future__ import annotations

import json
import platform
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from gradviz import __version__
from gradviz.commands.progress import progress_bar
from gradviz.errors import ExperimentError, RecordingError
from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.exports.sweep_table import save_sweep, sweep_map
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile
from gradviz.sweeping.dask_cluster import dask_cluster
from gradviz.sweeping.runner import process_pool, run_sweep, usual_workers

INTERRUPTED = 130
NOTHING, CHANCE_TO_ALL = "·", " ▁▂▃▄▅▆▇█"
WIDEST_MAP = 60


def sweep(
    grid: Grid | None,
    path: Path,
    *,
    resume: bool = False,
    workers: int = 0,
    dask: str = "",
    exports: Sequence[Path] = (),
    as_json: bool = False,
) -> int:
    """Run the sweep into the file `path` and return the exit status; `grid` is None where a file is resumed as it is.

    Cells are trained by so many `workers` of this machine (0: one for each core), or by those of the scheduler at the
    address `dask`. Ctrl-C ends it after the outcomes under way; `resume` goes on with what is missing.

    Raises RecordingError for a file that cannot be used or holds another sweep, DeviceError for a cluster that cannot
    be used, and ExportError.
    """
    with ExitStack() as stack:
        file = stack.enter_context(_file(grid, path, resume=resume))
        before = len(file.outcomes())
        bar = stack.enter_context(progress_bar(file.grid.size, "cell"))
        bar.update(before)
        stopped: list[bool] = []
        stack.callback(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        signal.signal(signal.SIGINT, lambda _signal, _frame: _stop(stopped, _frame))

        def show(_cell: Cell, outcome: Outcome) -> None:
            if outcome.validation_accuracy is not None:
                bar.set_postfix_str(f"latest {outcome.validation_accuracy:.0%}", refresh=False)
            bar.update(1)

        pool, count = stack.enter_context(dask_cluster(dask)) if dask else _processes(workers)
        began = time.perf_counter()
        complete = run_sweep(file, pool, count, on_outcome=show, stopped=lambda: bool(stopped))
        seconds = time.perf_counter() - began
        outcomes = file.outcomes()
        bar.close()
        for each in exports:
            save_sweep(each, file.grid, outcomes)
        statuses = Counter(outcome.status for outcome in outcomes.values())
        summary = {
            "status": "finished" if complete else "stopped",
            "cells": file.grid.size,
            "done": len(outcomes),
            "trained_now": len(outcomes) - before,
            **{f"cells_{status}": number for status, number in sorted(statuses.items())},
            "seconds": round(seconds, 2),
            "workers": count,
            "files": [str(path.resolve()), *(str(each.resolve()) for each in exports)],
        }
        print(json.dumps(summary) if as_json else _in_words(summary, file.grid, outcomes))
    return 0 if complete else INTERRUPTED


def _processes(workers: int) -> tuple[Callable[[], Executor], int]:
    count = workers or usual_workers()
    return lambda: process_pool(count), count


def _stop(stopped: list[bool], _frame: FrameType | None) -> None:
    stopped.append(True)


def _file(grid: Grid | None, path: Path, *, resume: bool) -> SweepFile:
    if not resume:
        if grid is None:
            raise ExperimentError("name what to sweep: --x field=from:to:count")
        return SweepFile.create(path, grid, {"gradviz": __version__, "python": platform.python_version()})
    file = SweepFile.open(path, to_write=True)
    if grid is not None and grid != file.grid:
        file.close()
        raise RecordingError(f"{path.name} holds another sweep; resume it without --x and --y, or give another --out")
    return file


def _in_words(summary: Mapping[str, Any], grid: Grid, outcomes: dict[Cell, Outcome]) -> str:
    lines = [
        f"{summary['status']}: {summary['done']:,} of {summary['cells']:,} cells, {summary['trained_now']:,} trained "
        f"in {summary['seconds']} s by {summary['workers']} workers"
    ]
    reasons = Counter(outcome.why for outcome in outcomes.values() if outcome.status == "failed")
    lines += [f"{number:,} failed: {why}" for why, number in reasons.most_common(5)]
    lines += _picture(grid, outcomes)
    return "\n".join([*lines, *(f"wrote {file}" for file in summary["files"])])


def describe_sweep(path: Path, *, as_json: bool) -> int:
    """Print what the sweep in a file is and how far it has come. Raises RecordingError."""
    with SweepFile.open(path) as file:
        grid, outcomes = file.grid, file.outcomes()
    axes = [axis for axis in (grid.x, grid.y) if axis is not None]
    statuses = Counter(outcome.status for outcome in outcomes.values())
    summary = {
        "kind": "sweep",
        "cells": grid.size,
        "done": len(outcomes),
        **{f"cells_{status}": number for status, number in sorted(statuses.items())},
        "axes": {axis.field: list(axis.values) for axis in axes},
        "seeds": grid.seeds,
    }
    if as_json:
        print(json.dumps(summary))
        return 0
    print(f"sweep: {len(outcomes):,} of {grid.size:,} cells, {grid.seeds} seeds each")
    for axis in axes:
        print(f"{axis.field}: {', '.join(_short(value) for value in axis.values)}")
    print("\n".join(_picture(grid, outcomes)))
    return 0


def _picture(grid: Grid, outcomes: dict[Cell, Outcome]) -> list[str]:
    """Return the validation accuracy as a map of blocks, the first value of y at the bottom; nothing if too wide."""
    if grid.width > WIDEST_MAP or grid.height == 1:
        return []
    assert grid.y is not None
    accuracy = sweep_map(grid, outcomes, "validation_accuracy")
    names = [_short(value) for value in grid.y.values]
    width = max(map(len, names))
    lines = [f"validation accuracy: {grid.y.field} up, {grid.x.field} from {_short(grid.x.values[0])} to "
             f"{_short(grid.x.values[-1])}"]  # fmt: skip
    for y in reversed(range(grid.height)):
        row = "".join(NOTHING if value != value else CHANCE_TO_ALL[round(value * 8)] * 2 for value in accuracy[y])
        lines.append(f"{names[y]:>{width}} {row}")
    return lines


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
