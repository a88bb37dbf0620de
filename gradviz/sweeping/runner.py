"""Runs the cells of a sweep on any `concurrent.futures.Executor`, and keeps each outcome as it comes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from gradviz.experiment.grid import Cell
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile
from gradviz.sweeping.cell import run_cell

# waiting cells for each worker: none is idle, and a stop has little to cancel
AHEAD = 2
# a worker that dies takes its cell with it; one that does so again and again is the cell's fault
MOST_TRIES = 3

Work = Callable[[str, str], str]


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of fresh processes, which share nothing with this one."""
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def usual_workers() -> int:
    """Return the number of processes for this machine: its cores."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def run_sweep(
    file: SweepFile,
    pool: Callable[[], Executor],
    workers: int,
    *,
    on_outcome: Callable[[Cell, Outcome], object] = lambda _cell, _outcome: None,
    stopped: Callable[[], bool] = lambda: False,
    work: Work = run_cell,
) -> bool:
    """Run every cell that `file` has no outcome of, coarse to fine; return whether all are there.

    `pool` makes an executor with so many `workers`; a new one is made where a worker dies, and the cells that it had
    are tried again, one at a time. `stopped` is asked after every outcome; cells under way then are left to be done
    the next time.
    Raises RecordingError where an outcome cannot be kept.
    """
    done = file.outcomes()
    waiting = iter([cell for cell in file.grid.cells() if cell not in done])
    sweep = _Sweep(file, work, on_outcome)
    tries: dict[Cell, int] = {}
    again: list[Cell] = []
    while True:
        executor = pool()
        try:
            # alone, so that a cell that ends its worker takes no other one with it again
            alone = sweep.on(executor, 1, _taken_from(again), stopped)
            ended = alone and sweep.on(executor, workers * AHEAD, waiting, stopped)
        finally:
            executor.shutdown(wait=True)
        if ended:
            return not stopped() or sweep.complete
        for cell in sweep.lost:
            tries[cell] = tries.get(cell, 0) + 1
            if tries[cell] >= MOST_TRIES:
                sweep.keep(cell, Outcome(status="failed", why=f"its process died {MOST_TRIES} times"))
            else:
                again.append(cell)


class _Sweep:
    """The cells under way on one executor after the other."""

    def __init__(self, file: SweepFile, work: Work, on_outcome: Callable[[Cell, Outcome], object]) -> None:
        self._file, self._work, self._on_outcome = file, work, on_outcome
        self._grid_json = file.grid.model_dump_json()
        self.lost: list[Cell] = []

    @property
    def complete(self) -> bool:
        """Whether every cell has an outcome."""
        return len(self._file.outcomes()) == self._file.grid.size

    def on(self, executor: Executor, most: int, cells: Iterator[Cell], stopped: Callable[[], bool]) -> bool:
        """Run `cells`, at most so many at a time.

        Returns True where there are none left or it is stopped, False where a worker dies.
        """
        under_way: dict[Future[str], Cell] = {}
        self.lost = []
        while not stopped():
            while len(under_way) < most and (cell := next(cells, None)) is not None:
                try:
                    future = executor.submit(self._work, self._grid_json, cell.model_dump_json())
                except BrokenProcessPool:
                    self.lost = [*under_way.values(), cell]
                    return False
                under_way[future] = cell
            if not under_way:
                return True
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                self._take(under_way.pop(future), future)
            if self.lost:
                self.lost += under_way.values()
                return False
        for future in under_way:
            future.cancel()
        return True

    def _take(self, cell: Cell, future: Future[str]) -> None:
        try:
            outcome = Outcome.model_validate_json(future.result())
        except BrokenProcessPool:
            self.lost.append(cell)
        except Exception as error:
            # a defect of ours, or of the executor's, costs this cell and not the sweep
            self.keep(cell, Outcome(status="failed", why=f"{type(error).__name__}: {error}"))
        else:
            self.keep(cell, outcome)

    def keep(self, cell: Cell, outcome: Outcome) -> None:
        """Write an outcome, and tell of it."""
        self._file.put(cell, outcome)
        self._on_outcome(cell, outcome)


def _taken_from(cells: list[Cell]) -> Iterator[Cell]:
    while cells:
        yield cells.pop(0)
