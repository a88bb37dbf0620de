"""A recording in blocks of steps, in its own values: what every kind of table is written from.

A quantity's own values are no logarithms, and an exact zero is 0. The exception are quantities named
`exact_log10_...`, which exist because float64 cannot hold their values: they stay logarithms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Quantity, Started
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
