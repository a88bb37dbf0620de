"""How far the optimiser moves the weights: not at all, or too far."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import RECENT_STEPS, UNCHANGED, UPDATE, Mask, Readings, Values
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.settling import SETTLED_STEPS, opening, without_weights_at_start
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Experiment

# so many decades below the guide line even the row that moves most is slow
SLOW_DECADES = 1.5
# of the first loss; above this share of it nothing has been gained yet
FALLEN = 0.97

# a step of half of the length leaves little of what was there; and a loss so far below the first is none the worse
REPLACED, RECOVERED, FALLEN = 0.5, 0.5, 0.9
# times the limit; and what has grown by so much was next to nothing at the start
SLIGHTLY, GROWN_DECADES = 3.0, 0.5


def judged_updates(readings: Readings, update: Measured) -> Values:
    """Return the log10 of the ratios that can be too large: of weights that began at zero any step is a large part."""
    return np.where(without_weights_at_start(readings), np.nan, update.values)


def may_rest(readings: Readings, thresholds: Thresholds) -> bool:
    """Whether it is no fault that weights stand still: nothing is left to learn, or a schedule lets them rest."""
    share = thresholds.converged_loss_share
    loss, first = readings.loss, readings.first_loss
    # of a loss of one's own it is not known what a guess is worth
    nothing_left = readings.chance_loss is None and loss is not None and first is not None and 0 <= loss < share * first
    return nothing_left or readings.loss_below(share) or readings.rate_is_low


@rule("too_much", rank=9)
def too_much(readings: Readings, thresholds: Thresholds, *, update: Measured) -> Finding | None:
    """Find rows of which every step replaces a large part; at once where it replaces all.

    The first steps of optimisers that divide the gradient by its own size are long in networks that learn well, too.
    """
    judged = judged_updates(readings, update)
    rows = readings.asked_where(judged >= _limit(readings, thresholds, update))
    if not rows:
        return None
    index = np.array(rows) - 1
    worst = rows[int(np.argmax(judged[index]))]
    most = float(judged[worst - 1])
    found = evidence(
        "long_steps",
        UPDATE,
        update.step,
        rows,
        worst,
        update_log10=most,
        allowed=thresholds.update_high,
        guide=thresholds.update_guide,
        steps=update.steps,
    )
    return Finding(
        "too_much",
        _how_bad(readings, thresholds, rows, most),
        readings.step,
        (found,),
        rows=rows,
        worst_row=worst,
        thresholds=("update_high", "update_guide"),
        quantity=UPDATE,
        is_cause=True,
    )


@rule("too_little", rank=65)
def too_little(
    readings: Readings, thresholds: Thresholds, *, update: Measured, experiment: Experiment
) -> Finding | None:
    """Find steps so short, even in the row that moves most, that the loss has not fallen for them.

    Those that do not move at all are found by another rule.
    """
    early, late = readings.first_loss, readings.late_loss
    if readings.step < SETTLED_STEPS or update.steps < RECENT_STEPS or early is None or late is None:
        return None
    judged = np.where(readings.known & readings.asked, update.values, np.nan)
    if np.isnan(judged).all() or late < FALLEN * early or may_rest(readings, thresholds):
        return None
    most = float(np.nanmax(judged))
    if not math.log10(thresholds.update_low) <= most < math.log10(thresholds.update_guide) - SLOW_DECADES:
        return None
    at = int(np.nanargmax(judged)) + 1
    fact = evidence(
        "all_steps_short",
        UPDATE,
        update.step,
        readings.asked_where(readings.known),
        at,
        update_log10=most,
        guide=thresholds.update_guide,
        steps=update.steps,
        learning_rate=experiment.training.learning_rate,
    )
    return Finding(
        "too_little",
        Severity.WARNING,
        readings.step,
        (fact,),
        rows=fact.rows,
        worst_row=at,
        thresholds=("update_guide",),
        quantity=UPDATE,
    )


@rule("too_much", rank=9)
def too_much_at_first(readings: Readings, thresholds: Thresholds, *, early_updates: Measured) -> Finding | None:
    """Find first steps that replaced most rows of a network of one's own, which has not got over it since."""
    late, first = readings.late_loss, readings.first_loss
    judged = np.where(readings.known, np.nan, judged_updates(readings, early_updates))
    rows = readings.asked_where(judged >= math.log10(REPLACED))
    if not rows or 2 * len(rows) < (~np.isnan(judged)).sum() or late is None or first is None:
        return None
    if first > 0.0 and late < RECOVERED * first:
        return None
    worst = rows[int(np.argmax(judged[np.array(rows) - 1]))]
    fact = evidence(
        "long_first_steps",
        UPDATE,
        early_updates.step,
        rows,
        worst,
        update_log10=float(judged[worst - 1]),
        guide=thresholds.update_guide,
        loss=late,
        first_loss=first,
    )
    return Finding(
        "too_much",
        Severity.CRITICAL,
        early_updates.step,
        (fact,),
        rows=rows,
        worst_row=worst,
        first_step=1,
        is_cause=True,
        thresholds=("update_guide",),
        quantity=UPDATE,
    )


@rule("not_updating", rank=70)
def not_updating(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find rows whose weights stand still although there is something left to learn."""
    update, unchanged = readings.update, readings.unchanged
    judged = _judged_for_standing_still(readings, thresholds)
    slow = _slow(readings, thresholds, update) & judged
    kept = (unchanged.values >= thresholds.unchanged_share) & judged if unchanged is not None else np.zeros_like(slow)
    rows = readings.asked_where(slow | kept)
    if not rows or may_rest(readings, thresholds):
        return None
    facts = _standing_still(readings, thresholds, readings.asked_where(slow), readings.asked_where(kept))
    measured = np.any([each.there for each in (update, unchanged) if each is not None], axis=0)
    ratio = update.values if update is not None else np.zeros(len(readings.rows))
    index = np.array(rows) - 1
    return Finding(
        "not_updating",
        Severity.CRITICAL if 2 * len(rows) > len(readings.asked_where(measured)) else Severity.WARNING,
        readings.step,
        tuple(facts),
        rows=rows,
        worst_row=rows[int(np.argmin(np.nan_to_num(ratio[index], nan=0.0)))],
        thresholds=("update_low", "unchanged_share", "converged_loss_share"),
        quantity=facts[0].quantity,
    )


def _how_bad(readings: Readings, thresholds: Thresholds, rows: tuple[int, ...], most: float) -> Severity:
    """Return how bad long steps are; in a network of one's own that learns with them they may be worth a word only."""
    first, late = readings.first_loss, readings.late_loss
    learns = first is not None and late is not None and 0.0 < late < FALLEN * first
    if learns and not readings.known.any():
        slightly = most < math.log10(SLIGHTLY * thresholds.update_high)
        if slightly or _began_small(readings)[np.array(rows) - 1].all():
            return Severity.NOTICE
    return Severity.CRITICAL if most >= 0.0 else Severity.WARNING


def _began_small(readings: Readings) -> Mask:
    """Mark the rows that have grown manifold since the start: gates and scales begin near zero by design."""
    start, now = readings.start_weights, readings.weights
    if start is None or now is None:
        return np.zeros(len(readings.rows), np.bool_)
    with np.errstate(invalid="ignore"):
        return np.asarray(now.values - start.values > GROWN_DECADES)


def _limit(readings: Readings, thresholds: Thresholds, update: Measured) -> Values:
    """Return from which log10 of the update ratio on each row moves too much; NaN where it is too early to say."""
    several = update.steps >= RECENT_STEPS
    high = math.log10(thresholds.update_high)
    known = high if several else 0.0
    unknown = math.nan if not several else high if readings.step >= SETTLED_STEPS else 0.0
    return np.where(readings.known, known, unknown)


def _judged_for_standing_still(readings: Readings, thresholds: Thresholds) -> Mask:
    steps = max((each.steps for each in (readings.update, readings.unchanged) if each is not None), default=0)
    settled = readings.step >= SETTLED_STEPS and steps >= RECENT_STEPS
    # what nobody calls is no slow learner
    return np.where(readings.known, ~opening(readings, thresholds), settled & ~readings.stands_for_a_reason)


def _slow(readings: Readings, thresholds: Thresholds, update: Measured | None) -> Mask:
    """Mark the rows that move next to nothing.

    One of which nothing is known has to stand still altogether, unless most of them are slow: norms behind a branch
    that opens slowly move little in networks that learn well.
    """
    if update is None:
        return np.zeros(len(readings.rows), np.bool_)
    slow = update.values < math.log10(thresholds.update_low)
    unknown = ~readings.known & ~np.isnan(update.values)
    most = 2 * (slow & unknown).sum() > unknown.sum()
    return np.asarray(slow & (readings.known | most | np.isneginf(update.values)))


def _standing_still(
    readings: Readings, thresholds: Thresholds, slow: tuple[int, ...], kept: tuple[int, ...]
) -> list[Evidence]:
    facts = []
    update, unchanged = readings.update, readings.unchanged
    if update is not None and slow:
        allowed, guide, steps = thresholds.update_low, thresholds.update_guide, update.steps
        index = np.array(slow) - 1
        still = tuple((index[np.isneginf(update.values[index])] + 1).tolist())
        if len(still) < len(slow):
            facts.append(evidence("short_steps", UPDATE, update.step, slow, allowed=allowed, guide=guide, steps=steps))
        if still:
            facts.append(evidence("no_steps", UPDATE, update.step, still, guide=guide, steps=steps))
    if unchanged is not None and kept:
        facts.append(
            evidence("bits_unchanged", UNCHANGED, unchanged.step, kept, allowed_share=thresholds.unchanged_share)
        )
    return facts
