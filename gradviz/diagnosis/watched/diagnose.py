"""The diagnosis of a watched network at one step, and how bad each of its modules is."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity, ranked
from gradviz.diagnosis.readings import RECENT_STEPS, UPDATE, Row, measures
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.watched.gradients import broken, decades_below, drifting, no_gradient, nothing_arrives
from gradviz.diagnosis.watched.motion import moved, not_updating, too_much
from gradviz.diagnosis.watched.outputs import not_finite, silent
from gradviz.diagnosis.watched.readings import WEIGHT_GRADIENT, WatchedReadings, read_watched
from gradviz.diagnosis.watched.remedies import against_broken, against_no_progress
from gradviz.diagnosis.words import plain, power, sentences
from gradviz.recording.history import History

RULES = (broken, not_finite, nothing_arrives, no_gradient, drifting, silent, too_much, not_updating)


def diagnose_watched(
    history: History, step: int, thresholds: Thresholds, part: tuple[int, int] | None = None
) -> list[Finding]:
    """Return what is the matter at `step`, which is recorded, worst first; `part` is the layers asked about."""
    readings = read_watched(history, step, part)
    found = _diverged(history, step)
    for rule in RULES:
        found += rule(readings, thresholds)
    found += _not_learning(readings, thresholds)
    if not found:
        found = _healthy(readings)
    return ranked(found + _not_measured(history, readings)) or [_nothing_yet(readings)]


def watched_badness(history: History, step: int, thresholds: Thresholds) -> Row:
    """Return how bad each layer is, [layers]: the largest of what is judged, each over its threshold; NaN: nothing is.

    Infinite where a gradient is zero or no number.
    """
    readings = read_watched(history, step)
    parts = [np.where(readings.broken, math.inf, math.nan)]
    if (below := decades_below(readings)) is not None:
        parts.append(below / thresholds.silent_decades)
    if (judged := moved(readings)) is not None and readings.update is not None:
        limits = thresholds.update_low, thresholds.update_guide, thresholds.update_high
        low, guide, high = (math.log10(limit) for limit in limits)
        parts.append((judged - guide) / (high - guide))
        if not readings.rate_is_low:
            parts.append((guide - readings.update) / (guide - low))
    return np.asarray(np.fmax.reduce(parts))


def _diverged(history: History, step: int) -> list[Finding]:
    lost = history.diverged
    if lost is None or step < lost.step:
        return []
    evidence = f"The loss of step {lost.step} is {plain(lost.loss)}."
    headline = f"at step {lost.step}"
    return [Finding("diverged", Severity.CRITICAL, lost.step, headline, evidence, suggestions=against_broken())]


def _not_learning(readings: WatchedReadings, thresholds: Thresholds) -> list[Finding]:
    """Find a loss much higher than at the start, or after a while no lower. One that may be negative has no scale."""
    loss, first = readings.recent_loss, readings.first_loss
    if readings.step >= RECENT_STEPS and loss > thresholds.worse_factor * first > 0.0:
        return [_loss_finding(readings, Severity.WARNING, "worse than", loss, first, "worse_factor")]
    loss, first = readings.loss, readings.early_loss
    if readings.step >= thresholds.patience_steps and loss >= first > 0.0:
        return [_loss_finding(readings, Severity.NOTICE, "as", loss, first, "patience_steps")]
    return []


def _loss_finding(
    readings: WatchedReadings, severity: Severity, compared: str, loss: float, first: float, threshold: str
) -> Finding:
    return Finding(
        "not_learning",
        severity,
        readings.step,
        f"loss {plain(loss)}, {compared} at the start",
        f"After {readings.step:,} steps the loss is {plain(loss)}, a median of the latest; at the start it was "
        f"{plain(first)}.",
        thresholds=(threshold,),
        suggestions=against_no_progress(),
    )


def _healthy(readings: WatchedReadings) -> list[Finding]:
    gradient = readings.gradient
    if gradient is None:
        return []
    known = np.isfinite(gradient) & readings.asked
    if not known.any():
        return []
    lowest = int(np.argmin(np.where(known, gradient, np.inf)))
    least = f"the least, {power(float(gradient[lowest]))}, gets {readings.names[lowest]}"
    moves = ""
    if readings.update is not None and np.isfinite(readings.update).any():
        typical = float(np.median(readings.update[np.isfinite(readings.update)]))
        moves = f"A typical module moves by {power(typical)} of its length in a step."
    loss = "" if math.isnan(readings.loss) else f"The loss is {plain(readings.loss)}."
    evidence = sentences(f"A typical module gets a gradient of {power(readings.typical)}; {least}.", moves, loss)
    headline = "every module that is measured gets a gradient"
    return [Finding("healthy", Severity.FINE, readings.step, headline, evidence, quantity=WEIGHT_GRADIENT)]


def _nothing_yet(readings: WatchedReadings) -> Finding:
    evidence = "No module asked about has had a gradient up to here; in the first steps that need not mean anything."
    return Finding("not_measured", Severity.UNKNOWN, readings.step, "nothing yet", evidence, quantity=WEIGHT_GRADIENT)


def _not_measured(history: History, readings: WatchedReadings) -> list[Finding]:
    """Say of what nothing can be said, and why; empty if everything is known."""
    wanted = (("the gradient", WEIGHT_GRADIENT, readings.gradient), ("update ratio", UPDATE, readings.update))
    missing = {words: measures(history, name) for words, name, row in wanted if row is None}
    later = [words for words, measured in missing.items() if measured]
    never = [words for words, measured in missing.items() if not measured]
    unknown = math.isnan(readings.loss)
    if not missing and not unknown:
        return []
    evidence = sentences(
        f"This run does not measure {' and '.join(never)}." if never else "",
        f"Not measured yet: {' and '.join(later)}." if later else "",
        "The script logs no loss; recorder.log(loss=...) lets this say whether it falls." if unknown else "",
    )
    names = " and ".join([*missing, *(["loss"] if unknown else [])])
    return [Finding("not_measured", Severity.UNKNOWN, readings.step, names, evidence)]
