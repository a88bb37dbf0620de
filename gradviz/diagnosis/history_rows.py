"""Rows of a history as the diagnosis looks at them: the latest, and medians and maxima of the latest few."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History
from gradviz.recording.source import LEARNING_RATE, LOSS

# what tells of the update before its step
AFTER_UPDATE = ("update_ratio", "unchanged_fraction")
# steps of which one in so many was measured are read in one go
DENSE = 4
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
    found = history.latest_row(name, step) if measures(history, name) else None
    if found is None:
        return None
    step, values = found[0], found[1].astype(np.float64)
    there = ~np.isnan(values)
    # only NaN may have been measured or not
    return Measured(step, values, there if there.all() else history.measured(name, step))


def latest_largest(history: History, name: str, step: int, most: int) -> Measured | None:
    """Return the largest value of each row that is a number, among the `most` latest that the optimiser went by."""
    steps, values, there = _latest_rows(history, name, step, most)
    if not steps.size:
        return None
    # NaN gives way to every number
    largest = np.fmax.reduce(np.where(np.isposinf(values), np.nan, values))
    return Measured(int(steps[-1]), largest.astype(np.float64), np.logical_or.reduce(there, axis=0), steps.size)


def latest_median(history: History, name: str, step: int, most: int) -> Measured | None:
    """Return the median of what was measured of each row in the `most` latest steps; the lower of two in the middle."""
    steps, values, there = _latest_rows(history, name, step, most)
    if not steps.size:
        return None
    # NaN is sorted behind all numbers
    ordered = np.sort(values, axis=0)
    if np.isnan(ordered[-1]).any():
        known = (~np.isnan(ordered)).sum(axis=0)
        middle = np.take_along_axis(ordered, np.maximum(known - 1, 0)[np.newaxis] // 2, axis=0)[0]
    else:
        middle = ordered[(steps.size - 1) // 2]
    return Measured(int(steps[-1]), middle.astype(np.float64), np.logical_or.reduce(there, axis=0), steps.size)


def losses_told(history: History, first: int, last: int) -> NDArray[np.float64]:
    """Return the losses from step `first` to `last` without those that were not told, oldest first."""
    losses = history.scalars(max(first, 0), last + 1)[:, LOSS]
    return np.asarray(losses[~np.isnan(losses)], np.float64)


def median_loss(history: History, first: int, last: int) -> float | None:
    """Return the median of the finite losses from step `first` to `last`, the lower of two; None if there is none."""
    losses = history.scalars(max(first, 0), last + 1)[:, LOSS]
    finite = np.sort(losses[np.isfinite(losses)])
    return float(finite[(finite.size - 1) // 2]) if finite.size else None


def rate_is_low(history: History, step: int) -> bool:
    """Whether a schedule has the learning rate next to nothing of its largest: weights are meant to stand still."""
    now = history.scalars(step, step + 1)[0, LEARNING_RATE]
    return bool(now < LOW_RATE * largest_rate(history, step))


def largest_rate(history: History, step: int) -> float:
    """Return the largest learning rate up to `step`; NaN where nobody told."""
    largest = history.curve("learning_rate", 0, step, 2).largest
    return float(np.nanmax(largest)) if not np.isnan(largest).all() else math.nan


def share_measured(history: History, name: str, step: int, most: int) -> NDArray[np.float64]:
    """Return in what share of the `most` latest measurements each row was there, [rows]; 0 without any."""
    _, _, there = _latest_rows(history, name, step, most)
    return there.mean(axis=0) if len(there) else np.zeros(len(history.started.rows))


def rate_is_rising(history: History, step: int, over: int) -> bool:
    """Whether the learning rate has grown over the latest `over` steps."""
    rates = history.scalars(max(step - over, 0), step + 1)[:, LEARNING_RATE]
    return bool(rates[-1] > 1.01 * rates[0])


def _latest_rows(
    history: History, name: str, step: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Return the `most` latest rows of `name`, none of a step that the optimiser skipped: steps, values, what is there.

    Values [steps, rows] are NaN where nothing was measured. What is measured after an update tells of the update of the
    step before.
    """
    rows = len(history.started.rows)
    if not measures(history, name):
        return np.empty(0, np.int64), np.empty((0, rows), np.float32), np.empty((0, rows), np.bool_)
    skipped = history.skipped_steps()
    # twice as many where some of them may not count
    found = np.array(history.latest_steps(name, step, 2 * most if skipped.size else most), np.int64)
    if skipped.size:
        found = found[~np.isin(found - (name in AFTER_UPDATE), skipped)]
    found = found[-most:]
    if not found.size:
        return found, np.empty((0, rows), np.float32), np.empty((0, rows), np.bool_)
    if found[-1] - found[0] < DENSE * found.size:
        window = history.window(name, int(found[0]), int(found[-1]))
        columns = found - found[0]
        values, there = window.values[columns], window.measured_layers
        return found, values, np.ones_like(values, np.bool_) if there is None else there[columns]
    each = [row for at in found.tolist() if (row := history.row(name, at)) is not None]
    return found, np.stack(each), np.stack([history.measured(name, at) for at in found.tolist()])
