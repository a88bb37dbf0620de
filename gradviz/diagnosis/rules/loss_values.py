"""What the numbers of a loss of one's own say: where it ceased to be finite, and that it has no lower bound."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.readings import LOSSES_COMPARED, RECENT_STEPS, WEIGHT_GRADIENT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# the log10 of outputs whose square still is far within the range, by precision
LARGEST_HARMLESS = {"float16": 1.5}
LARGEST_HARMLESS_ELSEWHERE = 12.0
# a loss is below zero by so many times what it was at first, and by so many times what it was half of the steps ago
FALLEN_FACTOR, FALLS_ON_FACTOR = 10.0, 2.0
MOST_LOSSES = 400


@rule("loss_function", rank=8)
def loss_function(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find a loss that was not finite although all that the network put out was: the loss function made it so."""
    held = readings.observed_first("loss_not_finite")
    if held is None:
        return None
    numbers = dict(held.observation.numbers)
    if (lost := _gradient_lost(readings, held.since - 1)) is not None:
        return lost
    if numbers.get("outputs_finite") != 1.0 or numbers.get("weights_finite", 1.0) != 1.0 or _outputs_huge(readings):
        return None
    fact = evidence("loss_lost_by_itself", "", held.since, loss=numbers.get("loss", math.nan))
    return Finding("loss_function", Severity.CRITICAL, held.since, (fact,), first_step=held.since, is_cause=True)


def _gradient_lost(readings: Readings, step: int) -> Finding | None:
    """Find a step at which loss and outputs were finite and no gradient at all was: that of the loss itself."""
    gradient, outputs = readings.weight_gradients_at(step), readings.outputs_at(step)
    if gradient is None or outputs is None or not gradient.there.any() or not np.isfinite(readings.loss_at(step)):
        return None
    # minus infinity is the log10 of zero
    lost = np.isnan(gradient.values) | (gradient.values == math.inf)
    if not lost[gradient.there].all() or not np.isfinite(outputs.mean.values[outputs.mean.there]).all():
        return None
    fact = evidence("gradient_lost_by_loss", WEIGHT_GRADIENT, step, loss=readings.loss_at(step))
    return Finding("loss_function", Severity.CRITICAL, step, (fact,), first_step=step, is_cause=True)


@rule("diverged", rank=85)
def not_finite(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Say when a loss ceased to be finite, and what else was not finite then."""
    held = readings.observed_first("loss_not_finite")
    if held is None or readings.lost is not None:
        return None
    fact = Evidence("loss_ceased", "", held.since, numbers=held.observation.numbers)
    return Finding("diverged", Severity.CRITICAL, held.since, (fact,), first_step=held.since)


@rule("loss_unbounded", rank=7)
def loss_unbounded(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find a loss far below zero that falls on without slowing down, as one of the wrong sign does."""
    if readings.chance_loss is not None:
        return None
    losses = readings.losses(MOST_LOSSES)
    # one that has left the range of the numbers need not fall for long
    ended = bool(np.isneginf(losses).any())
    enough = 2 * RECENT_STEPS if ended else 2 * LOSSES_COMPARED
    losses = losses[np.isfinite(losses)]
    first = readings.first_loss
    if losses.size < enough or first is None:
        return None
    middle = losses.size // 2
    half = float(np.median(losses[middle - RECENT_STEPS : middle]))
    late = float(losses[-1] if ended else np.median(losses[-RECENT_STEPS:]))
    if not (late < -FALLEN_FACTOR * max(abs(first), 1.0) and late < FALLS_ON_FACTOR * half):
        return None
    fact = evidence("falls_without_end", "", readings.step, loss=late, first_loss=first)
    return Finding("loss_unbounded", Severity.WARNING, readings.step, (fact,), first_step=0, is_cause=True)


def _outputs_huge(readings: Readings) -> bool:
    """Whether outputs are so large that a square of them leaves the range of the numbers."""
    outputs = readings.outputs
    if outputs is None:
        return False
    sizes = np.hypot(outputs.mean.values, outputs.spread.values)
    with np.errstate(divide="ignore"):
        largest = float(np.nanmax(np.log10(sizes))) if not np.isnan(sizes).all() else -math.inf
    return largest > LARGEST_HARMLESS.get(readings.precision, LARGEST_HARMLESS_ELSEWHERE)
