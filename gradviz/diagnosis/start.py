"""Poor initialisation: what is wrong before the first step."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.gradient_profile import profile_of
from gradviz.diagnosis.readings import GRADIENT, MEAN, SPREAD, WEIGHTS, Readings
from gradviz.diagnosis.remedies import against_poor_start
from gradviz.diagnosis.slopes import Drift, largest_fall, largest_rise
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import capitalised, layers_in_words, plain, sentences
from gradviz.experiment import stack_of

# below this share of a guess's loss, what was wrong at the start did no lasting harm
HAS_LEARNT = 0.5


def poor_initialisation(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find outputs, gradients or a loss that are out of range at step 0.

    A network that has learnt all the same is told so as a notice.
    """
    parts = [
        _weightless(readings),
        _signal(readings, thresholds),
        _alike(readings, thresholds),
        _gradient(readings, thresholds),
        _loss(readings, thresholds),
    ]
    found = [part for part in parts if part is not None]
    if not found:
        return []
    headlines, evidence, worst, quantities, limits = zip(*found, strict=True)
    return [
        Finding(
            "poor_initialisation",
            Severity.NOTICE if readings.loss_below(HAS_LEARNT) else Severity.WARNING,
            0,
            " and ".join(headlines[:2]),
            sentences("Before the first step:", evidence[0], *map(capitalised, evidence[1:])),
            layers=None if worst[0] is None else (int(readings.layers[0]), int(readings.layers[-1])),
            worst_layer=worst[0],
            thresholds=tuple(limit for limit in limits if limit),
            quantity=quantities[0],
            suggestions=against_poor_start(readings),
        )
    ]


Part = tuple[str, str, int | None, str, str]
"""Headline, evidence, worst layer, quantity, threshold."""


def _weightless(readings: Readings) -> Part | None:
    if readings.start_weights is None or stack_of(readings.experiment).shortcut != "none":
        return None
    zero = readings.layers[np.isneginf(readings.start_weights.row)]
    if not zero.size:
        return None
    where = layers_in_words(zero)
    return f"no weights in {where}", f"all weights of {where} are zero.", int(zero[-1]), WEIGHTS, ""


def _signal(readings: Readings, thresholds: Thresholds) -> Part | None:
    """Judge the root mean square of the outputs, sqrt(mean² + spread²), from layer to layer along the spine."""
    if readings.start_mean is None or readings.start_spread is None:
        return None
    with np.errstate(divide="ignore"):
        size = np.log10(np.hypot(readings.start_mean.row, readings.start_spread.row))
    endless = readings.layers[np.isposinf(size) | np.isnan(size)]
    if endless.size:
        where = f"layer {endless[0]}"
        return (
            f"outputs infinite from {where} on",
            f"the outputs are infinite from {where} on.",
            int(endless[0]),
            MEAN,
            "",
        )
    kept = np.isfinite(size) & readings.spine
    layers, values = readings.layers[kept], size[kept]
    # towards the input: what falls on the way back grows on the way forward
    grows, shrinks = largest_fall(layers, values), largest_rise(layers, values)
    if grows is not None and shrinks is not None:
        drift, verb = (grows, "grow") if grows.decades >= shrinks.decades else (shrinks, "shrink")
        if drift.decades >= thresholds.signal_decades:
            return _drifting_signal(drift, verb, thresholds)
    silent = readings.layers[np.isneginf(size)]
    if silent.size:
        where = layers_in_words(silent)
        return f"no output from {where}", f"the outputs of {where} are all zero.", int(silent[0]), MEAN, ""
    return None


def _drifting_signal(drift: Drift, verb: str, thresholds: Thresholds) -> Part:
    words = f"the outputs {verb} {drift.in_words(forward=True)} (allowed: {thresholds.signal_decades:g})."
    return f"outputs {verb} from layer to layer", words, drift.begin, SPREAD, "signal_decades"


def _alike(readings: Readings, thresholds: Thresholds) -> Part | None:
    """Judge the spread against the mean; outputs that are zero altogether are judged as a signal."""
    if readings.start_mean is None or readings.start_spread is None:
        return None
    mean, spread = np.abs(readings.start_mean.row), readings.start_spread.row
    alike = (spread < thresholds.alike_ratio * mean) & np.isfinite(mean)
    if not alike.any():
        return None
    layers = readings.layers[alike]
    where, index = layers_in_words(layers), int(np.flatnonzero(alike)[-1])
    words = (
        f"all units of {where} put out nearly the same number for all samples (layer {layers[-1]}: "
        f"{plain(float(readings.start_mean.row[index]))} ± {plain(float(spread[index]))})."
    )
    return f"outputs all alike in {where}", words, int(layers[-1]), SPREAD, "alike_ratio"


def _gradient(readings: Readings, thresholds: Thresholds) -> Part | None:
    profile = profile_of(readings, readings.start)
    if profile is None:
        return None
    fall, rise = largest_fall(profile.layers, profile.values), largest_rise(profile.layers, profile.values)
    for drift, verb, limit in (
        (fall, "falls", thresholds.vanishing_decades),
        (rise, "grows", thresholds.exploding_decades),
    ):
        if drift is not None and drift.decades >= limit:
            words = f"the gradient already {verb} {drift.in_words()} (allowed: {limit:g})."
            name = "vanishing_decades" if verb == "falls" else "exploding_decades"
            return f"the gradient {verb} from the start", words, drift.end, GRADIENT, name
    return None


def _loss(readings: Readings, thresholds: Thresholds) -> Part | None:
    limit = thresholds.first_loss_factor * readings.chance_loss
    if math.isnan(readings.first_loss) or readings.first_loss <= limit:
        return None
    words = (
        f"the loss is {plain(readings.first_loss)} where a guess has {readings.chance_loss:.2f} (allowed: {limit:.3g})."
    )
    return "first loss far above that of a guess", words, None, "", "first_loss_factor"
