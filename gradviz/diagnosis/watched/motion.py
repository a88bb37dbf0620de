"""How far the optimiser moves the weights of a watched network: not at all, or too far."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.readings import RECENT_STEPS, UNCHANGED, UPDATE, Mask, Row
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.watched.readings import WatchedReadings
from gradviz.diagnosis.watched.remedies import against_long_steps, against_standing_still
from gradviz.diagnosis.watched.words import modules
from gradviz.diagnosis.words import power, sentences, share


def moved(readings: WatchedReadings) -> Row | None:
    """Return the update ratios that can be judged: of weights that began at zero any step is a large part."""
    return None if readings.update is None else np.where(readings.weightless, np.nan, readings.update)


def not_updating(readings: WatchedReadings, thresholds: Thresholds) -> list[Finding]:
    """Find modules whose weights stand still while no schedule lets them rest, or nearly so most of them.

    A module that moves little is no finding by itself: norms behind a branch that opens slowly do.
    """
    if readings.rate_is_low or readings.updates < RECENT_STEPS or not readings.settled:
        return []
    nothing = np.zeros(len(readings.names), np.bool_)
    slow = still = nothing
    if readings.update is not None:
        slow = readings.update < math.log10(thresholds.update_low)
        if 2 * slow.sum() <= (~np.isnan(readings.update)).sum():
            slow = np.isneginf(readings.update)
    if readings.unchanged is not None:
        still = readings.unchanged >= thresholds.unchanged_share
    layers = readings.asked_where(slow | still)
    if not layers.size:
        return []
    ratio = readings.update if readings.update is not None else np.where(still, -np.inf, np.nan)
    worst = int(layers[int(np.argmin(np.nan_to_num(ratio[layers - 1], nan=0.0)))])
    known = int((~np.isnan(ratio) & readings.asked).sum())
    return [
        Finding(
            "not_updating",
            Severity.CRITICAL if 2 * layers.size > known else Severity.WARNING,
            readings.step,
            f"{modules(readings.names, layers)} {'stands' if layers.size == 1 else 'stand'} still",
            sentences(
                _slow_in_words(readings, thresholds, readings.asked_where(slow)),
                _still_in_words(readings, thresholds, readings.asked_where(still)),
            ),
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=worst,
            thresholds=("update_low", "unchanged_share"),
            quantity=UPDATE if slow.any() else UNCHANGED,
            suggestions=against_standing_still(rounded_away=bool((still & ~_has_no_gradient(readings)).any())),
        )
    ]


def too_much(readings: WatchedReadings, thresholds: Thresholds) -> list[Finding]:
    """Find modules of which step after step replaces a large part, or at the beginning all."""
    judged = moved(readings)
    if judged is None or readings.updates < RECENT_STEPS:
        return []
    layers = readings.asked_where(judged >= (math.log10(thresholds.update_high) if readings.settled else 0.0))
    if not layers.size:
        return []
    worst = int(layers[int(np.argmax(judged[layers - 1]))])
    name, most = readings.names[worst - 1], float(judged[worst - 1])
    return [
        Finding(
            "too_much",
            Severity.CRITICAL if most >= 0.0 else Severity.WARNING,
            readings.step,
            f"{name} moves by {power(most)} of its length in a step",
            f"The latest {readings.updates} steps moved the weights of {modules(readings.names, layers)} by more than "
            f"{thresholds.update_high:g} of their length, those of {name} by {power(most)}. Near "
            f"{thresholds.update_guide:g} a module learns.",
            layers=(int(layers[0]), int(layers[-1])),
            worst_layer=worst,
            thresholds=("update_high", "update_guide"),
            quantity=UPDATE,
            suggestions=against_long_steps(),
        )
    ]


def _has_no_gradient(readings: WatchedReadings) -> Mask:
    if readings.gradient is None:
        return np.zeros(len(readings.names), np.bool_)
    return np.isneginf(readings.gradient)


def _slow_in_words(readings: WatchedReadings, thresholds: Thresholds, layers: NDArray[np.int64]) -> str:
    if not layers.size:
        return ""
    return (
        f"The latest {readings.updates} steps moved the weights of {modules(readings.names, layers)} "
        f"{_how_little(readings, thresholds, layers)}. Near {thresholds.update_guide:g} a module learns."
    )


def _how_little(readings: WatchedReadings, thresholds: Thresholds, layers: NDArray[np.int64]) -> str:
    still = readings.update is not None and np.isneginf(readings.update[layers - 1]).all()
    return "not at all" if still else f"by less than {thresholds.update_low:g} of their length"


def _still_in_words(readings: WatchedReadings, thresholds: Thresholds, layers: NDArray[np.int64]) -> str:
    if not layers.size:
        return ""
    where = modules(readings.names, layers)
    return f"In {where} at least {share(thresholds.unchanged_share)} of the weights kept every bit."
