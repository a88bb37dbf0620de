"""What the optimiser is set to, against gradients and weights: clipping, weight decay, too low a rate."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import LOSSES_COMPARED, RECENT_STEPS, UPDATE, WEIGHT_GRADIENT, WEIGHTS, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.rules.updates import judged_updates, may_rest
from gradviz.diagnosis.settling import SETTLED_STEPS
from gradviz.diagnosis.thresholds import Thresholds

# clipping that shortens every step a little is a common habit; what is left of it after this is no length of its own
CLIPPED_FACTOR = 30.0
# usual weight decay is a hundredth and less, in AdamW a tenth
LEAST_COUPLED_DECAY, LEAST_DECOUPLED_DECAY = 0.02, 1.0
DECOUPLED = ("AdamW", "Lion", "NAdamW")
# weights that have lost so much of their length since the start are not held by their gradients
SHRUNK = 0.75
# all rows move less than this, and the loss does not fall: thirty times below the guide line
SMALL_UPDATE = 10.0**-4.5
FALLEN = 0.95


@rule("rate_gone", rank=7)
def rate_gone(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find a learning rate that has fallen to nothing before the loss has fallen."""
    early, late = readings.first_loss, readings.late_loss
    if not readings.rate_is_low or readings.step < SETTLED_STEPS or early is None or late is None:
        return None
    if not late >= FALLEN * early > 0.0:
        return None
    fact = evidence("rate_fell", "", readings.step, learning_rate=readings.learning_rate, largest=readings.largest_rate)
    return Finding("rate_gone", Severity.WARNING, readings.step, (fact,), is_cause=True)


@rule("clipped", rank=6)
def clipping(readings: Readings, _thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find gradients that are clipped at every step to a small part of their length."""
    before = readings.scalar("gradient_norm_before_clipping", LOSSES_COMPARED)
    if before.size < RECENT_STEPS or readings.step < SETTLED_STEPS or weight_gradient is None:
        return None
    finite = weight_gradient.values[np.isfinite(weight_gradient.values)]
    if not finite.size:
        return None
    # of all rows together
    after = math.sqrt(float(np.sum(10.0 ** (2.0 * finite))))
    if not after > 0.0 or float(before.min()) < CLIPPED_FACTOR * after:
        return None
    fact = evidence(
        "clipped_to_little",
        WEIGHT_GRADIENT,
        weight_gradient.step,
        norm_before=float(np.median(before)),
        norm_after=after,
        steps=before.size,
    )
    return Finding("clipped", Severity.WARNING, weight_gradient.step, (fact,), quantity=WEIGHT_GRADIENT, is_cause=True)


@rule("decay", rank=7)
def weight_decay(readings: Readings, _thresholds: Thresholds, *, weights: Measured) -> Finding | None:
    """Find weight decay that shrinks most rows, because it is longer than their gradients."""
    held, start = readings.observed("optimizer"), readings.start_weights
    gradient = readings.weight_gradient
    if held is None or start is None or gradient is None or readings.step < RECENT_STEPS:
        return None
    numbers = dict(held.observation.numbers)
    decay = numbers.get("weight_decay", 0.0)
    decoupled = any(name in DECOUPLED for name in held.observation.names)
    if decay < (LEAST_DECOUPLED_DECAY if decoupled else LEAST_COUPLED_DECAY):
        return None
    with np.errstate(invalid="ignore"):
        known = np.isfinite(weights.values) & np.isfinite(start.values) & readings.asked
        shrunk = known & (weights.values - start.values < math.log10(SHRUNK))
        if not decoupled:
            shrunk &= ~(gradient.values > weights.values + math.log10(decay))
    rows = readings.asked_where(shrunk)
    if not rows or 2 * len(rows) < known.sum():
        return None
    worst = min(rows, key=lambda row: weights.at(row) - start.at(row))
    fact = evidence(
        "decay_shrinks",
        WEIGHTS,
        weights.step,
        rows,
        worst,
        weight_decay=decay,
        decay_log10=weights.at(worst) + math.log10(decay),
        gradient_log10=gradient.at(worst),
        lost_share=1.0 - 10.0 ** (weights.at(worst) - start.at(worst)),
    )
    return Finding(
        "decay", Severity.CRITICAL, weights.step, (fact,), rows=rows, worst_row=worst, quantity=WEIGHTS, is_cause=True
    )


@rule("too_little", rank=65)
def too_little(readings: Readings, thresholds: Thresholds, *, update: Measured) -> Finding | None:
    """Find a network of which all rows move next to nothing from the start, while the loss does not fall."""
    judged = judged_updates(readings, update)
    there = ~np.isnan(judged) & ~readings.known & readings.asked
    if not there.any() or update.steps < RECENT_STEPS or readings.step < SETTLED_STEPS:
        return None
    late, early = readings.late_loss, readings.early_loss
    if _rounded_away(readings, thresholds):
        return None
    if may_rest(readings, thresholds) or readings.rate_is_rising or late is None or early is None:
        return None
    highest = float(judged[there].max())
    if not math.log10(thresholds.update_low) - 6.0 < highest < math.log10(SMALL_UPDATE) or late < FALLEN * early:
        return None
    rows = readings.asked_where(there)
    worst = rows[int(np.argmax(judged[np.array(rows) - 1]))]
    fact = evidence(
        "moves_too_little", UPDATE, update.step, rows, worst, update_log10=highest, guide=thresholds.update_guide,
        steps=update.steps, loss=late, first_loss=early,
    )  # fmt: skip
    return Finding(
        "too_little", Severity.WARNING, readings.step, (fact,), rows=rows, worst_row=worst,
        thresholds=("update_guide",), quantity=UPDATE,
    )  # fmt: skip


def _rounded_away(readings: Readings, thresholds: Thresholds) -> bool:
    """Whether weights in half precision keep their bits, so that it is no matter of the learning rate alone."""
    unchanged = readings.unchanged
    if unchanged is None or readings.precision not in ("bfloat16", "float16"):
        return False
    return bool((unchanged.values >= thresholds.unchanged_share).any())
