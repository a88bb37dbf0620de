"""How remedies are chosen whatever the architecture, and those that change the training or the data alone.

What an architecture can change of its network is said in a file of its own, by the kind of finding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from gradviz.diagnosis.finding import Finding, Remedy
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.remedies import changes
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.experiment import Data, Experiment, NetworkRecipe, Training

# a step longer than this asks for has another cause than the learning rate
MOST_POWERS = 3
# the learning rate may be forgotten zeros away from where it should be
MOST_POWERS_UP = 8.0

Tried = tuple[Remedy | None, ...]
N = TypeVar("N", bound=NetworkRecipe)


@dataclass(frozen=True, slots=True)
class Case(Generic[N]):
    """What was found in which run, and the three parts of its recipe."""

    finding: Finding
    readings: Readings
    thresholds: Thresholds
    network: N
    training: Training
    data: Data

    @property
    def trained(self) -> bool:
        """Whether a step was made, so that the learning rate can be to blame."""
        return self.readings.step > 0


Choices = Mapping[str, Callable[[Case[N]], Tried]]


def chosen(by_kind: Choices[N], case: Case[N], experiment: Experiment) -> tuple[Remedy, ...]:
    """Return what may help, best first; each is allowed, changes something, and no two change the same."""
    choose = by_kind.get(case.finding.kind)
    if choose is None:
        return ()
    kept: dict[Experiment, Remedy] = {}
    for remedy in choose(case):
        changed = changes.applied(remedy, experiment) if remedy is not None else None
        if remedy is not None and changed is not None and changed != experiment:
            kept.setdefault(changed, remedy)
    return tuple(kept.values())


def against_short_steps(case: Case[N]) -> Tried:
    """Against steps that are too short."""
    powers = math.log10(case.thresholds.update_guide) - case.finding.number("update_log10")
    rate = changes.higher_rate(case.training, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))
    return (rate, changes.adam(case.training))


def against_long_steps(case: Case[N]) -> Tried:
    """Against steps that are too long."""
    distance = case.finding.number("update_log10") - math.log10(case.thresholds.update_guide)
    powers = min(max(math.floor(distance), 1), MOST_POWERS) if math.isfinite(distance) else MOST_POWERS
    return (changes.lower_rate(case.training, 10.0**powers), changes.adam(case.training))


def against_clipping(case: Case[N]) -> Tried:
    """Against clipping that leaves nothing of the gradient."""
    return (changes.no_clipping(), changes.looser_clipping(case.finding.number("norm")))


def against_decay(case: Case[N]) -> Tried:
    """Against weight decay that outweighs the gradient."""
    strong = case.training.weight_decay > changes.LITTLE_DECAY
    less = changes.setting("less_decay", weight_decay=changes.LITTLE_DECAY / 10.0) if strong else None
    return (changes.no_decay(), less)


def against_overfitting(case: Case[N]) -> Tried:
    """Against validation that gets worse."""
    better = case.finding.fact("validation_was_better")
    return (
        changes.fewer_steps(better.number("best_step")) if better is not None else None,
        changes.more_samples(case.data),
        changes.little_decay(case.training),
    )


def largest_update(readings: Readings) -> float:
    """Return the log10 of the largest update ratio of the rows asked about; NaN if there is none."""
    if readings.update is None:
        return math.nan
    return float(np.fmax.reduce(readings.update.values[readings.asked]))


def rate_for_standing_still(case: Case[N]) -> Remedy | None:
    """A higher rate where even the fastest row stands still; None where the rate is not to blame.

    Where there is no gradient no learning rate is high enough.
    """
    fastest = largest_update(case.readings)
    if not (math.isfinite(fastest) and fastest < math.log10(case.thresholds.update_low)):
        return None
    powers = math.log10(case.thresholds.update_guide) - fastest
    return changes.higher_rate(case.training, 10.0 ** math.floor(min(powers, MOST_POWERS_UP)))


def rate_for_not_learning(case: Case[N]) -> Remedy | None:
    """A rate nearer to where rows learn, if the fastest of them is far from there."""
    fastest, guide = largest_update(case.readings), math.log10(case.thresholds.update_guide)
    if fastest < guide - 1.0 and math.isfinite(fastest):
        return changes.higher_rate(case.training, 10.0 ** math.floor(min(guide - fastest, MOST_POWERS_UP)))
    return changes.lower_rate(case.training, 10.0) if fastest > guide + 1.0 else None


def against_inputs(_case: Case[Any]) -> Tried:
    """Inputs as initialisation and learning rate are made for."""
    return (changes.standard_inputs(),)


# whatever the network
OF_TRAINING: Mapping[str, Callable[[Case[Any]], Tried]] = {
    "input_scale": against_inputs,
    "clipped": against_clipping,
    "decay": against_decay,
    "too_much": against_long_steps,
    "too_little": against_short_steps,
    "overfitting": against_overfitting,
}
