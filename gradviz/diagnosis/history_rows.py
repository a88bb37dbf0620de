"""Rows of a history as the diagnosis looks at them: the latest, and medians and maxima of the latest few."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History
from gradviz.recording.measured_rows import MeasuredRow, latest_row, row_at
from gradviz.recording.source import LEARNING_RATE

# what tells of the update before its step
AFTER_UPDATE = ("update_ratio", "unchanged_fraction")
# of its largest, at the end of a schedule or at the beginning of its warm-up
LOW_RATE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured of every row at `step`, or over the `steps` latest ones up to it; NaN where nothing was.

    `there` marks the rows that were measured: a value may be NaN although it was.
    """

    step: int
    values: NDArray[np.float64]
    there: NDArray[np.bool_]
    steps: int = 1

    @property
    def not_finite(self) -> NDArray[np.bool_]:
        """The rows whose value was measured and is infinite or not a number."""
        return self.there & ~np.isfinite(self.values)

    @property
    def broken_log10(self) -> NDArray[np.bool_]:
        """The same of a logarithm, whose minus infinity stands for a zero."""
        return self.not_finite & ~np.isneginf(self.values)

    def at(self, row: int) -> float:
        """Return the value of `row`, counted from 1."""
        return float(self.values[row - 1])


def measures(history: History, name: str) -> bool:
    """Whether the run measures `name` at all."""
    return any(quantity.name == name for quantity in history.quantities)


def latest(history: History, name: str, step: int) -> Measured | None:
    """Return what was measured at `step` or, of a scheduled quantity, when it last was its turn; None: nothing."""
    found = latest_row(history, name, step) if measures(history, name) else None
    return _measured(found) if found is not None else None


def latest_largest(history: History, name: str, step: int, most: int) -> Measured | None:
    """Return the largest value of each row that is a number, among the `most` latest that the optimiser went by."""
    rows = _latest_rows(history, name, step, most)
    if not rows:
        return None
    # NaN gives way to every number
    largest = np.fmax.reduce([np.where(np.isposinf(row.values), np.nan, row.values) for row in rows])
    return Measured(rows[0].step, largest.astype(np.float64), np.any([row.measured for row in rows], axis=0), len(rows))


def latest_median(history: History, name: str, step: int, most: int) -> Measured | None:
    """Return the median of what was measured of each row in the `most` latest steps; the lower of two in the middle."""
    rows = _latest_rows(history, name, step, most)
    if not rows:
        return None
    stacked = np.sort(np.stack([row.values for row in rows]).astype(np.float64), axis=0)
    # NaN is sorted behind all numbers
    known = (~np.isnan(stacked)).sum(axis=0)
    middle = np.take_along_axis(stacked, np.maximum(known - 1, 0)[np.newaxis] // 2, axis=0)[0]
    return Measured(rows[0].step, middle, np.any([row.measured for row in rows], axis=0), len(rows))


def median_loss(history: History, first: int, last: int) -> float | None:
    """Return the median of the finite losses from step `first` to `last`, the lower of two; None if there is none."""
    losses = (history.loss(step) for step in range(max(first, 0), last + 1))
    finite = sorted(loss for loss in losses if loss is not None and math.isfinite(loss))
    return finite[(len(finite) - 1) // 2] if finite else None


def rate_is_low(history: History, step: int) -> bool:
    """Whether a schedule has the learning rate next to nothing of its largest: weights are meant to stand still."""
    now = history.scalars(step, step + 1)[0, LEARNING_RATE]
    largest = history.curve("learning_rate", 0, history.frames - 1, 2).largest
    return bool((now < LOW_RATE * largest).any())


def _latest_rows(history: History, name: str, step: int, most: int) -> list[MeasuredRow]:
    """Return the latest rows of `name`, the newest first, none of a step that the optimiser skipped.

    What is measured after an update tells of the update of the step before.
    """
    if not measures(history, name):
        return []
    every = history.started.scheduled_every if history.quantity(name).scheduled else 1
    # twice as far, because steps may have been skipped
    reach = 2 * most * every
    window = history.window(name, step - reach + 1, step, reach)
    steps = window.first_step + np.flatnonzero(window.measured)[::-1]
    steps = steps[~np.isin(steps - (name in AFTER_UPDATE), history.skipped_steps())]
    rows = (row_at(history, name, int(each)) for each in steps[:most])
    return [row for row in rows if row is not None]


def _measured(row: MeasuredRow) -> Measured:
    return Measured(row.step, row.values.astype(np.float64), row.measured)
