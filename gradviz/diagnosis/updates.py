"""How far the optimiser moves the weights: not at all, or too far."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.readings import RECENT_STEPS, UNCHANGED, UPDATE, Mask, Readings, Row
from gradviz.diagnosis.remedies import against_standing_still, against_too_much
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import layers_in_words, plain, power, sentences, share
from gradviz.experiment import stack_of

# larger numbers are said as powers of ten
PLAIN_BELOW = 3.0


def not_updating(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers whose weights stand still although there is something left to learn."""
    if readings.loss_below(thresholds.converged_loss_share) or _waking(readings, thresholds):
        return []
    slow = _below(readings.update, math.log10(thresholds.update_low))
    still = readings.unchanged.row >= thresholds.unchanged_share if readings.unchanged is not None else None
    over = slow if still is None else still if slow is None else slow | still
    if over is None or not over.any():
        return []
    affected = readings.layers[over]
    worst = _slowest(readings, over)
    many = affected.size * 2 > readings.layers.size
    return [
        Finding(
            "not_updating",
            Severity.CRITICAL if many else Severity.WARNING,
            readings.step,
            layers_in_words(affected),
            sentences(_slow_in_words(readings, thresholds, slow), _still_in_words(readings, thresholds)),
            layers=(int(affected[0]), int(affected[-1])),
            worst_layer=worst,
            thresholds=("update_low", "unchanged_share", "converged_loss_share"),
            quantity=UPDATE if slow is not None and slow.any() else UNCHANGED,
            suggestions=against_standing_still(readings, thresholds),
        )
    ]


def too_much(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    """Find layers of which every step replaces a large part; at once where it replaces all.

    The first steps of optimisers that divide the gradient by its own size are long in networks that learn well, too.
    """
    judged = moved(readings)
    if judged is None:
        return []
    over = judged >= (math.log10(thresholds.update_high) if readings.updates >= RECENT_STEPS else 0.0)
    if not over.any():
        return []
    affected = readings.layers[over]
    index = int(np.argmax(np.where(over, judged, -np.inf)))
    worst, most = int(readings.layers[index]), float(judged[index])
    size = _times(most)
    return [
        Finding(
            "too_much",
            Severity.CRITICAL if most >= 0.0 else Severity.WARNING,
            readings.step,
            f"steps of {size} the weights' length in layer {worst}",
            f"{_when(readings)} the weights of {layers_in_words(affected)} by more than {thresholds.update_high:g} of "
            f"their length, those of layer {worst} by {size} it. Near "
            f"{thresholds.update_guide:g} a layer learns.",
            layers=(int(affected[0]), int(affected[-1])),
            worst_layer=worst,
            thresholds=("update_high", "update_guide"),
            quantity=UPDATE,
            suggestions=against_too_much(readings, thresholds, most),
        )
    ]


def moved(readings: Readings) -> Row | None:
    """Return the update ratios that can be judged: of weights that began at zero any step is a large part."""
    if readings.update is None:
        return None
    start = readings.start_weights
    return readings.update if start is None else np.where(np.isneginf(start.row), np.nan, readings.update)


def _waking(readings: Readings, thresholds: Thresholds) -> bool:
    """Whether branches are silent at the start by design, and have not had the time to open."""
    experiment = readings.experiment
    silent = stack_of(experiment).shortcut == "rezero" or (
        stack_of(experiment).shortcut != "none" and stack_of(experiment).zero_init_branch
    )
    return silent and readings.step < thresholds.patience_steps


def _below(row: Row | None, limit: float) -> Mask | None:
    return None if row is None else row < limit


def _slowest(readings: Readings, over: Mask) -> int:
    """Return the layer that moves least; among those that do not move at all, the one next to the input."""
    ratio = readings.update if readings.update is not None else np.zeros(over.size)
    return int(readings.layers[int(np.nanargmin(np.where(over, np.nan_to_num(ratio, nan=0.0), np.inf)))])


def _times(log10: float) -> str:
    if math.isinf(log10):
        return "infinitely many times"
    return f"{power(log10)} times" if log10 > PLAIN_BELOW else f"{plain(10.0**log10)} times"


def _when(readings: Readings) -> str:
    return "The latest step moved" if readings.updates == 1 else f"The latest {readings.updates} steps moved"


def _slow_in_words(readings: Readings, thresholds: Thresholds, slow: Mask | None) -> str:
    if readings.update is None or slow is None or not slow.any():
        return ""
    still = np.isneginf(readings.update)
    words = (
        f"{_when(readings)} the weights of {layers_in_words(readings.layers[slow])} by less than "
        f"{thresholds.update_low:g} of their length"
    )
    if still.any():
        words += f", those of {layers_in_words(readings.layers[still])} not at all"
    return f"{words}. Near {thresholds.update_guide:g} a layer learns."


def _still_in_words(readings: Readings, thresholds: Thresholds) -> str:
    if readings.unchanged is None:
        return ""
    still = readings.unchanged.row >= thresholds.unchanged_share
    if not still.any():
        return ""
    where = layers_in_words(readings.layers[still])
    return f"In {where} at least {share(thresholds.unchanged_share)} of the weights kept every bit."
