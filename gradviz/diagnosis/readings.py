"""What is known about a run at one step: the latest rows of every quantity, for networks of every kind.

Only single rows are read, so that it costs the same however long the run is. What was not measured is None or, of
single rows, NaN, and never counts as fine.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.guesses import Guess, Validation, guess_of, validation_at
from gradviz.diagnosis.history_rows import (
    Measured,
    largest_rate,
    latest,
    latest_largest,
    latest_median,
    losses_told,
    measures,
    median_loss,
    rate_is_low,
    rate_is_rising,
    share_measured,
)
from gradviz.diagnosis.measurements import Flow, Lost, Outputs
from gradviz.diagnosis.row_marks import marks_of
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.observations import Observed
from gradviz.recording.source import LEARNING_RATE

Values = NDArray[np.float64]
Mask = NDArray[np.bool_]

GRADIENT, EXACT = "activation_grad_rms", "exact_log10_activation_grad_rms"
WEIGHT_GRADIENT, EXACT_WEIGHT_GRADIENT = "weight_grad_norm", "exact_log10_weight_grad_norm"
UPDATE, UNCHANGED, WEIGHTS = "update_ratio", "unchanged_fraction", "weight_norm"
DEAD, SATURATED = "dead_fraction", "saturated_fraction"
MEAN, SPREAD = "activation_mean", "activation_std"
TOKEN_COSINE = "token_cosine"

NORM_BEFORE_CLIPPING = "gradient_norm_before_clipping"

# below this share of a guess's loss something has been learnt
HAS_LEARNT = 0.5
# one step is noisy: of update ratio and loss the median over this many is taken
RECENT_STEPS = 5
# batches differ: of a loss without a scale the medians of so many steps are compared
LOSSES_COMPARED = 20
# what is observed of rows that no step moves
CANNOT_MOVE = (
    "frozen", "in_no_optimizer", "never_called", "not_called_lately", "no_grad", "detached", "without_gradient",
    "without_weights",
)  # fmt: skip
NEARLY_ALWAYS = 0.9
# how the training begins
FIRST_STEPS = 10
# the log10 of the smallest normal number; float32 and bfloat16 reach equally far
_FLOORS = {"float64": -1022.0 * math.log10(2.0), "float16": -14.0 * math.log10(2.0)}
_FLOOR = -126.0 * math.log10(2.0)


class Readings:
    """Everything the rules look at; each reading is looked up when a rule first asks for it.

    All arrays have one value for each of `rows`, the whole network's; a reading that is not known is None. `step` is
    the one that is judged: the `asked_step`, or the step before the loss was `lost`. `asked` marks the rows asked
    about. `floor` is the log10 of the smallest normal number of the `precision`.

    Of `known` rows is known what they are: what their activation can do (`can_die`, `can_saturate`) or how many `units`
    they have. Along those that lie on the path from the input to the loss (`whole_path`, and `path` as far as asked
    about) the gradient can be compared. `bypassed` are rows that part of the signal passes by, known or not.
    """

    def __init__(self, history: History, step: int | None, part: tuple[int, int] | None = None) -> None:
        """Ask about `step` (None: the latest) of a run that has one, and about the rows from `part[0]` to `part[1]`."""
        marks = marks_of(history)
        self._history = history
        self.rows = history.started.rows
        self.numbers, self.units = marks.numbers, marks.units
        self.can_die, self.can_saturate = marks.can_die, marks.can_saturate
        self.asked_step = existing_step(history, step)
        self.lost = _lost(history, self.asked_step)
        self.step = self.asked_step if self.lost is None else max(self.lost.step - 1, 0)
        first, last = part or (1, len(self.rows))
        self.asked: Mask = (self.numbers >= first) & (self.numbers <= last)
        self.known, self.whole_path, self.bypassed = marks.known, marks.path, marks.bypassed
        self.path: Mask = marks.path & self.asked
        self._guess = guess_of(history.started)
        self.precision = history.started.precision
        self.floor = _FLOORS.get(self.precision, _FLOOR)

    @cached_property
    def flow(self) -> Flow | None:
        """The gradient along the path; None where there is no path, too."""
        return self._flow_at(self.step)

    @cached_property
    def start_flow(self) -> Flow | None:
        """The same at step 0."""
        return self._flow_at(0)

    @cached_property
    def weight_gradient(self) -> Measured | None:
        """The log10 of the largest among the latest norms of the weights' gradient."""
        return latest_largest(self._history, WEIGHT_GRADIENT, self.step, RECENT_STEPS)

    @cached_property
    def newest_weight_gradient(self) -> Measured | None:
        """The log10 of the norm of the weights' gradient, as it was measured last."""
        return latest(self._history, WEIGHT_GRADIENT, self.step)

    @cached_property
    def broken_gradient(self) -> Mask:
        """The rows whose latest weight gradient is infinite or not a number."""
        gradient = self.weight_gradient
        newest = latest(self._history, WEIGHT_GRADIENT, gradient.step) if gradient is not None else None
        return newest.broken_log10 if newest is not None else np.zeros(len(self.rows), np.bool_)

    @cached_property
    def lately_with_gradient(self) -> Mask:
        """The rows of which one of the latest measurements has a gradient, a few more than count as the present."""
        gradient = latest_largest(self._history, WEIGHT_GRADIENT, self.step, LOSSES_COMPARED)
        return np.isfinite(gradient.values) if gradient is not None else np.zeros(len(self.rows), np.bool_)

    @cached_property
    def stands_for_a_reason(self) -> Mask:
        """The rows that cannot move, as was observed, or that only some batches have to do with."""
        if self.observed("no_gradient") is not None:
            return np.ones(len(self.rows), np.bool_)
        rows = np.zeros(len(self.rows), np.bool_)
        for kind in CANNOT_MOVE:
            if (held := self.observed(kind)) is not None:
                rows[np.array(held.observation.rows, np.int64) - 1] = True
        share = share_measured(self._history, WEIGHT_GRADIENT, self.step, LOSSES_COMPARED)
        return np.asarray(rows | ((share > 0.0) & (share < NEARLY_ALWAYS)))

    @cached_property
    def start_weight_gradient(self) -> Measured | None:
        """The log10 of the norm of the weights' gradient at step 0, exact where that was measured."""
        return latest(self._history, EXACT_WEIGHT_GRADIENT, 0) or latest(self._history, WEIGHT_GRADIENT, 0)

    @cached_property
    def update(self) -> Measured | None:
        """The log10 of the update ratio, a median of the latest steps."""
        return latest_median(self._history, UPDATE, self.step, RECENT_STEPS)

    @cached_property
    def unchanged(self) -> Measured | None:
        """The share of weights that kept every bit, a median of the latest steps."""
        return latest_median(self._history, UNCHANGED, self.step, RECENT_STEPS)

    @cached_property
    def weights(self) -> Measured | None:
        """The log10 of the norm of the weights."""
        return latest(self._history, WEIGHTS, self.step)

    @cached_property
    def start_weights(self) -> Measured | None:
        """The same at step 0."""
        return latest(self._history, WEIGHTS, 0)

    @cached_property
    def dead(self) -> Measured | None:
        """The share of dead units."""
        return latest(self._history, DEAD, self.step)

    @cached_property
    def start_dead(self) -> Measured | None:
        """The same at step 0."""
        return latest(self._history, DEAD, 0)

    @cached_property
    def saturated(self) -> Measured | None:
        """The share of saturated inputs of the activations."""
        return latest(self._history, SATURATED, self.step)

    @cached_property
    def token_cosine(self) -> Measured | None:
        """How alike the tokens of a sample are that each row hands on."""
        return latest(self._history, TOKEN_COSINE, self.step)

    @cached_property
    def outputs(self) -> Outputs | None:
        """Mean and spread of the outputs."""
        return self.outputs_at(self.step)

    @cached_property
    def start_outputs(self) -> Outputs | None:
        """The same at step 0."""
        return self.outputs_at(0)

    @cached_property
    def loss(self) -> float | None:
        """The loss, a median of the latest steps."""
        return median_loss(self._history, self.step - RECENT_STEPS + 1, self.step)

    @cached_property
    def first_loss(self) -> float | None:
        """The loss of step 0."""
        return median_loss(self._history, 0, 0)

    @cached_property
    def early_loss(self) -> float | None:
        """The loss of the first steps, a median of more of them."""
        return median_loss(self._history, 0, min(LOSSES_COMPARED - 1, self.step))

    @cached_property
    def late_loss(self) -> float | None:
        """The loss of the latest steps, a median of as many."""
        return median_loss(self._history, self.step - LOSSES_COMPARED + 1, self.step)

    @property
    def guess(self) -> Guess | None:
        """What a guess is worth."""
        return self._guess

    @property
    def chance_loss(self) -> float | None:
        """The loss of a guess by how often each label comes; None where all labels are the same, too."""
        return self._guess.loss if self._guess is not None and self._guess.loss > 0.0 else None

    @cached_property
    def validation(self) -> Validation | None:
        """The latest evaluation on validation samples."""
        return validation_at(self._history, self.step)

    @property
    def experiment(self) -> Experiment | None:
        """The recipe of a network that gradviz trains; None for a script's."""
        return self._history.started.experiment

    @property
    def batch_size(self) -> int:
        """Samples in a training step; 0 where it is not known."""
        return self._history.started.batch_size

    @property
    def classes(self) -> int:
        """Classes among the validation samples; 0 where there are none."""
        held_out = self._history.started.held_out
        return len(held_out.class_names) if held_out is not None else 0

    @property
    def input_mean_square(self) -> Values | None:
        """Mean square of the features of each training sample, as the network is given them."""
        return self._history.started.input_mean_square

    @property
    def regression(self) -> bool:
        """Whether a number is predicted, and accuracies are R squared."""
        return self._history.started.regression

    @property
    def learnt(self) -> bool:
        """Whether the loss is known to be far below a guess's, and the validation loss, if known, below it."""
        validation, chance = self.validation, self.chance_loss
        generalises = validation is None or chance is None or validation.loss < chance
        return self.loss_below(HAS_LEARNT) and generalises

    @cached_property
    def learning_rate(self) -> float:
        """The learning rate of the step; NaN where nobody told."""
        return float(self._history.scalars(self.step, self.step + 1)[0, LEARNING_RATE])

    @property
    def largest_rate(self) -> float:
        """The largest learning rate so far; NaN where nobody told."""
        return largest_rate(self._history, self.step)

    @cached_property
    def clipping(self) -> Values | None:
        """The norms of the latest gradients before they were clipped, oldest first; None if there are too few."""
        if NORM_BEFORE_CLIPPING not in self._history.scalar_names:
            return None
        norms = self._history.scalar_part(NORM_BEFORE_CLIPPING, max(self.step - LOSSES_COMPARED + 1, 0), self.step + 1)
        told = norms[np.isfinite(norms)]
        return told if told.size >= RECENT_STEPS else None

    @cached_property
    def rate_is_low(self) -> bool:
        """Whether a schedule lets the weights rest."""
        return rate_is_low(self._history, self.step)

    def observed(self, kind: str) -> Observed | None:
        """Return what of `kind` (see `recording.observations.KINDS`) holds, and since when; None if nothing does."""
        return self._history.observed(kind, self.asked_step)

    def observed_first(self, kind: str) -> Observed | None:
        """Return of what holds of `kind` what was said of it when it began, in place of the latest that was said."""
        held = self.observed(kind)
        if held is None:
            return None
        said = (each for each in self._history.observations if each.kind == kind and each.step == held.since)
        return Observed(next(said), held.since)

    def scalar(self, name: str, steps: int) -> Values:
        """Return what was told of a further number at the `steps` latest steps, oldest first; empty if never."""
        if name not in self._history.scalar_names:
            return np.empty(0)
        told = self._history.scalar_part(name, max(self.asked_step - steps + 1, 0), self.asked_step + 1)
        return np.asarray(told[~np.isnan(told)], np.float64)

    def loss_at(self, step: int) -> float:
        """Return the loss of one step; NaN if there is none."""
        loss = self._history.loss(step) if 0 <= step < self._history.frames else None
        return math.nan if loss is None else float(loss)

    def weight_gradients_at(self, step: int) -> Measured | None:
        """Return the norms of the weights' gradients measured at `step` or last before it."""
        return latest(self._history, WEIGHT_GRADIENT, step) if step >= 0 else None

    def losses(self, steps: int) -> Values:
        """Return the losses of the `steps` latest steps, oldest first, without those that were not told."""
        return losses_told(self._history, self.asked_step - steps + 1, self.asked_step)

    @cached_property
    def rate_is_rising(self) -> bool:
        """Whether the learning rate is being warmed up."""
        return rate_is_rising(self._history, self.step, LOSSES_COMPARED)

    @cached_property
    def early_updates(self) -> Measured | None:
        """The log10 of the largest update ratio of each row in the first steps."""
        return latest_largest(self._history, UPDATE, min(self.step, FIRST_STEPS), FIRST_STEPS)

    @cached_property
    def least_norm_before_clipping(self) -> float:
        """The smallest norm that any gradient up to here had before it was clipped; NaN if none was told."""
        if NORM_BEFORE_CLIPPING not in self._history.scalar_names:
            return math.nan
        smallest = self._history.scalar_curve(NORM_BEFORE_CLIPPING, 0, self.step, 2).smallest
        return float(np.fmin.reduce(smallest))

    def asked_where(self, mask: Mask) -> tuple[int, ...]:
        """Return the numbers of the rows asked about where `mask` holds."""
        return tuple(self.numbers[mask & self.asked].tolist())

    def loss_below(self, share: float) -> bool:
        """Whether the loss is known and below this share of a guess's, and that is known, too."""
        guess = self._guess
        if self.loss is None or guess is None:
            return False
        # where all labels are the same any loss above zero can still fall
        return self.loss < share * (guess.loss or guess.even_loss)

    def measures(self, name: str) -> bool:
        """Whether the run measures the quantity `name` at all."""
        return measures(self._history, name)

    def _flow_at(self, step: int) -> Flow | None:
        if not self.whole_path.any():
            return None
        delivered, exact = latest(self._history, GRADIENT, step), latest(self._history, EXACT, step)
        if delivered is not None and exact is not None and exact.step != delivered.step:
            # of another step, and no evidence beside this one
            exact = None
        return None if delivered is None and exact is None else Flow(delivered, exact)

    def outputs_at(self, step: int) -> Outputs | None:
        """Return mean and spread of the outputs measured at `step` or last before it."""
        mean, spread = latest(self._history, MEAN, step), latest(self._history, SPREAD, step)
        return None if mean is None or spread is None else Outputs(mean, spread)


def existing_step(history: History, step: int | None) -> int:
    """Return the recorded step next to `step`; None means the latest."""
    newest = history.frames - 1
    return newest if step is None else min(max(step, 0), newest)


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
