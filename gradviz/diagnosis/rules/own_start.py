"""What is out of range at the start of a network of one's own, where nothing is known of what the rows are."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.readings import RECENT_STEPS, SPREAD, WEIGHTS, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.settling import without_weights_at_start
from gradviz.diagnosis.thresholds import Thresholds

# outputs of networks that learn well are of the order of 1 at the start, and so are those of embeddings and sums
HUGE_OUTPUT, ABSURD_OUTPUT = 100.0, 1000.0
# from one row to the largest: whoever feeds huge numbers in has other troubles than the weights
GROWN = 30.0


@rule("absurd_start", rank=9)
def absurd_magnitudes(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find outputs at step 0 that are far above those of the first rows, or a loss far above that of a guess."""
    facts = [fact for fact in (_outputs(readings), _loss(readings, thresholds)) if fact is not None]
    if not facts:
        return None
    worst = facts[0].at
    return Finding(
        "absurd_start",
        Severity.CRITICAL
        if facts[0].fact == "outputs_huge" and facts[0].number("size") >= ABSURD_OUTPUT
        else Severity.WARNING,
        0,
        tuple(facts),
        rows=facts[0].rows,
        worst_row=worst,
        first_step=0,
        is_cause=True,
        thresholds=("first_loss_factor",) if facts[-1].fact == "first_loss_high" else (),
        quantity=facts[0].quantity,
    )


@rule("zero_weights", rank=9)
def zero_weights(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find weights that were all zero at the start in most rows, or still are and let no gradient through to others."""
    if readings.weights is None or readings.weight_gradient is None or readings.step < RECENT_STEPS:
        return None
    at_start = without_weights_at_start(readings) & ~readings.known
    still = at_start & np.isneginf(readings.weights.values) & np.isneginf(readings.weight_gradient.values)
    # units of one layer that begin alike stay alike, though they may move
    most = 2 * at_start.sum() > readings.weights.there.sum()
    still = at_start if most else still
    rows = readings.asked_where(still)
    if not rows:
        return None
    fact = evidence("no_weights", WEIGHTS, 0, rows, rows[-1])
    return Finding(
        "zero_weights",
        Severity.CRITICAL,
        0,
        (fact,),
        rows=rows,
        worst_row=rows[-1],
        first_step=0,
        is_cause=True,
        quantity=WEIGHTS,
    )


@rule("units_alike", rank=8)
def units_alike(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find layers whose units all began with the same weights, so that they learn the same."""
    held = readings.observed("units_alike")
    rows = held.observation.rows if held is not None else ()
    if not rows or not readings.asked[np.array(rows) - 1].any():
        return None
    most = 2 * len(rows) > sum(row.slope is None and row.on_path for row in readings.rows)
    return Finding(
        "units_alike",
        Severity.CRITICAL if most else Severity.WARNING,
        0,
        (evidence("same_weights", WEIGHTS, 0, rows, rows[0]),),
        rows=rows,
        worst_row=rows[0],
        first_step=0,
        is_cause=True,
        quantity=WEIGHTS,
    )


def _outputs(readings: Readings) -> Evidence | None:
    outputs = readings.start_outputs
    if outputs is None:
        return None
    # a bias that is far off is no matter of the weights
    sizes = outputs.spread.values
    known = np.isfinite(sizes) & (sizes > 0.0) & ~readings.known
    if not known.any():
        return None
    first = float(sizes[np.flatnonzero(known)[0]])
    huge = known & (sizes >= HUGE_OUTPUT)
    # the first row is as large as its input has it, unless the weights are
    inputs = readings.observed("inputs")
    given = _size(inputs.observation.numbers) if inputs is not None else first
    rows = readings.asked_where(huge & (sizes >= GROWN * min(first, max(given, 1.0))))
    if not rows:
        return None
    worst = rows[int(np.argmax(sizes[np.array(rows) - 1]))]
    return evidence("outputs_huge", SPREAD, 0, rows, worst, size=float(sizes[worst - 1]), first_size=first)


def _loss(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    """Judge the first loss where labels are logged, so that it is known what a guess is worth."""
    labels, first = readings.observed_first("labels"), readings.first_loss
    if labels is None or first is None or readings.chance_loss is not None:
        return None
    classes = dict(labels.observation.numbers).get("classes", 0.0)
    if classes < 2.0:
        return None
    chance = math.log(classes)
    if first <= thresholds.first_loss_factor * chance:
        return None
    allowed = thresholds.first_loss_factor * chance
    return evidence("first_loss_high", "", 0, loss=first, chance_loss=chance, allowed_loss=allowed)


def _size(numbers: tuple[tuple[str, float], ...]) -> float:
    of = dict(numbers)
    return math.hypot(of.get("mean", 0.0), of.get("std", 1.0))
