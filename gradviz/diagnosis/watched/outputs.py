"""Modules that put out numbers which are none, or nothing but zeros."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.readings import MEAN
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.watched.readings import SETTLED_STEPS, WatchedReadings
from gradviz.diagnosis.watched.remedies import against_broken, against_silence
from gradviz.diagnosis.watched.words import modules


def not_finite(readings: WatchedReadings, _thresholds: Thresholds) -> list[Finding]:
    """Find the first module, in the order of execution, whose output is infinite or not a number."""
    mean, spread = readings.mean, readings.spread
    if mean is None or spread is None:
        return []
    lost = mean.measured & ~np.isfinite(mean.values) | spread.measured & ~np.isfinite(spread.values)
    layers = readings.asked_where(lost)
    if not layers.size:
        return []
    name = readings.names[layers[0] - 1]
    return [
        Finding(
            "exploding",
            Severity.CRITICAL,
            mean.step,
            f"output of {name} infinite or not a number",
            f"{name} is the first module whose output is infinite or not a number; what comes after it is no use.",
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=int(layers[0]),
            quantity=MEAN,
            suggestions=against_broken(),
        )
    ]


def silent(readings: WatchedReadings, _thresholds: Thresholds) -> list[Finding]:
    """Find modules that put out nothing but zeros, once branches that begin so have had the time to open."""
    mean, spread = readings.mean, readings.spread
    if mean is None or spread is None or mean.step < SETTLED_STEPS:
        return []
    layers = readings.asked_where((mean.values == 0.0) & (spread.values == 0.0))
    if not layers.size:
        return []
    where, verb = modules(readings.names, layers), "puts" if layers.size == 1 else "put"
    return [
        Finding(
            "dead",
            Severity.WARNING,
            mean.step,
            f"{where} {verb} out nothing but zeros",
            f"Every number that {where} {verb} out is zero, whatever the sample.",
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=int(layers[0]),
            quantity=MEAN,
            suggestions=against_silence(),
        )
    ]
