"""`gradviz sweep`: train a whole map of experiments on all cores."""

from __future__ import annotations

import json
import platform
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from gradviz import __version__
from gradviz.commands.progress import progress_bar
from gradviz.commands.sweep_text import in_words
from gradviz.errors import ExperimentError, RecordingError
from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.exports.sweep_table import save_sweep
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile
from gradviz.sweeping.dask_cluster import dask_cluster
from gradviz.sweeping.runner import process_pool, run_sweep, usual_workers

INTERRUPTED = 130


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
        print(json.dumps(summary) if as_json else in_words(summary, file.grid, outcomes))
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
