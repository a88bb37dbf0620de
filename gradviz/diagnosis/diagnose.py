"""The diagnosis of a run at one step: all rules over one set of readings."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity, ranked
from gradviz.diagnosis.gradient_profile import can_die, can_saturate, profile_of
from gradviz.diagnosis.gradients import exploding, vanishing
from gradviz.diagnosis.learning import diverged, not_learning
from gradviz.diagnosis.readings import (
    DEAD,
    GRADIENT,
    SATURATED,
    UPDATE,
    Readings,
    existing_step,
    judged_step,
    measures,
    read,
)
from gradviz.diagnosis.start import poor_initialisation
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.units import dead, saturated
from gradviz.diagnosis.updates import not_updating, too_much
from gradviz.diagnosis.watched.diagnose import diagnose_watched
from gradviz.diagnosis.words import plain, power, sentences
from gradviz.recording.history import History

RULES = (exploding, vanishing, dead, saturated, too_much, not_updating, poor_initialisation, not_learning)


def diagnose(
    history: History,
    step: int | None = None,
    thresholds: Thresholds | None = None,
    layers: tuple[int, int] | None = None,
) -> list[Finding]:
    """Return what is the matter at `step` (None: the latest), worst first.

    `layers` (first, last) asks about a part of the network only. Where the loss ceased to be finite, causes are looked
    for in the step before. Healthy is found only where nothing else is; what was not measured is said beside it. Raises
    ValueError for layers that are not there.
    """
    thresholds = thresholds or Thresholds()
    if not 1 <= (layers or (1, 1))[0] <= (layers or (1, 1))[1] <= len(history.started.rows):
        raise ValueError(f"there are no layers {layers}; there are 1 to {len(history.started.rows)}")
    if not history.frames:
        return [Finding("not_measured", Severity.UNKNOWN, 0, "nothing yet", "There is no step yet to judge.")]
    step = existing_step(history, step)
    if history.started.experiment is None:
        return diagnose_watched(history, step, thresholds, layers)
    readings = read(history, judged_step(history, step), layers)
    found = diverged(history, step, readings)
    for rule in RULES:
        found += rule(readings, thresholds)
    unknown = _not_measured(history, readings)
    if not found:
        found += _healthy(readings, thresholds)
    return ranked(found + unknown)


def _healthy(readings: Readings, thresholds: Thresholds) -> list[Finding]:
    profile = profile_of(readings, readings.now)
    if profile is not None:
        # rounded up, so that "within" holds
        span = max(math.ceil(float(np.ptp(profile.values)) * 10.0), 1) / 10.0
        headline = f"gradient level within {span:.1f} decades"
        first, last = readings.layers[0], readings.layers[-1]
        level = f"The gradient stays within {span:.1f} decades from layer {last} to layer {first}."
    elif readings.now.delivered is not None and readings.loss_below(thresholds.converged_loss_share):
        headline, level = "nothing left to learn", "There is nothing left to learn, and so no gradient."
    else:
        return []
    if readings.step and not readings.loss_below(thresholds.chance_loss_share):
        headline += ", nothing learnt yet"
    moves = ""
    if readings.update is not None and np.isfinite(readings.update).any():
        typical = float(np.median(readings.update[np.isfinite(readings.update)]))
        moves = f"A typical layer moves by {power(typical)} of its length in a step."
    loss = f"The loss is {plain(readings.loss)}; a guess has {readings.chance_loss:.3g}."
    evidence = sentences(level, moves, "" if math.isnan(readings.loss) else loss)
    return [Finding("healthy", Severity.FINE, readings.step, headline, evidence, quantity=GRADIENT)]


def _not_measured(history: History, readings: Readings) -> list[Finding]:
    """Say of what nothing can be said, and why; empty if everything is known."""
    wanted = [
        ("the gradient", GRADIENT, readings.now.delivered is not None),
        ("update ratio", UPDATE, readings.update is not None),
    ]
    if can_die(readings.experiment):
        wanted.append(("dead units", DEAD, readings.dead is not None))
    if can_saturate(readings.experiment):
        wanted.append(("saturated units", SATURATED, readings.saturated is not None))
    missing = [(words, name) for words, name, known in wanted if not known]
    if not missing:
        return []
    never = [words for words, name in missing if not measures(history, name)]
    later = [words for words, name in missing if measures(history, name)]
    evidence = sentences(
        f"This run does not measure {_listed(never)}." if never else "",
        f"Not measured yet: {_listed(later)}." if later else "",
        "Of these nothing can be said, neither good nor bad.",
    )
    names = _listed([words for words, _ in missing])
    return [Finding("not_measured", Severity.UNKNOWN, readings.step, names, evidence, quantity=missing[0][1])]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
