"""Modules that get no gradient, and gradients that drift or are no numbers.

Modules are compared by the length of their weights' gradient. What flows between modules is no measure here: a
shrinking picture, a pooling or a branch changes it by decades in networks that learn well.
"""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.readings import RECENT_STEPS, Row
from gradviz.diagnosis.slopes import Drift, largest_fall, largest_rise
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.watched.readings import WEIGHT_GRADIENT, WatchedReadings
from gradviz.diagnosis.watched.remedies import (
    against_broken,
    against_growth,
    against_little_gradient,
    against_no_gradient,
)
from gradviz.diagnosis.watched.words import modules, share_of
from gradviz.diagnosis.words import power, sentences


def decades_below(readings: WatchedReadings) -> Row | None:
    """Return by how many decades the gradient of each layer lies below a typical one; None if none is known."""
    if readings.gradient is None or np.isnan(readings.typical):
        return None
    return np.asarray(readings.typical - readings.gradient)


def broken(readings: WatchedReadings, _thresholds: Thresholds) -> list[Finding]:
    """Find gradients that are infinite or no numbers, in a step that the optimiser did not skip."""
    layers = readings.asked_where(readings.broken)
    if not layers.size:
        return []
    where = modules(readings.names, layers)
    return [
        Finding(
            "exploding",
            Severity.CRITICAL,
            readings.gradient_step,
            f"gradient of {where} infinite or not a number",
            f"The gradient of {where} is infinite or not a number; what the optimiser does with it is no use to any "
            "module.",
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=int(layers[-1]),
            quantity=WEIGHT_GRADIENT,
            suggestions=against_broken(),
        )
    ]


def no_gradient(readings: WatchedReadings, thresholds: Thresholds) -> list[Finding]:
    """Find modules whose weights get next to no gradient while others get some."""
    below, gradient = decades_below(readings), readings.gradient
    if below is None or gradient is None:
        return []
    over = (below >= thresholds.silent_decades) & ~readings.opening
    if readings.gradients < RECENT_STEPS:
        # one batch may leave a module out
        over &= ~np.isneginf(gradient)
    layers = readings.asked_where(over)
    if not layers.size:
        return []
    worst = int(layers[int(np.argmax(below[layers - 1]))])
    name, decades = readings.names[worst - 1], float(below[worst - 1])
    severe = decades >= thresholds.severe_decades
    return [
        Finding(
            "vanishing",
            Severity.CRITICAL if severe else Severity.WARNING,
            readings.gradient_step,
            f"{name} gets {'no' if severe else 'hardly any'} gradient: {_compared(float(gradient[worst - 1]), decades)}"
            + (f"; {layers.size - 1:,} more" if layers.size > 1 else ""),
            sentences(
                _in_words(readings, name, float(gradient[worst - 1])),
                f"{thresholds.silent_decades:g} decades or more below it lie {modules(readings.names, layers)}."
                if layers.size > 1
                else "",
            ),
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=worst,
            thresholds=("silent_decades", "severe_decades"),
            quantity=WEIGHT_GRADIENT,
            suggestions=against_no_gradient(name) if np.isinf(decades) else against_little_gradient(name),
        )
    ]


def nothing_arrives(readings: WatchedReadings, _thresholds: Thresholds) -> list[Finding]:
    """Find a network in which no module gets a gradient at all."""
    gradient = readings.gradient
    if gradient is None or readings.gradients < RECENT_STEPS:
        return []
    known = ~np.isnan(gradient)
    layers = readings.asked_where(known)
    if not layers.size or not np.isneginf(gradient[known]).all():
        return []
    return [
        Finding(
            "vanishing",
            Severity.CRITICAL,
            readings.gradient_step,
            "no module gets any gradient",
            f"The gradient of every module was exactly zero at each of the latest {readings.gradients} steps.",
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=int(layers[-1]),
            quantity=WEIGHT_GRADIENT,
            suggestions=against_no_gradient(readings.names[layers[-1] - 1]),
        )
    ]


def drifting(readings: WatchedReadings, thresholds: Thresholds) -> list[Finding]:
    """Find a gradient that falls or grows from module to module, through half of them or more."""
    if readings.gradient is None:
        return []
    known = np.isfinite(readings.gradient) & readings.asked
    layers, values = readings.layers[known], readings.gradient[known]
    found = []
    for drift, falls in ((largest_fall(layers, values), True), (largest_rise(layers, values), False)):
        limit = thresholds.vanishing_decades if falls else thresholds.exploding_decades
        if drift is None or drift.decades < limit or not drift.even:
            continue
        way = (layers >= drift.end) & (layers <= drift.begin)
        if 2 * way.sum() >= layers.size and not readings.opening[layers[way] - 1].any():
            found.append(_drift(readings, drift, limit, thresholds, falls=falls))
    return found


def _drift(readings: WatchedReadings, drift: Drift, limit: float, thresholds: Thresholds, *, falls: bool) -> Finding:
    begin, end = (readings.names[layer - 1] for layer in (drift.begin, drift.end))
    verb = "falls" if falls else "grows"
    return Finding(
        "vanishing" if falls else "exploding",
        Severity.CRITICAL if drift.decades >= thresholds.severe_decades else Severity.WARNING,
        readings.gradient_step,
        f"{verb} by {drift.decades:.1f} decades from {begin} back to {end}",
        f"On the way back from {begin} to {end} the gradient of the weights {verb} from module to module, by "
        f"{drift.rate:.2g} decades each and by {drift.decades:.1f} in all (allowed: {limit:g}).",
        layers=(drift.end, drift.begin),
        worst_layer=drift.end,
        thresholds=("vanishing_decades" if falls else "exploding_decades", "severe_decades"),
        quantity=WEIGHT_GRADIENT,
        rate=drift.rate,
        suggestions=against_little_gradient(end) if falls else against_growth(),
    )


def _compared(gradient: float, decades: float) -> str:
    return "exactly zero" if np.isinf(decades) else f"{power(gradient)}, {share_of(decades)} of the median"


def _in_words(readings: WatchedReadings, name: str, gradient: float) -> str:
    when = "at the latest step" if readings.gradients == 1 else f"at any of the latest {readings.gradients} steps"
    got = "got nothing" if np.isneginf(gradient) else f"got a gradient of no more than {power(gradient)}"
    return f"The weights of {name} {got} {when}; the median of all modules is {power(readings.typical)}."
