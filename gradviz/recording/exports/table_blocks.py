"""A recording in blocks of steps, in its own values: what every kind of table is written from.

A quantity's own values are no logarithms, and an exact zero is 0. The exception are quantities named
`exact_log10_...`, which exist because float64 cannot hold their values: they stay logarithms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Observation, Quantity, Started
from gradviz.recording.history import History

Progress = Callable[[int, int], bool]

STEPS_AT_A_TIME = 128
LOGARITHM_PREFIX = "exact_log10_"


class CancelledError(Exception):
    """The export was cancelled."""


def every_step(_done: int, _total: int) -> bool:
    """Continue, whatever was done: for callers that do not ask for progress."""
    return True


def blocks(done: int, steps: int, total: int, progress: Progress, size: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield (first step, step after the last) of every block of `size` steps (None: as many as are usual).

    Before and after each, `progress` is told how many of `total` steps are `done`. Raises CancelledError.
    """
    size = size or STEPS_AT_A_TIME
    for first in range(0, steps, size):
        if not progress(done + first, total):
            raise CancelledError
        yield first, min(first + size, steps)
    if not progress(done + steps, total):
        raise CancelledError


def row_columns(started: Started) -> dict[str, tuple[str, ...]]:
    """Return the texts [rows] that tell rows apart beside their number, by column: those that any row has."""
    columns = {
        "module": tuple(row.name for row in started.rows),
        "group": tuple(row.group for row in started.rows),
    }
    return {name: texts for name, texts in columns.items() if any(texts)}


def own_values(
    history: History, quantity: Quantity, first: int, end: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values from step `first` up to but without `end`, and which were measured, each [steps, layers].

    What was not measured is NaN.
    """
    window = history.window(quantity.name, first, end - 1)
    values = window.values.astype(np.float64)
    if quantity.scale == "log10" and not quantity.name.startswith(LOGARITHM_PREFIX):
        values = 10.0**values
    if window.measured_layers is not None:
        return values, window.measured_layers
    return values, np.broadcast_to(window.measured[:, np.newaxis], values.shape)


def scalar_columns(history: History, taken: Collection[str]) -> dict[str, str]:
    """Return what the run's further numbers per step are called, by column: as told, unless that is `taken`."""
    return {f"scalar/{name}" if name in taken else name: name for name in history.scalar_names}


class ObservedKinds:
    """The kinds of observation that hold for each row, at steps that are asked for in ascending order."""

    def __init__(self, history: History) -> None:
        self._observations = history.observations
        self._next = 0
        self._holding: dict[str, Observation] = {}
        self._cells = [""] * len(history.started.rows)

    @property
    def any(self) -> bool:
        """Whether anything was observed in the run."""
        return bool(self._observations)

    def at(self, step: int) -> list[str]:
        """Return for each row the kinds that hold at `step`, in between them a space; an observation about no row in
        particular is about all.
        """
        before = self._next
        while self._next < len(self._observations) and self._observations[self._next].step <= step:
            observation = self._observations[self._next]
            self._holding.pop(observation.kind, None)
            if observation.holds:
                self._holding[observation.kind] = observation
            self._next += 1
        if self._next > before:
            self._cells = [self._cell(row) for row in range(1, len(self._cells) + 1)]
        return self._cells

    def _cell(self, row: int) -> str:
        return " ".join(kind for kind, each in self._holding.items() if not each.rows or row in each.rows)
