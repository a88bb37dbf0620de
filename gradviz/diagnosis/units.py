"""Units that pass no gradient on: dead (no slope for any sample) and saturated (next to none)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.finding import Finding, Kind, Severity, Suggestion
from gradviz.diagnosis.gradient_profile import can_die, can_saturate, cut_off, units_are_to_blame
from gradviz.diagnosis.readings import DEAD, GRADIENT, SATURATED, Measured, Readings
from gradviz.diagnosis.remedies import against_dead, against_saturated
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import layers_in_words, sentences, share


def dead(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers of which too many units are off for every sample."""
    if not can_die(readings.experiment):
        return []
    suggestions = against_dead(readings)
    return _units(readings, "dead", readings.dead, DEAD, thresholds.dead_share, suggestions)


def saturated(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers of which too many units sit where the activation is flat."""
    if not can_saturate(readings.experiment):
        return []
    suggestions = against_saturated(readings)
    return _units(readings, "saturated", readings.saturated, SATURATED, thresholds.saturated_share, suggestions)


def _units(
    readings: Readings,
    kind: Kind,
    measured: Measured | None,
    quantity: str,
    limit: float,
    suggestions: tuple[Suggestion, ...],
) -> list[Finding]:
    over = measured.row >= limit if measured is not None else np.zeros(readings.layers.size, np.bool_)
    cut = cut_off(readings) if units_are_to_blame(readings) else None
    if cut is None and not over.any():
        return []
    affected = readings.layers[over]
    parts, headlines, worst = [], [], 0
    if measured is not None and affected.size:
        worst = int(readings.layers[int(np.argmax(np.where(over, measured.row, -1.0)))])
        most = share(float(measured.row[over].max()))
        parts.append(_in_words(kind, affected, worst, most, limit))
        headlines.append(f"{most} of layer {worst}")
    if cut is not None:
        # the layer that lets nothing through is the one to look at
        worst = cut + 1
        affected = np.union1d(affected, [worst])
        parts.append(
            f"No gradient gets past layer {worst}: from layer {cut} down it is exactly zero, in mathematics, too."
        )
        headlines.append(f"no gradient gets past layer {worst}")
    return [
        Finding(
            kind,
            Severity.CRITICAL if cut is not None else Severity.WARNING,
            measured.step if measured is not None and over.any() else readings.step,
            ", ".join(headlines),
            sentences(*parts),
            layers=(int(affected[0]), int(affected[-1])),
            worst_layer=worst,
            thresholds=(f"{kind}_share",),
            quantity=quantity if over.any() else GRADIENT,
            suggestions=suggestions,
        )
    ]


def _in_words(kind: Kind, layers: NDArray[np.int64], worst: int, most: str, limit: float) -> str:
    where = layers_in_words(layers)
    if kind == "dead":
        what = "of the units have no slope for any sample"
    else:
        what = "of what the activations are given lies where the slope is below a hundredth of the steepest"
    return f"In {where} at least {share(limit)} {what}; the most in layer {worst}, {most}."
