"""What the list of runs costs, read for the first time and again, and opening one of them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.runs.run_list import RunReader
from gradviz.recording.store import StoreWriter, open_run
from gradviz.training.control import Control
from gradviz.training.loop import train

RUNS = 200
ROUNDS = 5


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


@pytest.mark.benchmark
def test_two_hundred_runs_are_listed_at_once_and_again_for_next_to_nothing(tmp_path: Path) -> None:
    library = Library(tmp_path)
    first = library.new_path(Experiment())
    history = History.of(train(Experiment().changed(steps=100, device="cpu"), Control()))
    StoreWriter(first, history, environment={}, on_trouble=pytest.fail).close("finished")
    for number in range(1, RUNS):
        shutil.copy(first, tmp_path / f"copy-{number:03}.gradviz")
    readers = [RunReader() for _ in range(ROUNDS)]
    anew = median(seconds(lambda reader=reader: reader.listing(library.paths())) for reader in readers)
    again = median(seconds(lambda: readers[0].listing(library.paths())) for _ in range(ROUNDS))
    assert len(readers[0].listing(library.paths())) == RUNS

    def look() -> None:
        with open_run(first) as run:
            run.history.window("weight_grad_norm", 0, run.history.frames - 1, 1)

    opened = median(seconds(look) for _ in range(ROUNDS))
    size = first.stat().st_size / 1e3
    print(f"\n{RUNS} runs of {size:.0f} kB: {anew * 1e3:.0f} ms to list, {again * 1e3:.1f} ms to list again")
    print(f"{opened * 1e3:.1f} ms to open one and read a window of it")
    assert again < anew / 3
