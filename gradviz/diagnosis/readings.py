"""What is known about a run at one step: the latest rows of every quantity, cut to the layers asked about.

Only single rows are read, so that it costs the same however long the run is. What was not measured is None, and never
counts as fine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment import Experiment
from gradviz.recording.history import History

Row = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRADIENT, EXACT = "activation_grad_rms", "exact_log10_activation_grad_rms"
UPDATE, UNCHANGED, WEIGHTS = "update_ratio", "unchanged_fraction", "weight_norm"
DEAD, SATURATED = "dead_fraction", "saturated_fraction"
MEAN, SPREAD = "activation_mean", "activation_std"

# one step is noisy: of update ratio and loss the median over this many is taken
RECENT_STEPS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """A row [layers asked about] and the step it was measured at."""

    step: int
    row: Row


@dataclass(frozen=True, slots=True)
class Gradients:
    """log10 of the activation gradient: as the machine `delivered` it and as the mathematics has it (`exact`)."""

    delivered: Measured | None
    exact: Measured | None


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything the rules look at.

    `layers` [n] are the numbers of the layers asked about; every row has their length. `spine` marks those at whose
    output a shortcut arrives (all, without a shortcut): the gradient on the way, not inside a residual branch.
    `floor` is the log10 of the smallest normal number of the precision. `update` is log10 and the median of the
    `updates` latest steps. `loss` is the median over the latest steps, `chance_loss` that of a guess.
    """

    experiment: Experiment
    step: int
    layers: NDArray[np.int64]
    spine: Mask
    floor: float
    now: Gradients
    start: Gradients
    update: Row | None
    updates: int
    unchanged: Measured | None
    dead: Measured | None
    start_dead: Measured | None
    saturated: Measured | None
    weights: Measured | None
    start_weights: Measured | None
    start_mean: Measured | None
    start_spread: Measured | None
    loss: float
    first_loss: float
    chance_loss: float

    def loss_below(self, share: float) -> bool:
        """Whether the loss is known and below this share of a guess's."""
        return self.loss < share * self.chance_loss


def read(history: History, step: int, layers: tuple[int, int] | None = None) -> Readings:
    """Look up what is known at `step`, which is recorded, of the layers from `layers[0]` to `layers[1]`; None: all."""
    first, last = layers or (1, len(history.started.rows))
    part = slice(first - 1, last)
    experiment, samples = history.started.experiment, history.started.held_out
    assert experiment is not None, "the rules know experiments alone"
    assert samples is not None, "an experiment has held-out samples"
    update, updates = _recent(history, UPDATE, step, part)

    def at(name: str, when: int = step) -> Measured | None:
        return _latest(history, name, when, part)

    return Readings(
        experiment=experiment,
        step=step,
        layers=np.arange(first, last + 1),
        spine=np.array([row.on_path for row in history.started.rows])[part],
        floor=float(np.log10(np.finfo(experiment.training.precision).smallest_normal)),
        now=Gradients(at(GRADIENT), at(EXACT)),
        start=Gradients(at(GRADIENT, 0), at(EXACT, 0)),
        update=update,
        updates=updates,
        unchanged=at(UNCHANGED),
        dead=at(DEAD),
        start_dead=at(DEAD, 0),
        saturated=at(SATURATED),
        weights=at(WEIGHTS),
        start_weights=at(WEIGHTS, 0),
        start_mean=at(MEAN, 0),
        start_spread=at(SPREAD, 0),
        loss=_recent_loss(history, step),
        first_loss=_or_nan(history.loss(0)),
        chance_loss=math.log(max(len(samples.class_names), 2)),
    )


def existing_step(history: History, step: int | None) -> int:
    """Return the recorded step next to `step`; None means the latest."""
    latest = history.frames - 1
    return latest if step is None else min(max(step, 0), latest)


def judged_step(history: History, step: int | None) -> int:
    """Return the step whose readings tell the cause: where the loss ceased to be finite, the one before."""
    step = existing_step(history, step)
    lost = not math.isfinite(history.loss(step) or 0.0)
    return step - 1 if lost and step else step


def measures(history: History, name: str) -> bool:
    """Whether the run measures `name` at all."""
    return any(quantity.name == name for quantity in history.quantities)


def _latest(history: History, name: str, step: int, part: slice) -> Measured | None:
    found = history.latest_row(name, step) if measures(history, name) else None
    return Measured(found[0], found[1][part].astype(np.float64)) if found is not None else None


def _recent(history: History, name: str, step: int, part: slice) -> tuple[Row | None, int]:
    """Return the median over the latest rows and their number; the lower one of two in the middle."""
    if not measures(history, name):
        return None, 0
    latest = (history.row(name, each) for each in range(step, max(step - RECENT_STEPS, -1), -1))
    rows = [row[part] for row in latest if row is not None]
    if not rows:
        return None, 0
    return np.sort(np.stack(rows), axis=0)[(len(rows) - 1) // 2].astype(np.float64), len(rows)


def _recent_loss(history: History, step: int) -> float:
    losses = (history.loss(each) for each in range(max(step - RECENT_STEPS + 1, 0), step + 1))
    finite = sorted(loss for loss in losses if loss is not None and math.isfinite(loss))
    return finite[(len(finite) - 1) // 2] if finite else math.nan


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
