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
# these speak of all rows of the finding
NAME_ROWS = ("pass_parameters", "add_group", "remove_detach", "remove_no_grad", "call_in_forward")
NO_PROGRESS = ("overfit_one_batch", "check_order_of_calls", "try_other_rates")


def remedies(finding: Finding, readings: Readings) -> tuple[Remedy, ...]:
    """Return advice, best first; it changes no recipe, because there is none."""
    choose = _BY_KIND.get(finding.kind)
    advice = choose(finding, readings) if choose is not None else ()
    rows = tuple(("row", float(row)) for row in finding.rows)
    return tuple(Remedy(kind, row=finding.worst_row, details=rows if kind in NAME_ROWS else ()) for kind in advice)


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
    rounded_away = gradient is not None and np.isfinite(gradient.values[np.array(kept.rows) - 1]).any()
    return ("keep_float32_weights", *STANDING_STILL) if rounded_away else STANDING_STILL


def _against_cut(finding: Finding, _readings: Readings) -> Advice:
    return ("remove_no_grad",) if finding.fact("no_grad") is not None else ("remove_detach", "remove_no_grad")


def _against_bad_inputs(finding: Finding, _readings: Readings) -> Advice:
    by_fact = {"inputs_not_finite": "clean_inputs", "inputs_constant": "check_loading", "inputs_huge": "scale_inputs"}
    return tuple(advice for fact, advice in by_fact.items() if finding.fact(fact) is not None)


def _against_bad_labels(finding: Finding, _readings: Readings) -> Advice:
    return ("check_pairs",) if finding.fact("labels_alike") is not None else ("check_labels",)


def _against_no_progress(finding: Finding, _readings: Readings) -> Advice:
    return ("check_pairs",) if finding.fact("validation_at_chance") is not None else NO_PROGRESS


def _always(*advice: str) -> Callable[[Finding, Readings], Advice]:
    return lambda _finding, _readings: advice


_BY_KIND: dict[str, Callable[[Finding, Readings], Advice]] = {
    "diverged": lambda _finding, _readings: BROKEN,
    "exploding": _against_exploding,
    "vanishing": _against_vanishing,
    "dead": lambda _finding, _readings: SILENCE,
    "too_much": lambda _finding, _readings: LONG_STEPS,
    "not_updating": _against_standing_still,
    "not_learning": _against_no_progress,
    "in_no_optimizer": _always("pass_parameters", "add_group"),
    "cut_off": _against_cut,
    "never_called": _always("call_in_forward"),
    "dead_experts": _always("balance_experts"),
    "no_gradient": _always("call_backward"),
    "gradients_kept": _always("clear_gradients"),
    "loss_function": _always("stable_loss", "detect_anomaly"),
    "loss_unbounded": _always("check_sign"),
    "probabilities_as_logits": _always("drop_softmax"),
    "bad_inputs": _against_bad_inputs,
    "bad_labels": _against_bad_labels,
    "one_class": _always("weigh_classes", "try_other_rates"),
    "small_batch": _always("batch_or_group_norm"),
    "clipped": _always("raise_clip"),
    "decay": _always("lower_decay"),
    "too_little": _always("raise_rate_in_code"),
    "absurd_start": _always("default_initialisation", "scale_inputs"),
    "zero_weights": _always("random_weights"),
    "rate_gone": _always("slower_schedule"),
    "tokens_alike": _always("token_shortcuts_in_code", "lower_rate_in_code"),
    "units_alike": _always("different_weights"),
    "narrow": _always("widen_in_code"),
    "overfitting": _always("regularise"),
    "saturated": _always("desaturate"),
}
