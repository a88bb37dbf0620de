"""Poor initialisation: what is wrong before the first step, where it is known what the rows are."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.drift import largest_fall, largest_rise
from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.flow import profile_of
from gradviz.diagnosis.measurements import Outputs
from gradviz.diagnosis.readings import MEAN, SPREAD, WEIGHTS, Readings, Values
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.rules.gradient_flow import drifts
from gradviz.diagnosis.settling import passed_by, without_weights_at_start
from gradviz.diagnosis.thresholds import Thresholds

_DECIDED_BY = {
    "outputs_grow": "signal_decades",
    "outputs_shrink": "signal_decades",
    "outputs_alike": "alike_ratio",
    "falls_at_start": "vanishing_decades",
    "grows_at_start": "exploding_decades",
    "first_loss_high": "first_loss_factor",
}


@rule("poor_initialisation", rank=80)
def poor_initialisation(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find outputs, gradients or a loss that are out of range at step 0.

    In a network that has learnt all the same it is a notice.
    """
    parts = [
        _no_weights(readings),
        _signal(readings, thresholds),
        _alike(readings, thresholds),
        _gradient(readings, thresholds),
        _loss(readings, thresholds),
    ]
    facts = [part for part in parts if part is not None]
    if not facts:
        return None
    # a gradient that drifts is worst where it arrives
    worst = facts[0].rows[0] if facts[0].fact in ("falls_at_start", "grows_at_start") else facts[0].at
    return Finding(
        "poor_initialisation",
        Severity.NOTICE if readings.learnt else Severity.WARNING,
        0,
        tuple(facts),
        rows=() if worst is None else readings.asked_where(readings.known),
        worst_row=worst,
        first_step=0,
        thresholds=tuple(_DECIDED_BY[fact.fact] for fact in facts if fact.fact in _DECIDED_BY),
        quantity=facts[0].quantity,
        is_cause=facts[0].fact == "no_weights",
    )


def _no_weights(readings: Readings) -> Evidence | None:
    """Find rows whose weights are all zero, where no shortcut leads past them."""
    if readings.start_flow is None:
        return None
    rows = readings.asked_where(without_weights_at_start(readings) & readings.known & ~passed_by(readings))
    return evidence("no_weights", WEIGHTS, 0, rows, rows[-1]) if rows else None


def _signal(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    """Judge the root mean square of the outputs, sqrt(mean² + spread²), from row to row along the path."""
    outputs = readings.start_outputs
    if outputs is None:
        return None
    size = _size_log10(outputs)
    endless = readings.asked_where((np.isposinf(size) | np.isnan(size)) & outputs.mean.there & readings.known)
    if endless:
        return evidence("outputs_infinite", MEAN, 0, endless, endless[0])
    kept = np.isfinite(size) & readings.path
    numbers, values = readings.numbers[kept], size[kept]
    # towards the input: what falls on the way back grows on the way forward
    grows, shrinks = largest_fall(numbers, values), largest_rise(numbers, values)
    if grows is not None and shrinks is not None:
        fact, drift = ("outputs_grow", grows) if grows.decades >= shrinks.decades else ("outputs_shrink", shrinks)
        if drift.decades >= thresholds.signal_decades:
            steepest = None if drift.even else float(drift.steepest)
            rows = tuple(range(drift.end, drift.begin + 1))
            return evidence(
                fact,
                SPREAD,
                0,
                rows,
                drift.begin,
                decades=drift.decades,
                decades_per_row=drift.rate,
                allowed_decades=thresholds.signal_decades,
                steepest_row=steepest,
            )
    silent = readings.asked_where(np.isneginf(size) & readings.known)
    return evidence("no_output", MEAN, 0, silent, silent[0]) if silent else None


def _alike(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    """Judge the spread against the mean; outputs that are zero altogether are judged as a signal."""
    outputs = readings.start_outputs
    if outputs is None:
        return None
    mean, spread = np.abs(outputs.mean.values), outputs.spread.values
    rows = readings.asked_where((spread < thresholds.alike_ratio * mean) & np.isfinite(mean) & readings.known)
    if not rows:
        return None
    worst = rows[-1]
    return evidence(
        "outputs_alike",
        SPREAD,
        0,
        rows,
        worst,
        mean=outputs.mean.at(worst),
        spread=outputs.spread.at(worst),
        allowed_ratio=thresholds.alike_ratio,
    )


def _gradient(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    profile = profile_of(readings, readings.start_flow) if readings.start_flow is not None else None
    if profile is None:
        return None
    for find, fact, allowed in (
        (largest_fall, "falls_at_start", thresholds.vanishing_decades),
        (largest_rise, "grows_at_start", thresholds.exploding_decades),
    ):
        drift = find(profile.numbers, profile.values)
        if drift is not None and drift.decades >= allowed:
            return drifts(fact, profile.quantity, 0, drift, allowed)
    return None


def _loss(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    # at the start a network does not know the labels' frequencies either
    first, chance = readings.first_loss, readings.guess.even_loss if readings.guess is not None else None
    if first is None or chance is None or first <= thresholds.first_loss_factor * chance:
        return None
    return evidence(
        "first_loss_high", "", 0, loss=first, chance_loss=chance, allowed_loss=thresholds.first_loss_factor * chance
    )


def _size_log10(outputs: Outputs) -> Values:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(np.hypot(outputs.mean.values, outputs.spread.values)))
