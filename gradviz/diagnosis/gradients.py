"""Vanishing and exploding: how the activation gradient changes on its way from the output to the input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.gradient_profile import cut_off, profile_of, units_are_to_blame
from gradviz.diagnosis.readings import GRADIENT, Readings
from gradviz.diagnosis.remedies import against_exploding, against_vanishing
from gradviz.diagnosis.slopes import Drift, largest_fall, largest_rise
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import power, sentences


def vanishing(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find a gradient that falls by too many decades on its way to the input, or that weights of zero let end."""
    profile = profile_of(readings, readings.now)
    if profile is None and not readings.loss_below(thresholds.converged_loss_share):
        return _nothing_arrives(readings)
    drift = largest_fall(profile.layers, profile.values) if profile is not None else None
    if drift is not None and drift.decades < thresholds.vanishing_decades:
        drift = None
    cut = cut_off(readings) if not units_are_to_blame(readings) else None
    if profile is None or (drift is None and cut is None):
        return []
    falls, lost, headline, ends = "", "", f"ends at layer {cut}", ""
    first, last, worst = 1, cut or 1, cut or 1
    if drift is not None:
        falls, lost = (
            f"The gradient falls {drift.in_words()} (allowed: {thresholds.vanishing_decades:g}).",
            _lost(readings),
        )
        headline = _headline("falls", drift)
        first, last, worst = drift.end, drift.begin, drift.end
    if cut is not None:
        ends = f"From layer {cut} down it is exactly zero in mathematics, too: weights above are all zero."
        first = int(readings.layers[0])
    severe = lost or ends or (drift is not None and drift.decades >= thresholds.severe_decades)
    return [
        Finding(
            "vanishing",
            Severity.CRITICAL if severe else Severity.WARNING,
            profile.step,
            headline,
            sentences(falls, lost, ends),
            layers=(first, last),
            worst_layer=worst,
            thresholds=("vanishing_decades", "severe_decades"),
            quantity=profile.quantity,
            rate=drift.rate if drift is not None else None,
            suggestions=against_vanishing(readings, thresholds, drift),
        )
    ]


def exploding(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find a gradient that grows by too many decades on its way to the input, or is infinite or no number."""
    profile = profile_of(readings, readings.now)
    drift = largest_rise(profile.layers, profile.values) if profile is not None else None
    if drift is not None and drift.decades < thresholds.exploding_decades:
        drift = None
    broken = _broken(readings)
    if drift is None and not broken.size:
        return []
    first, last, grows, beyond, headlines = int(readings.layers[-1]), 1, "", "", []
    if drift is not None:
        grows = f"The gradient grows {drift.in_words()} (allowed: {thresholds.exploding_decades:g})."
        headlines.append(_headline("grows", drift))
        first, last = drift.end, drift.begin
    if broken.size:
        beyond = f"It is infinite or not a number from layer {broken[-1]} down."
        headlines.append(f"infinite from layer {broken[-1]} down")
        first, last = min(first, int(broken[0])), max(last, int(broken[-1]))
    severe = broken.size or (drift is not None and drift.decades >= thresholds.severe_decades)
    return [
        Finding(
            "exploding",
            Severity.CRITICAL if severe else Severity.WARNING,
            profile.step if profile is not None else readings.step,
            ", ".join(headlines),
            sentences(grows, beyond),
            layers=(first, last),
            worst_layer=first,
            thresholds=("exploding_decades", "severe_decades"),
            quantity=profile.quantity if profile is not None else GRADIENT,
            rate=drift.rate if drift is not None else None,
            suggestions=against_exploding(readings, drift, thresholds.exploding_decades),
        )
    ]


def _nothing_arrives(readings: Readings) -> list[Finding]:
    """Find a gradient that is zero, or next to it, at every layer: lost before the first of them."""
    delivered = readings.now.delivered
    if delivered is None or not (delivered.row[readings.spine] < readings.floor).all():
        return []
    last = int(readings.layers[-1])
    return [
        Finding(
            "vanishing",
            Severity.CRITICAL,
            delivered.step,
            "no layer receives any",
            f"From layer {last} down no layer receives a gradient above {readings.experiment.training.precision}'s "
            "smallest "
            "normal number.",
            layers=(int(readings.layers[0]), last),
            worst_layer=last,
            quantity=GRADIENT,
        )
    ]


def _headline(verb: str, drift: Drift) -> str:
    much = f"{drift.rate:.2g} decades per layer" if drift.even else f"{drift.decades:.1f} decades"
    return f"{verb} by {much}, layers {drift.begin} to {drift.end}"


def _lost(readings: Readings) -> str:
    """Say where floating point loses the gradient, coming from the output; empty if it keeps all of it."""
    delivered, exact, precision = readings.now.delivered, readings.now.exact, readings.experiment.training.precision
    if delivered is None:
        return ""
    cut = cut_off(readings) or 0
    sinking = readings.spine & (readings.layers > cut)
    short = np.flatnonzero(sinking & (delivered.row < readings.floor))
    zero = np.flatnonzero(sinking & np.isneginf(delivered.row))
    if not short.size:
        return ""
    words = f"It is below {precision}'s smallest normal number from layer {readings.layers[short[-1]]} down"
    if zero.size:
        words += f" and exactly zero from layer {readings.layers[zero[-1]]} down"
        if exact is not None and np.isfinite(exact.row[zero[0]]):
            words += f", although in truth it is {power(exact.row[zero[0]])} in layer {readings.layers[zero[0]]}"
    return words + "."


def _broken(readings: Readings) -> NDArray[np.int64]:
    """Return the layers whose delivered gradient is infinite or no number, ascending."""
    delivered = readings.now.delivered
    if delivered is None:
        return readings.layers[:0]
    return readings.layers[np.isposinf(delivered.row) | np.isnan(delivered.row)]
