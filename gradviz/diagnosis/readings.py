"""What is known about a run at one step: the latest rows of every quantity, for networks of every kind.

Only single rows are read, so that it costs the same however long the run is. What was not measured is None or, of
single rows, NaN, and never counts as fine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.history_rows import (
    Measured,
    latest,
    latest_largest,
    latest_median,
    median_loss,
    rate_is_low,
)
from gradviz.experiment import Row
from gradviz.recording.history import History

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRADIENT, EXACT = "activation_grad_rms", "exact_log10_activation_grad_rms"
WEIGHT_GRADIENT, EXACT_WEIGHT_GRADIENT = "weight_grad_norm", "exact_log10_weight_grad_norm"
UPDATE, UNCHANGED, WEIGHTS = "update_ratio", "unchanged_fraction", "weight_norm"
DEAD, SATURATED = "dead_fraction", "saturated_fraction"
MEAN, SPREAD = "activation_mean", "activation_std"

# one step is noisy: of update ratio and loss the median over this many is taken
RECENT_STEPS = 5
# batches differ: of a loss without a scale the medians of so many steps are compared
LOSSES_COMPARED = 20
# the log10 of the smallest normal number; float32 and bfloat16 reach equally far
_FLOORS = {"float64": -1022.0 * math.log10(2.0), "float16": -14.0 * math.log10(2.0)}
_FLOOR = -126.0 * math.log10(2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """log10 of the activation gradient: as the machine `delivered` it and as the mathematics has it (`exact`)."""

    delivered: Measured | None
    exact: Measured | None


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Mean and spread of what each row puts out."""

    mean: Measured
    spread: Measured

    @property
    def step(self) -> int:
        """The step they were measured at."""
        return self.mean.step

    @property
    def not_finite(self) -> Mask:
        """The rows whose output is infinite or not a number."""
        return self.mean.not_finite | self.spread.not_finite


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A loss that ceased to be finite at `step`, and the row that was the first to put out such numbers."""

    step: int
    loss: float
    first_row: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Everything the rules look at. All arrays have one value for each of `rows`, the whole network's.

    `step` is the one that is judged: where the loss is `lost`, the step before it. `asked` marks the rows asked about.
    `known` marks those of which something is known, what their activation can do or how many units they have; along the
    ones that lie on the path from the input to the loss (`whole_path`, and `path` as far as asked about) the gradient
    can be compared. `floor` is the log10 of the smallest normal number of the precision.

    `flow` is None where there is no path, too. `weight_gradient` is the log10 of the largest among the latest norms.
    `update` (log10) and `unchanged` are medians of the latest steps. `loss` is a median of the latest steps,
    `early_loss` and `late_loss` are medians of more of them, `chance_loss` is that of a guess. `rate_is_low` says that
    a schedule lets the weights rest.
    """

    rows: tuple[Row, ...]
    step: int
    asked: Mask
    known: Mask
    path: Mask
    whole_path: Mask
    floor: float
    flow: Flow | None
    start_flow: Flow | None
    weight_gradient: Measured | None
    broken_gradient: Mask
    start_weight_gradient: Measured | None
    update: Measured | None
    unchanged: Measured | None
    weights: Measured | None
    start_weights: Measured | None
    dead: Measured | None
    start_dead: Measured | None
    saturated: Measured | None
    outputs: Outputs | None
    start_outputs: Outputs | None
    lost: Lost | None
    loss: float | None
    first_loss: float | None
    early_loss: float | None
    late_loss: float | None
    chance_loss: float | None
    rate_is_low: bool

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The numbers of all rows."""
        return np.arange(1, len(self.rows) + 1)

    def can(self, slope: str) -> Mask:
        """Mark the rows whose activation can do that: die or saturate."""
        return np.array([row.slope == slope for row in self.rows], np.bool_)

    def asked_where(self, mask: Mask) -> tuple[int, ...]:
        """Return the numbers of the rows asked about where `mask` holds."""
        return tuple(self.numbers[mask & self.asked].tolist())

    def loss_below(self, share: float) -> bool:
        """Whether the loss is known and below this share of a guess's, and that is known, too."""
        return self.loss is not None and self.chance_loss is not None and self.loss < share * self.chance_loss


def read(history: History, step: int | None, part: tuple[int, int] | None = None) -> Readings:
    """Look up what is known at `step` (None: the latest) of a run that has a step; rows `part[0]` to `part[1]`."""
    started = history.started
    step = existing_step(history, step)
    lost = _lost(history, step)
    step = max(lost.step - 1, 0) if lost is not None else step
    numbers = np.arange(1, len(started.rows) + 1)
    first, last = part or (1, numbers.size)
    asked = (numbers >= first) & (numbers <= last)
    known = np.array([row.slope is not None or row.units > 0 for row in started.rows], np.bool_)
    whole_path = known & np.array([row.on_path for row in started.rows], np.bool_)
    gradient = latest_largest(history, WEIGHT_GRADIENT, step, RECENT_STEPS)
    newest = latest(history, WEIGHT_GRADIENT, gradient.step) if gradient is not None else None
    return Readings(
        rows=started.rows,
        step=step,
        asked=asked,
        known=known,
        path=whole_path & asked,
        whole_path=whole_path,
        floor=_FLOORS.get(started.precision, _FLOOR),
        flow=_flow(history, step) if whole_path.any() else None,
        start_flow=_flow(history, 0) if whole_path.any() else None,
        weight_gradient=gradient,
        broken_gradient=newest.broken_log10 if newest is not None else np.zeros(numbers.size, np.bool_),
        start_weight_gradient=latest(history, EXACT_WEIGHT_GRADIENT, 0) or latest(history, WEIGHT_GRADIENT, 0),
        update=latest_median(history, UPDATE, step, RECENT_STEPS),
        unchanged=latest_median(history, UNCHANGED, step, RECENT_STEPS),
        weights=latest(history, WEIGHTS, step),
        start_weights=latest(history, WEIGHTS, 0),
        dead=latest(history, DEAD, step),
        start_dead=latest(history, DEAD, 0),
        saturated=latest(history, SATURATED, step),
        outputs=_outputs(history, step),
        start_outputs=_outputs(history, 0),
        lost=lost,
        loss=median_loss(history, step - RECENT_STEPS + 1, step),
        first_loss=median_loss(history, 0, 0),
        early_loss=median_loss(history, 0, min(LOSSES_COMPARED - 1, step)),
        late_loss=median_loss(history, step - LOSSES_COMPARED + 1, step),
        chance_loss=_chance_loss(history),
        rate_is_low=rate_is_low(history, step),
    )


def existing_step(history: History, step: int | None) -> int:
    """Return the recorded step next to `step`; None means the latest."""
    newest = history.frames - 1
    return newest if step is None else min(max(step, 0), newest)


def _flow(history: History, step: int) -> Flow | None:
    delivered, exact = latest(history, GRADIENT, step), latest(history, EXACT, step)
    return None if delivered is None and exact is None else Flow(delivered, exact)


def _outputs(history: History, step: int) -> Outputs | None:
    mean, spread = latest(history, MEAN, step), latest(history, SPREAD, step)
    return None if mean is None or spread is None else Outputs(mean, spread)


def _lost(history: History, step: int) -> Lost | None:
    """Return where the loss ceased to be finite; None if it did not, or if nobody told it."""
    event = history.diverged
    if event is not None and step >= event.step:
        return Lost(event.step, event.loss, _first_broken(history, event.step))
    loss = history.loss(step)
    if loss is None or math.isfinite(loss) or step in history.skipped_steps():
        return None
    # one that is not a number may be one that was not told
    if math.isnan(loss) and history.started.loss_optional:
        return None
    return Lost(step, loss, _first_broken(history, step))


def _first_broken(history: History, step: int) -> int | None:
    """Return the first row, coming from the input, whose output at `step` is not finite; None if none is known."""
    found = [
        each.not_finite
        for name in (MEAN, SPREAD)
        if (each := latest(history, name, step)) is not None and each.step == step
    ]
    broken = np.flatnonzero(np.any(found, axis=0)) if found else np.empty(0, np.int64)
    return int(broken[0]) + 1 if broken.size else None


def _chance_loss(history: History) -> float | None:
    samples = history.started.held_out
    return None if samples is None else math.log(max(len(samples.class_names), 2))
