"""A severity score for every row: one scale for everything that can be wrong with it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.flow import profile_of
from gradviz.diagnosis.readings import Readings, Values
from gradviz.diagnosis.rules.updates import judged_updates, may_rest
from gradviz.diagnosis.rules.weight_gradients import decades_below
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.recording.history import History

# score of a row about which nothing finite can be said
MOST = 1e6


def worst_rows(history: History, step: int | None = None, thresholds: Thresholds | None = None) -> NDArray[np.int64]:
    """Return all row numbers, the worst first; among equals those next to the input."""
    return np.argsort(-severity_scores(history, step, thresholds), kind="stable") + 1


def severity_scores(history: History, step: int | None = None, thresholds: Thresholds | None = None) -> Values:
    """Return how bad each row is at `step` (None: the latest), [rows]; from 1 on some threshold is passed.

    The largest of: decades by which the gradient on the path differs from that at the output, or by which that of the
    weights lies below the typical one where it is not known what the rows are; decades by which the update ratio lies
    off the guide line; share of dead and of saturated units; each over its threshold. Zeros if nothing is known.
    """
    thresholds = thresholds or Thresholds()
    if not history.frames:
        return np.zeros(len(history.started.rows))
    readings = Readings(history, step)
    # a part that is not a number says nothing, and the others speak
    worst = np.fmax.reduce(
        [
            _flow(readings, thresholds),
            _weight_gradient(readings, thresholds),
            *_updates(readings, thresholds),
            *_units(readings, thresholds),
        ]
    )
    return np.asarray(np.clip(np.nan_to_num(worst, nan=0.0), 0.0, MOST))


def _flow(readings: Readings, thresholds: Thresholds) -> Values:
    """Judge every row by the gradient at the end of its block; the worst where it is zero for good or not finite."""
    scores = np.full(len(readings.rows), np.nan)
    if readings.flow is None:
        return scores
    on_path = readings.numbers[readings.path]
    values = np.full(on_path.size, MOST)
    profile = profile_of(readings, readings.flow)
    if profile is not None:
        change = profile.values - profile.values[-1]
        score = np.where(change < 0, -change / thresholds.vanishing_decades, change / thresholds.exploding_decades)
        values[np.searchsorted(on_path, profile.numbers)] = score
    ends = np.minimum(np.searchsorted(on_path, readings.numbers), on_path.size - 1)
    return np.where(readings.known, values[ends], np.nan)


def _weight_gradient(readings: Readings, thresholds: Thresholds) -> Values:
    scores = np.where(readings.broken_gradient & ~readings.known, math.inf, math.nan)
    if readings.weight_gradient is None:
        return scores
    return np.asarray(np.fmax(scores, decades_below(readings, readings.weight_gradient) / thresholds.silent_decades))


def _updates(readings: Readings, thresholds: Thresholds) -> list[Values]:
    if readings.update is None:
        return []
    limits = thresholds.update_low, thresholds.update_guide, thresholds.update_high
    low, guide, high = (math.log10(limit) for limit in limits)
    fast = (judged_updates(readings, readings.update) - guide) / (high - guide)
    if may_rest(readings, thresholds):
        return [fast]
    return [fast, (guide - readings.update.values) / (guide - low)]


def _units(readings: Readings, thresholds: Thresholds) -> list[Values]:
    parts = []
    if readings.dead is not None:
        parts.append(np.where(readings.can_die, readings.dead.values / thresholds.dead_share, np.nan))
    if readings.saturated is not None:
        parts.append(np.where(readings.can_saturate, readings.saturated.values / thresholds.saturated_share, np.nan))
    return parts
