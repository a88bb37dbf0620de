"""Units that pass no gradient on: dead (no slope for any sample) and saturated (next to none)."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.flow import cut_off, units_to_blame
from gradviz.diagnosis.history_rows import Measured
from gradviz.diagnosis.readings import DEAD, FIRST_STEPS, GRADIENT, SATURATED, Mask, Readings, Values
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# standard deviations of tossing a coin for each unit that are put down to chance
COIN_DEVIATIONS = 3.0
# a row of which all units are off, or flat, lets nothing through
ALL_UNITS = 0.999


@rule("dead", rank=28)
def dead(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find rows of which too many units are off for every sample, or past which no gradient gets."""
    over = _over(readings, readings.dead, thresholds.dead_share, readings.can_die | _own(readings, readings.dead))
    if readings.dead is not None and readings.start_dead is not None:
        # what is no number has not died
        with np.errstate(invalid="ignore"):
            died = readings.dead.values - readings.start_dead.values >= thresholds.dead_growth
        over &= died | (readings.dead.values >= by_chance(readings))
    facts = _share(readings, "dead_share", DEAD, readings.dead, over, thresholds.dead_share)
    return _finding(readings, "dead", facts + _cut_off(readings, "dies"), ("dead_share", "dead_growth"))


@rule("saturated", rank=29)
def saturated(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find rows of which too many units sit where the activation is flat, or past which no gradient gets."""
    can = readings.can_saturate | (_own(readings, readings.saturated) & _weights_follow(readings))
    over = _over(readings, readings.saturated, thresholds.saturated_share, can)
    facts = _share(readings, "saturated_share", SATURATED, readings.saturated, over, thresholds.saturated_share)
    return _finding(readings, "saturated", facts + _cut_off(readings, "saturates"), ("saturated_share",))


def by_chance(readings: Readings) -> Values:
    """Return the share of dead units that each row exceeds by chance once in some 700 times; 0 where it is not known.

    If all samples look alike to it, a unit with symmetric weights is on for all of them or off for all.
    """
    share = 0.5 + COIN_DEVIATIONS * 0.5 / np.sqrt(np.maximum(readings.units, 1))
    return np.where(readings.units > 0, np.minimum(share, 1.0), 0.0)


def _over(readings: Readings, measured: Measured | None, limit: float, can: Mask) -> Mask:
    if measured is None:
        return np.zeros(len(readings.rows), np.bool_)
    return np.asarray((measured.values >= limit) & can & readings.asked)


def _own(readings: Readings, measured: Measured | None) -> Mask:
    """Mark the activation modules of somebody's own network: what is measured of a row, it can do."""
    if measured is None:
        return np.zeros(len(readings.rows), np.bool_)
    # in the first steps a unit may be off by chance, but not all of them
    counts = measured.values >= (ALL_UNITS if measured.step < FIRST_STEPS else 0.0)
    return np.asarray(measured.there & ~readings.known & counts)


def _weights_follow(readings: Readings) -> Mask:
    """Mark the rows behind which there are weights: a sigmoid at the end is flat where the network is sure."""
    weights = readings.weights
    if weights is None or not weights.there.any():
        return np.zeros(len(readings.rows), np.bool_)
    return np.asarray(readings.numbers <= int(np.flatnonzero(weights.there)[-1]))


def _share(
    readings: Readings, fact: str, quantity: str, measured: Measured | None, over: Mask, allowed: float
) -> list[Evidence]:
    if measured is None or not over.any():
        return []
    worst = int(np.argmax(np.where(over, measured.values, -math.inf))) + 1
    rows = readings.asked_where(over)
    return [evidence(fact, quantity, measured.step, rows, worst, share=measured.at(worst), allowed_share=allowed)]


def _cut_off(readings: Readings, slope: str) -> list[Evidence]:
    """Say past which row no gradient gets, if units that do this are to blame."""
    cut = cut_off(readings, readings.flow) if readings.flow is not None else None
    if cut is None or readings.flow is None or units_to_blame(readings, cut) != slope:
        return []
    delivered = readings.flow.delivered
    step = delivered.step if delivered is not None else readings.step
    return [evidence("no_gradient_past", GRADIENT, step, readings.asked_where(readings.numbers <= cut), cut + 1)]


def _finding(readings: Readings, kind: str, facts: list[Evidence], thresholds: tuple[str, ...]) -> Finding | None:
    if not facts:
        return None
    ends = facts[-1] if facts[-1].fact == "no_gradient_past" else None
    shares = [fact for fact in facts if fact is not ends]
    rows = {row for fact in shares for row in fact.rows}
    # the row that lets nothing through is the one to look at
    worst = facts[-1].at
    if ends is not None and worst is not None:
        rows.add(worst)
    shut = any(fact.number("share") >= ALL_UNITS and not readings.known[(fact.at or 1) - 1] for fact in shares)
    return Finding(
        kind,
        Severity.CRITICAL if ends is not None or shut else Severity.WARNING,
        shares[0].step if shares else readings.step,
        tuple(facts),
        rows=tuple(sorted(rows)),
        worst_row=worst,
        thresholds=thresholds,
        quantity=facts[0].quantity,
    )
