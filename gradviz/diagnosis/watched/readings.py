"""What is known at one step about a watched network, whose structure, data and loss nobody has told.

A module that was not measured (frozen, without weights, not called) is NaN in a row, and never counts as zero. Steps
that the optimiser skipped because gradients had overflowed are passed over: they say nothing about the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.readings import MEAN, RECENT_STEPS, SPREAD, UNCHANGED, UPDATE, WEIGHTS, Mask, Row, measures
from gradviz.recording.history import History
from gradviz.recording.measured_rows import MeasuredRow, latest_row, row_at
from gradviz.recording.source import LEARNING_RATE

WEIGHT_GRADIENT = "weight_grad_norm"
# batches differ: of a loss without a scale the medians of so many steps are compared
LOSSES_COMPARED = 20
# the first steps of a fresh optimiser are long, and branches that begin at zero (the last norm of a residual block,
# LoRA, ReZero) take their time to open
SETTLED_STEPS = 20
# of its largest, at the end of a schedule or at the beginning of its warm-up
LOW_RATE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class WatchedReadings:
    """Rows [layers of the network], NaN where not known; None where a quantity was not measured at all.

    `asked` marks the layers asked about. `gradient` is the log10 of the largest weight gradient norm among the
    `gradients` latest steps, `broken` marks layers whose latest one is infinite or no number, at step `gradient_step`;
    `opening` marks those that had none at all at the start, while it is early.
    `update` and `unchanged` are medians of the `updates` latest updates, `update` of log10 ratios. `weightless` marks
    weights that began at zero. `mean` and `spread` are those of the outputs. `loss` and `early_loss` are medians of the
    latest and the first twenty steps, `recent_loss` of the latest five; `first_loss` is that of step 0; NaN where the
    script tells none. `rate_is_low` says that a schedule lets the weights rest.
    """

    names: tuple[str, ...]
    step: int
    asked: Mask
    gradient: Row | None
    gradients: int
    gradient_step: int
    broken: Mask
    opening: Mask
    update: Row | None
    unchanged: Row | None
    updates: int
    weightless: Mask
    mean: MeasuredRow | None
    spread: MeasuredRow | None
    loss: float
    early_loss: float
    recent_loss: float
    first_loss: float
    rate_is_low: bool

    @property
    def layers(self) -> NDArray[np.int64]:
        """All layer numbers."""
        return np.arange(1, len(self.names) + 1)

    @property
    def settled(self) -> bool:
        """Whether the first steps are over, in which much is allowed."""
        return self.step >= SETTLED_STEPS

    @property
    def typical(self) -> float:
        """The log10 of the median gradient of all layers that get one; NaN if none does, or none is known."""
        gradient = self.gradient[np.isfinite(self.gradient)] if self.gradient is not None else np.empty(0)
        return float(np.median(gradient)) if gradient.size else math.nan

    def asked_where(self, mask: Mask) -> NDArray[np.int64]:
        """Return the numbers of the layers asked about where `mask` holds."""
        return self.layers[mask & self.asked]


def read_watched(history: History, step: int, part: tuple[int, int] | None = None) -> WatchedReadings:
    """Look up what is known at `step`, which is recorded; the layers from `part[0]` to `part[1]` are asked about."""
    started = history.started
    first, last = part or (1, len(started.rows))
    numbers = np.arange(1, len(started.rows) + 1)
    gradients = _recent(history, WEIGHT_GRADIENT, step)
    updates = _recent(history, UPDATE, step, after_update=True)
    unchanged = _recent(history, UNCHANGED, step, after_update=True)
    return WatchedReadings(
        names=started.row_names,
        step=step,
        asked=(numbers >= first) & (numbers <= last),
        gradient=_largest(gradients),
        gradients=len(gradients),
        gradient_step=gradients[0].step if gradients else step,
        broken=_broken(gradients, len(started.rows)),
        opening=_began_at_zero(history, WEIGHT_GRADIENT) & (step < SETTLED_STEPS),
        update=_median(updates),
        unchanged=_median(unchanged),
        updates=max(len(updates), len(unchanged)),
        weightless=_began_at_zero(history, WEIGHTS),
        mean=_latest(history, MEAN, step),
        spread=_latest(history, SPREAD, step),
        loss=_median_loss(history, max(step - LOSSES_COMPARED + 1, 0), step),
        early_loss=_median_loss(history, 0, min(LOSSES_COMPARED - 1, step)),
        recent_loss=_median_loss(history, max(step - RECENT_STEPS + 1, 0), step),
        first_loss=_median_loss(history, 0, 0),
        rate_is_low=_rate_is_low(history, step),
    )


def _recent(history: History, name: str, step: int, *, after_update: bool = False) -> list[MeasuredRow]:
    """Return the latest rows of `name`, the newest first, none of a step that was skipped.

    What is measured `after_update` tells of the update of the step before.
    """
    if not measures(history, name):
        return []
    every = history.started.scheduled_every if history.quantity(name).scheduled else 1
    # twice as far, because steps may have been skipped
    reach = 2 * RECENT_STEPS * every
    window = history.window(name, step - reach + 1, step, reach)
    steps = window.first_step + np.flatnonzero(window.measured)[::-1]
    steps = steps[~np.isin(steps - after_update, history.skipped_steps())]
    rows = (row_at(history, name, int(each)) for each in steps[:RECENT_STEPS])
    return [row for row in rows if row is not None]


def _latest(history: History, name: str, step: int) -> MeasuredRow | None:
    return latest_row(history, name, step) if measures(history, name) else None


def _began_at_zero(history: History, name: str) -> Mask:
    start = _latest(history, name, 0)
    return np.isneginf(start.values) if start is not None else np.zeros(len(history.started.rows), np.bool_)


def _largest(rows: list[MeasuredRow]) -> Row | None:
    """Return the largest value of each layer that is a number; NaN where there is none."""
    if not rows:
        return None
    # NaN gives way to every number
    largest: Row = np.fmax.reduce([np.where(np.isposinf(row.values), np.nan, row.values) for row in rows])
    return largest.astype(np.float64)


def _broken(rows: list[MeasuredRow], layers: int) -> Mask:
    if not rows:
        return np.zeros(layers, np.bool_)
    latest = rows[0]
    return latest.measured & (np.isnan(latest.values) | np.isposinf(latest.values))


def _median(rows: list[MeasuredRow]) -> Row | None:
    """Return the median of what was measured of each layer; the lower one of two in the middle."""
    if not rows:
        return None
    stacked = np.sort(np.stack([row.values for row in rows]).astype(np.float64), axis=0)
    # NaN is sorted behind all numbers
    known = (~np.isnan(stacked)).sum(axis=0)
    middle: NDArray[np.float64] = np.take_along_axis(stacked, np.maximum(known - 1, 0)[np.newaxis] // 2, axis=0)
    return np.asarray(middle[0])


def _median_loss(history: History, first: int, last: int) -> float:
    losses = (history.loss(step) for step in range(first, last + 1))
    finite = sorted(loss for loss in losses if loss is not None and math.isfinite(loss))
    return finite[(len(finite) - 1) // 2] if finite else math.nan


def _rate_is_low(history: History, step: int) -> bool:
    """Whether a schedule has the learning rate next to nothing of its largest: weights are meant to stand still."""
    now = history.scalars(step, step + 1)[0, LEARNING_RATE]
    largest = history.curve("learning_rate", 0, history.frames - 1, 2).largest
    return bool((now < LOW_RATE * largest).any())
