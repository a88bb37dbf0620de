"""What the optimiser is told to do with the gradient: clip it at every step, or let the weights decay faster."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import RECENT_STEPS, UPDATE, WEIGHT_GRADIENT, Mask, Readings, Values
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Experiment, Training

# a gradient that is longer than it may be by this factor at every step is another optimiser's
CLIPPED_BY = 10.0
# optimisers that divide the gradient by its own size make up for its being clipped
SCALE_FREE = ("adam", "adamw", "rmsprop")
# at this rate weights that get no gradient shrink by half in 700 steps
FAST_DECAY = 1e-3
# of a step, from where on the decay is most of it
MOST_OF_A_STEP = 0.5


@rule("clipped", rank=6)
def clipped(readings: Readings, _thresholds: Thresholds, *, experiment: Experiment, clipping: Values) -> Finding | None:
    """Find a gradient that is shortened to a fraction of itself at every step."""
    longest = experiment.training.gradient_clip
    if not longest or not (clipping >= CLIPPED_BY * longest).all():
        return None
    fact = evidence(
        "clipped_at_every_step",
        "",
        readings.step,
        norm=float(np.median(clipping)),
        allowed_norm=longest,
        steps=clipping.size,
    )
    harmless = readings.learnt or experiment.training.optimizer in SCALE_FREE
    severity = Severity.NOTICE if harmless else Severity.WARNING
    # it may have been so since the first step, though it takes a few to be sure
    always = readings.least_norm_before_clipping >= CLIPPED_BY * longest
    first_step = 0 if always else None
    return Finding("clipped", severity, readings.step, (fact,), first_step=first_step, is_cause=True)


@rule("decay", rank=7)
def decay(readings: Readings, _thresholds: Thresholds, *, experiment: Experiment) -> Finding | None:
    """Find weight decay that moves the weights more than the gradient does, or throws them to the other side."""
    training = experiment.training
    if not training.weight_decay:
        return None
    shrinks = shrinks_by(training)
    if shrinks > 1.0:
        facts = [evidence("decay_overshoots", "", readings.step, shrinks=shrinks, weight_decay=training.weight_decay)]
        return _finding(readings, facts, Severity.CRITICAL, 0)
    fact = _outweighs(readings, training) if shrinks >= FAST_DECAY and not readings.learnt else None
    if fact is None:
        return None
    return _finding(readings, [fact], Severity.WARNING, 0 if _outweighed_at_start(readings, training) else None)


def shrinks_by(training: Training) -> float:
    """Return the share of itself that a weight without a gradient loses in a step; of Adam's, which go by sign, 0.

    Momentum adds up what is taken off; Adam and RMSprop divide the decay by the size of the gradient, of which it is
    part, so that a weight without a gradient moves by the learning rate.
    """
    if training.optimizer in ("adam", "rmsprop"):
        return min(training.learning_rate, 1.0)
    longer = 1.0 / (1.0 - training.momentum) if training.optimizer == "momentum" else 1.0
    return training.learning_rate * training.weight_decay * longer


def _outweighs(readings: Readings, training: Training) -> Evidence | None:
    """Compare the decay with the gradient, or with the whole step where it is not part of the gradient (AdamW)."""
    weights, gradient, update = readings.weights, readings.newest_weight_gradient, readings.update
    if weights is None or gradient is None or readings.step < RECENT_STEPS:
        return None
    pull = math.log10(training.weight_decay) + weights.values
    if training.optimizer == "adamw":
        if update is None:
            return None
        share = math.log10(training.learning_rate * training.weight_decay)
        over = share - update.values >= math.log10(MOST_OF_A_STEP)
    else:
        over = pull >= gradient.values
    return _evidence(readings, training, over, pull, gradient)


def _outweighed_at_start(readings: Readings, training: Training) -> bool:
    weights, gradient = readings.start_weights, readings.start_weight_gradient
    if weights is None or gradient is None or training.optimizer == "adamw":
        return False
    over = math.log10(training.weight_decay) + weights.values >= gradient.values
    return bool(2 * over.sum() > over.size)


def _evidence(readings: Readings, training: Training, over: Mask, pull: Values, gradient: Measured) -> Evidence | None:
    known = readings.asked & np.isfinite(pull) & ~np.isnan(gradient.values)
    rows = readings.asked_where(over & known)
    # in some rows decay may hold the balance of a network that learns
    if 2 * len(rows) <= known.sum():
        return None
    # the row with the largest gradient among them: of the others it is true all the more
    index = np.array(rows) - 1
    at = rows[int(np.argmax(gradient.values[index]))]
    quantity = UPDATE if training.optimizer == "adamw" else WEIGHT_GRADIENT
    return evidence(
        "decay_outweighs",
        quantity,
        readings.step,
        rows,
        at,
        pull_log10=float(pull[at - 1]),
        gradient_log10=gradient.at(at),
        weight_decay=training.weight_decay,
        of_the_step=1.0 if training.optimizer == "adamw" else None,
    )


def _finding(readings: Readings, facts: list[Evidence], severity: Severity, first_step: int | None) -> Finding:
    return Finding(
        "decay",
        severity,
        readings.step,
        tuple(facts),
        rows=facts[0].rows,
        worst_row=facts[0].at,
        first_step=first_step,
        quantity=facts[0].quantity,
        is_cause=True,
    )
