"""Vanishing and exploding: how the activation gradient changes on its way from the output to the input."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.drift import Drift, largest_fall, largest_rise
from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.flow import cut_off, profile_of, units_to_blame
from gradviz.diagnosis.measurements import Flow
from gradviz.diagnosis.readings import GRADIENT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds


@rule("vanishing", rank=30)
def vanishing(readings: Readings, thresholds: Thresholds, *, flow: Flow) -> Finding | None:
    """Find a gradient that falls by too many decades on its way to the input, or that weights of zero let end.

    Where nothing is left to learn, it is the gradient of a few samples, and no fault.
    """
    if readings.loss_below(thresholds.converged_loss_share):
        return None
    profile = profile_of(readings, flow)
    if profile is None:
        return _nothing_arrives(readings, thresholds, flow)
    facts: list[Evidence] = []
    cut = cut_off(readings, flow)
    drift = largest_fall(profile.numbers, profile.values)
    if drift is not None and drift.decades >= thresholds.vanishing_decades:
        facts.append(drifts("falls", profile.quantity, profile.step, drift, thresholds.vanishing_decades))
        facts += _lost_in_floating_point(readings, flow, cut or 0)
    severe = len(facts) > 1 or (bool(facts) and facts[0].number("decades") >= thresholds.severe_decades)
    worst = facts[0].rows[0] if facts else None
    if cut is not None and units_to_blame(readings, cut) is None:
        facts.append(evidence("ends_at_zero_weights", GRADIENT, profile.step, _from_down(readings, cut), at=cut))
        severe, worst = True, worst or cut
    if not facts:
        return None
    return Finding(
        "vanishing",
        Severity.CRITICAL if severe else Severity.WARNING,
        profile.step,
        tuple(facts),
        rows=_all_between(*(fact for fact in facts if fact.fact in ("falls", "ends_at_zero_weights"))),
        worst_row=worst,
        thresholds=("vanishing_decades", "severe_decades"),
        quantity=profile.quantity,
    )


@rule("exploding", rank=20)
def exploding(readings: Readings, thresholds: Thresholds, *, flow: Flow) -> Finding | None:
    """Find a gradient that grows by too many decades on its way to the input, or that is not finite."""
    profile = profile_of(readings, flow)
    facts: list[Evidence] = []
    drift = largest_rise(profile.numbers, profile.values) if profile is not None else None
    if profile is not None and drift is not None and drift.decades >= thresholds.exploding_decades:
        facts.append(drifts("grows", profile.quantity, profile.step, drift, thresholds.exploding_decades))
    severe = bool(facts) and facts[0].number("decades") >= thresholds.severe_decades
    broken = readings.asked_where(flow.delivered.broken_log10 & readings.known) if flow.delivered is not None else ()
    if flow.delivered is not None and broken:
        facts.append(evidence("gradient_not_finite", GRADIENT, flow.delivered.step, broken))
        severe = True
    if not facts:
        return None
    rows = _all_between(*facts)
    from_the_start = _grows_at_start(readings, thresholds)
    return Finding(
        "exploding",
        Severity.CRITICAL if severe else Severity.WARNING,
        profile.step if profile is not None else readings.step,
        tuple(facts),
        rows=rows,
        worst_row=rows[0],
        thresholds=("exploding_decades", "severe_decades"),
        quantity=profile.quantity if profile is not None else GRADIENT,
        first_step=0 if from_the_start else None,
        is_cause=from_the_start,
    )


def _grows_at_start(readings: Readings, thresholds: Thresholds) -> bool:
    """Whether it has grown so since before the first step, and so is behind what training did."""
    profile = profile_of(readings, readings.start_flow) if readings.start_flow is not None else None
    drift = largest_rise(profile.numbers, profile.values) if profile is not None else None
    return drift is not None and drift.decades >= thresholds.exploding_decades


def falls_too_far(readings: Readings, thresholds: Thresholds, flow: Flow) -> bool:
    """Whether the gradient falls by more decades than are allowed."""
    profile = profile_of(readings, flow)
    drift = largest_fall(profile.numbers, profile.values) if profile is not None else None
    return drift is not None and drift.decades >= thresholds.vanishing_decades


def drifts(fact: str, quantity: str, step: int, drift: Drift, allowed: float) -> Evidence:
    """Return the evidence of a drift; `at` is the row in which most of it happens, if it is not even."""
    return evidence(
        fact,
        quantity,
        step,
        tuple(range(drift.end, drift.begin + 1)),
        at=None if drift.even else drift.steepest,
        decades=drift.decades,
        decades_per_row=drift.rate,
        allowed_decades=allowed,
    )


def _nothing_arrives(readings: Readings, thresholds: Thresholds, flow: Flow) -> Finding | None:
    """Find a gradient that is zero, or next to it, in every row: lost before the first of them."""
    delivered = flow.delivered
    if delivered is None or readings.loss_below(thresholds.converged_loss_share):
        return None
    if not (delivered.values[readings.path] < readings.floor).all():
        return None
    rows = readings.asked_where(readings.known)
    return Finding(
        "vanishing",
        Severity.CRITICAL,
        delivered.step,
        (evidence("nothing_arrives", GRADIENT, delivered.step, rows, allowed_log10=readings.floor),),
        rows=rows,
        worst_row=rows[-1],
        quantity=GRADIENT,
    )


def _lost_in_floating_point(readings: Readings, flow: Flow, cut: int) -> list[Evidence]:
    """Say where floating point loses the gradient above row `cut`, coming from the output; empty if it keeps it all."""
    delivered, exact = flow.delivered, flow.exact
    if delivered is None:
        return []
    sinking = readings.path & (readings.numbers > cut)
    short = readings.asked_where(sinking & (delivered.values < readings.floor))
    zero = readings.asked_where(sinking & np.isneginf(delivered.values))
    if not short:
        return []
    facts = [evidence("below_floor", GRADIENT, delivered.step, short, allowed_log10=readings.floor)]
    if zero:
        facts.append(evidence("exactly_zero", GRADIENT, delivered.step, zero))
        if exact is not None and np.isfinite(exact.at(zero[0])):
            facts.append(
                evidence(
                    "true_value",
                    "exact_log10_activation_grad_rms",
                    exact.step,
                    (zero[0],),
                    zero[0],
                    gradient_log10=exact.at(zero[0]),
                )
            )
    return facts


def _from_down(readings: Readings, row: int) -> tuple[int, ...]:
    return readings.asked_where(readings.numbers <= row)


def _all_between(*facts: Evidence) -> tuple[int, ...]:
    """Return all rows from the first to the last of any of the facts."""
    return tuple(range(min(fact.rows[0] for fact in facts), max(fact.rows[-1] for fact in facts) + 1))
