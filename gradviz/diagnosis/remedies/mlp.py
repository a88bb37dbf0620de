"""What to try against each finding about a stack of layers, best first.

Whatever would not change the experiment, or would not be allowed in it, is left out. What is offered was tried on the
presets and on networks that go wrong: tests/diagnosis/test_remedies.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradviz.diagnosis.finding import Finding, Remedy
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.remedies import changes
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Data, Experiment, Mlp, Training

# a step longer than this asks for has another cause than the learning rate
MOST_POWERS = 3
# the learning rate may be forgotten zeros away from where it should be
MOST_POWERS_UP = 8.0

Tried = tuple[Remedy | None, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What was found in which run, and the three parts of its recipe."""

    finding: Finding
    readings: Readings
    thresholds: Thresholds
    network: Mlp
    training: Training
    data: Data

    @property
    def trained(self) -> bool:
        """Whether a step was made, so that the learning rate can be to blame."""
        return self.readings.step > 0


def remedies(
    finding: Finding, readings: Readings, thresholds: Thresholds, experiment: Experiment
) -> tuple[Remedy, ...]:
    """Return what may help, best first; each is allowed, changes something, and no two change the same."""
    choose = _BY_KIND.get(finding.kind)
    network = experiment.network
    if choose is None or not isinstance(network, Mlp):
        return ()
    case = Case(finding, readings, thresholds, network, experiment.training, experiment.data)
    kept: dict[Experiment, Remedy] = {}
    for remedy in choose(case):
        changed = changes.applied(remedy, experiment) if remedy is not None else None
        if remedy is not None and changed is not None and changed != experiment:
            kept.setdefault(changed, remedy)
    return tuple(kept.values())


def _against_vanishing(case: Case) -> Tried:
    if case.finding.fact("nothing_arrives") is not None:
        # it is lost behind the stack
        return ()
    network = case.network
    return (
        changes.shortcut(network),
        changes.batch_norm(network, case.training),
        changes.initialization(network),
        changes.steeper(network),
        changes.shallower(network, case.finding.fact("falls"), case.thresholds.vanishing_decades),
    )


def _against_exploding(case: Case) -> Tried:
    network, grows = case.network, case.finding.fact("grows")
    normalised = network.normalization == "batch"
    return (
        changes.smaller_weights(network, grows),
        changes.scaled_branch(network),
        changes.shortcut(network),
        changes.initialization(network),
        changes.shallower(network, grows, case.thresholds.exploding_decades) if normalised else None,
        # what has grown since the start is no matter of the learning rate
        changes.lower_rate(case.training, 10.0) if case.trained and not case.finding.is_cause else None,
        changes.clip(case.training),
    )


def _against_dead(case: Case) -> Tried:
    network = case.network
    return (
        changes.open_branches(network),
        changes.leaky(network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
        changes.no_bias_shift(network),
        changes.shortcut(network),
    )


def _against_saturated(case: Case) -> Tried:
    return (
        changes.smaller_weights(case.network, None),
        changes.no_bias_shift(case.network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
        changes.layer_norm(case.network),
    )


def _against_standing_still(case: Case) -> Tried:
    fastest = _largest_update(case.readings)
    # where even the fastest layer stands still the learning rate is to blame, else what reaches the others; where there
    # is no gradient no learning rate is high enough
    rate = None
    if math.isfinite(fastest) and fastest < math.log10(case.thresholds.update_low):
        powers = math.log10(case.thresholds.update_guide) - fastest
        rate = changes.higher_rate(case.training, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))
    network = case.network
    if rate is not None:
        return (changes.open_branches(network), rate, changes.adam(case.training))
    return (
        changes.open_branches(network),
        changes.shortcut(network),
        changes.batch_norm(network, case.training),
        changes.adam(case.training),
    )


def _against_short_steps(case: Case) -> Tried:
    powers = math.log10(case.thresholds.update_guide) - case.finding.number("update_log10")
    rate = changes.higher_rate(case.training, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))
    return (rate, changes.adam(case.training))


def _against_long_steps(case: Case) -> Tried:
    distance = case.finding.number("update_log10") - math.log10(case.thresholds.update_guide)
    powers = min(max(math.floor(distance), 1), MOST_POWERS) if math.isfinite(distance) else MOST_POWERS
    return (changes.lower_rate(case.training, 10.0**powers), changes.adam(case.training))


def _against_poor_start(case: Case) -> Tried:
    network = case.network
    if case.finding.fact("no_weights") is not None:
        # weights of zero get no gradient, whatever leads past them
        return (changes.initialization(network), changes.steeper(network), changes.random_weights(network))
    fitting = changes.initialization(network)
    return (
        fitting,
        changes.no_bias_shift(network),
        changes.scaled_branch(network),
        changes.shortcut(network) if fitting is None else None,
        changes.batch_norm(network, case.training),
    )


def _against_divergence(case: Case) -> Tried:
    return (
        changes.smaller_weights(case.network, None),
        changes.lower_rate(case.training, 10.0),
        changes.clip(case.training),
        changes.scaled_branch(case.network),
    )


def _against_not_learning(case: Case) -> Tried:
    fastest = _largest_update(case.readings)
    guide = math.log10(case.thresholds.update_guide)
    rate = None
    if fastest < guide - 1.0 and math.isfinite(fastest):
        rate = changes.higher_rate(case.training, 10.0 ** math.floor(min(guide - fastest, MOST_POWERS_UP)))
    elif fastest > guide + 1.0:
        rate = changes.lower_rate(case.training, 10.0)
    return (
        rate,
        changes.shortcut(case.network),
        changes.initialization(case.network),
        changes.adam(case.training),
    )


def _against_small_batches(case: Case) -> Tried:
    return (changes.larger_batch(case.training), changes.layer_norm(case.network, instead=True))


def _against_narrow_layers(case: Case) -> Tried:
    return (changes.wider(case.network, case.readings.classes),)


def _against_straight_layers(case: Case) -> Tried:
    return (changes.bending(case.network),)


def _against_clipping(case: Case) -> Tried:
    return (changes.no_clipping(), changes.looser_clipping(case.finding.number("norm")))


def _against_decay(case: Case) -> Tried:
    strong = case.training.weight_decay > changes.LITTLE_DECAY
    less = changes.setting("less_decay", weight_decay=changes.LITTLE_DECAY / 10.0) if strong else None
    return (changes.no_decay(), less)


def _against_overfitting(case: Case) -> Tried:
    better = case.finding.fact("validation_was_better")
    return (
        changes.fewer_steps(better.number("best_step")) if better is not None else None,
        changes.more_samples(case.data),
        changes.little_decay(case.training),
    )


_BY_KIND: dict[str, Callable[[Case], Tried]] = {
    "small_batch": _against_small_batches,
    "clipped": _against_clipping,
    "decay": _against_decay,
    "narrow": _against_narrow_layers,
    "straight": _against_straight_layers,
    "diverged": _against_divergence,
    "exploding": _against_exploding,
    "vanishing": _against_vanishing,
    "dead": _against_dead,
    "saturated": _against_saturated,
    "too_much": _against_long_steps,
    "too_little": _against_short_steps,
    "not_updating": _against_standing_still,
    "poor_initialisation": _against_poor_start,
    "not_learning": _against_not_learning,
    "overfitting": _against_overfitting,
}


def _largest_update(readings: Readings) -> float:
    """Return the log10 of the largest update ratio of the rows asked about; NaN if there is none."""
    if readings.update is None:
        return math.nan
    return float(np.fmax.reduce(readings.update.values[readings.asked]))
