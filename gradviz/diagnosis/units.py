"""Units that pass no gradient on: dead (no slope for any sample) and saturated (next to none)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.finding import Finding, Kind, Severity
from gradviz.diagnosis.gradient_profile import can_die, can_saturate, cut_off, units_are_to_blame
from gradviz.diagnosis.readings import DEAD, GRADIENT, SATURATED, Mask, Measured, Readings
from gradviz.diagnosis.remedies import against_dead, against_saturated
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import layers_in_words, sentences, share
from gradviz.experiment import stack_of

# standard deviations of tossing a coin for each unit that are put down to chance
COIN_DEVIATIONS = 3.0


def dead(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers of which too many units are off for every sample."""
    if not can_die(readings.experiment):
        return []
    over = _over(readings, readings.dead, thresholds.dead_share)
    if readings.dead is not None and readings.start_dead is not None:
        # what is no number has not died
        with np.errstate(invalid="ignore"):
            died = readings.dead.row - readings.start_dead.row >= thresholds.dead_growth
        over &= died | (readings.dead.row >= by_chance(stack_of(readings.experiment).width))
    return _units(readings, "dead", readings.dead, over, thresholds.dead_share)


def saturated(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers of which too many units sit where the activation is flat."""
    if not can_saturate(readings.experiment):
        return []
    over = _over(readings, readings.saturated, thresholds.saturated_share)
    return _units(readings, "saturated", readings.saturated, over, thresholds.saturated_share)


def by_chance(width: int) -> float:
    """Return the share of dead units that a layer of `width` exceeds by chance once in some 700 times.

    If all samples look alike to it, a unit with symmetric weights is on for all of them or off for all.
    """
    return min(0.5 + COIN_DEVIATIONS * 0.5 / math.sqrt(width), 1.0)


def _over(readings: Readings, measured: Measured | None, limit: float) -> Mask:
    return measured.row >= limit if measured is not None else np.zeros(readings.layers.size, np.bool_)


def _units(readings: Readings, kind: Kind, measured: Measured | None, over: Mask, limit: float) -> list[Finding]:
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
    is_dead = kind == "dead"
    return [
        Finding(
            kind,
            Severity.CRITICAL if cut is not None else Severity.WARNING,
            measured.step if measured is not None and over.any() else readings.step,
            ", ".join(headlines),
            sentences(*parts),
            layers=(int(affected[0]), int(affected[-1])),
            worst_layer=worst,
            thresholds=("dead_share", "dead_growth") if is_dead else ("saturated_share",),
            quantity=(DEAD if is_dead else SATURATED) if over.any() else GRADIENT,
            suggestions=against_dead(readings) if is_dead else against_saturated(readings),
        )
    ]


def _in_words(kind: Kind, layers: NDArray[np.int64], worst: int, most: str, limit: float) -> str:
    where = layers_in_words(layers)
    if kind == "dead":
        what = "of the units have no slope for any sample"
    else:
        what = "of what the activations are given lies where the slope is below a hundredth of the steepest"
    return f"In {where} at least {share(limit)} {what}; the most in layer {worst}, {most}."
