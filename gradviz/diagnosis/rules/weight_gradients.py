"""Rows that get no gradient, and gradients that drift or are not finite, where nothing is known of what the rows are.

They are compared by the length of their weights' gradient. What flows between such rows is no measure: a shrinking
picture, a pooling or a branch changes it by decades in networks that learn well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradviz.diagnosis.drift import largest_fall, largest_rise
from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import RECENT_STEPS, WEIGHT_GRADIENT, Readings, Values
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.rules.gradient_flow import drifts
from gradviz.diagnosis.settling import opening
from gradviz.diagnosis.thresholds import Thresholds

# a loss this far below the first has begun to fall
FALLEN = 0.9
# of the guide line of updates
MOVES_SHARE = 0.1
# where the network branches, a fall along fewer rows than this says nothing of the whole
FEWEST_ON_PATH = 4


def typical(weight_gradient: Measured) -> float:
    """Return the log10 of the median gradient of all rows that get one; NaN if none does."""
    finite = weight_gradient.values[np.isfinite(weight_gradient.values)]
    return float(np.median(finite)) if finite.size else math.nan


def decades_below(readings: Readings, weight_gradient: Measured) -> Values:
    """Return by how many decades the gradient of each row lies below the typical one; NaN where that is no measure."""
    return np.where(readings.known, np.nan, typical(weight_gradient) - weight_gradient.values)


@rule("exploding", rank=20)
def not_finite(readings: Readings, _thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find gradients that are not finite, in a step that the optimiser did not skip."""
    rows = readings.asked_where(readings.broken_gradient & ~readings.known)
    if not rows:
        return None
    step = weight_gradient.step
    return Finding(
        "exploding",
        Severity.CRITICAL,
        step,
        (evidence("gradient_not_finite", WEIGHT_GRADIENT, step, rows),),
        rows=rows,
        worst_row=rows[-1],
        quantity=WEIGHT_GRADIENT,
    )


@rule("vanishing", rank=30)
def no_gradient(readings: Readings, thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find rows whose weights get next to no gradient while others get some."""
    below = decades_below(readings, weight_gradient)
    over = (below >= thresholds.silent_decades) & ~opening(readings, thresholds)
    if weight_gradient.steps < RECENT_STEPS:
        # one batch may leave a row out
        over &= ~np.isneginf(weight_gradient.values)
    rows = readings.asked_where(over)
    if not rows:
        return None
    index = np.array(rows) - 1
    worst = rows[int(np.argmax(below[index]))]
    decades = float(below[worst - 1])
    severe = decades >= thresholds.severe_decades
    found = evidence(
        "no_gradient" if severe else "little_gradient",
        WEIGHT_GRADIENT,
        weight_gradient.step,
        rows,
        worst,
        gradient_log10=weight_gradient.at(worst),
        median_log10=typical(weight_gradient),
        allowed_decades=thresholds.silent_decades,
        steps=weight_gradient.steps,
    )
    return Finding(
        "vanishing",
        Severity.CRITICAL if severe else Severity.WARNING,
        weight_gradient.step,
        (found,),
        rows=rows,
        worst_row=worst,
        thresholds=("silent_decades", "severe_decades"),
        quantity=WEIGHT_GRADIENT,
    )


@rule("vanishing", rank=30)
def nothing_arrives(readings: Readings, _thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find a network in which no row gets a gradient at all."""
    known = ~np.isnan(weight_gradient.values) & ~readings.known
    rows = readings.asked_where(known)
    if weight_gradient.steps < RECENT_STEPS or not rows or not np.isneginf(weight_gradient.values[known]).all():
        return None
    step = weight_gradient.step
    return Finding(
        "vanishing",
        Severity.CRITICAL,
        step,
        (evidence("nothing_arrives", WEIGHT_GRADIENT, step, rows, steps=weight_gradient.steps),),
        rows=rows,
        worst_row=rows[-1],
        quantity=WEIGHT_GRADIENT,
    )


@rule("vanishing", rank=30)
def falling(readings: Readings, thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find a gradient that falls from row to row, through half of them or more."""
    return _drifting(readings, thresholds, weight_gradient, falls=True)


@rule("exploding", rank=20)
def growing(readings: Readings, thresholds: Thresholds, *, weight_gradient: Measured) -> Finding | None:
    """Find a gradient that grows from row to row, through half of them or more."""
    return _drifting(readings, thresholds, weight_gradient, falls=False)


def _made_up_for(readings: Readings, thresholds: Thresholds, rows: Sequence[int]) -> bool:
    """Whether the loss falls, and `rows` move as far as those that learn, however short their gradient is.

    An optimiser that divides by its size makes up for it.
    """
    first, late, update = readings.first_loss, readings.late_loss, readings.update
    if first is None or late is None or update is None or not 0.0 < late < FALLEN * first:
        return False
    moved = update.values[np.array(rows) - 1]
    return bool((moved > math.log10(MOVES_SHARE * thresholds.update_guide)).all())


def _drifting(readings: Readings, thresholds: Thresholds, weight_gradient: Measured, *, falls: bool) -> Finding | None:
    compared = np.isfinite(weight_gradient.values) & readings.asked & ~readings.known
    if falls and readings.bypassed.any():
        # what reaches the input past a row has not faded in it
        compared &= ~readings.bypassed
        if compared.sum() < FEWEST_ON_PATH:
            return None
    numbers, values = readings.numbers[compared], weight_gradient.values[compared]
    drift = largest_fall(numbers, values) if falls else largest_rise(numbers, values)
    threshold = "vanishing_decades" if falls else "exploding_decades"
    allowed = getattr(thresholds, threshold)
    if drift is None or drift.decades < allowed or not drift.even:
        return None
    on_the_way = (numbers >= drift.end) & (numbers <= drift.begin)
    if 2 * on_the_way.sum() < numbers.size or opening(readings, thresholds)[numbers[on_the_way] - 1].any():
        return None
    severe = drift.decades >= thresholds.severe_decades
    if not severe and _made_up_for(readings, thresholds, numbers[on_the_way].tolist()):
        return None
    step = weight_gradient.step
    found = drifts("falls" if falls else "grows", WEIGHT_GRADIENT, step, drift, allowed)
    return Finding(
        "vanishing" if falls else "exploding",
        Severity.CRITICAL if severe else Severity.WARNING,
        step,
        (found,),
        rows=found.rows,
        worst_row=drift.end,
        thresholds=(threshold, "severe_decades"),
        quantity=WEIGHT_GRADIENT,
    )
