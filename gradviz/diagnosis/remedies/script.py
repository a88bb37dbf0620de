"""What to try in one's own code against each finding about a network that a script trains."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gradviz.diagnosis.finding import Finding, Remedy
from gradviz.diagnosis.readings import Readings

Advice = tuple[str, ...]

# who is told what, each in `words.remedies`
NO_GRADIENT = ("look_for_a_cut", "revive_relu", "freeze_on_purpose")
LITTLE_GRADIENT = ("add_a_shortcut", "normalise", "steeper_activations")
GROWTH = ("clip_in_code", "lower_rate_in_code", "scale_branches_in_code")
BROKEN = ("detect_anomaly", "mixed_precision", "clip_in_code", "lower_rate_in_code")
LONG_STEPS = ("lower_rate_in_code", "clip_in_code")
STANDING_STILL = ("check_parameter_groups", "raise_group_rate")
SILENCE = ("wake_relu", "check_inputs")
NO_PROGRESS = ("overfit_one_batch", "check_order_of_calls", "try_other_rates")


def remedies(finding: Finding, readings: Readings) -> tuple[Remedy, ...]:
    """Return advice, best first; it changes no recipe, because there is none."""
    choose = _BY_KIND.get(finding.kind)
    advice = choose(finding, readings) if choose is not None else ()
    return tuple(Remedy(kind, row=finding.worst_row) for kind in advice)


def _against_vanishing(finding: Finding, readings: Readings) -> Advice:
    gradient = readings.weight_gradient
    if gradient is None or finding.worst_row is None or finding.fact("falls") is not None:
        return LITTLE_GRADIENT
    return NO_GRADIENT if math.isinf(gradient.at(finding.worst_row)) else LITTLE_GRADIENT


def _against_exploding(finding: Finding, _readings: Readings) -> Advice:
    return GROWTH if finding.fact("grows") is not None else BROKEN


def _against_standing_still(finding: Finding, readings: Readings) -> Advice:
    kept = finding.fact("bits_unchanged")
    if kept is None:
        return STANDING_STILL
    gradient = readings.weight_gradient
    # what has no gradient keeps its bits without any rounding
    rounded_away = gradient is None or np.isfinite(gradient.values[np.array(kept.rows) - 1]).any()
    return ("keep_float32_weights", *STANDING_STILL) if rounded_away else STANDING_STILL


_BY_KIND: dict[str, Callable[[Finding, Readings], Advice]] = {
    "diverged": lambda _finding, _readings: BROKEN,
    "exploding": _against_exploding,
    "vanishing": _against_vanishing,
    "dead": lambda _finding, _readings: SILENCE,
    "too_much": lambda _finding, _readings: LONG_STEPS,
    "not_updating": _against_standing_still,
    "not_learning": lambda _finding, _readings: NO_PROGRESS,
}
