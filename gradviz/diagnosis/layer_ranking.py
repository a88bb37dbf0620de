"""The layers ranked by how bad they are, on one scale for everything that can be the matter with a layer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.gradient_profile import can_die, can_saturate, profile_of
from gradviz.diagnosis.readings import Readings, Row, existing_step, judged_step, read
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.updates import moved
from gradviz.diagnosis.watched.diagnose import watched_badness
from gradviz.recording.history import History

# badness of a layer about which nothing finite can be said
MOST = 1e6


def worst_layers(history: History, step: int | None = None, thresholds: Thresholds | None = None) -> NDArray[np.int64]:
    """Return all layer numbers, the worst first; among equals those next to the input."""
    return np.argsort(-badness(history, step, thresholds), kind="stable") + 1


def badness(history: History, step: int | None = None, thresholds: Thresholds | None = None) -> Row:
    """Return how bad each layer is at `step` (None: the latest), [layers]; from 1 on some threshold is passed.

    The largest of: decades by which its gradient differs from that at the output, decades by which its update ratio
    lies off the guide line, share of dead and of saturated units; each over its threshold. Zeros if nothing is known.
    """
    thresholds = thresholds or Thresholds()
    if not history.frames:
        return np.zeros(len(history.started.rows))
    if history.started.experiment is None:
        worst = watched_badness(history, existing_step(history, step), thresholds)
    else:
        worst = _badness(read(history, judged_step(history, step)), thresholds)
    return np.clip(np.nan_to_num(worst, nan=0.0), 0.0, MOST)


def _badness(readings: Readings, thresholds: Thresholds) -> Row:
    parts = [_gradient(readings, thresholds), *_updates(readings, thresholds)]
    if can_die(readings.experiment) and readings.dead is not None:
        parts.append(readings.dead.row / thresholds.dead_share)
    if can_saturate(readings.experiment) and readings.saturated is not None:
        parts.append(readings.saturated.row / thresholds.saturated_share)
    # a part that is not a number says nothing, and the others speak
    worst: Row = np.fmax.reduce(parts)
    return worst


def _gradient(readings: Readings, thresholds: Thresholds) -> Row:
    """Judge every layer by the gradient at the end of its block; the worst where it is zero for good or not finite."""
    if readings.now.delivered is None and readings.now.exact is None:
        return np.zeros(readings.layers.size)
    on_spine = readings.layers[readings.spine]
    values = np.full(on_spine.size, MOST)
    profile = profile_of(readings, readings.now)
    if profile is not None:
        change = profile.values - profile.values[-1]
        score = np.where(change < 0, -change / thresholds.vanishing_decades, change / thresholds.exploding_decades)
        values[np.searchsorted(on_spine, profile.layers)] = score
    ends = np.minimum(np.searchsorted(on_spine, readings.layers), on_spine.size - 1)
    return np.asarray(values[ends])


def _updates(readings: Readings, thresholds: Thresholds) -> list[Row]:
    ratio, judged = readings.update, moved(readings)
    if ratio is None or judged is None:
        return []
    limits = thresholds.update_low, thresholds.update_guide, thresholds.update_high
    low, guide, high = (math.log10(limit) for limit in limits)
    fast = (judged - guide) / (high - guide)
    if readings.loss_below(thresholds.converged_loss_share):
        return [fast]
    return [fast, (guide - ratio) / (guide - low)]
