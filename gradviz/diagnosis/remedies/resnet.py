"""What to try against each finding about a convolutional network, best first.

What is offered was tried on networks that go wrong: tests/diagnosis/test_resnet_remedies.py.
"""

from __future__ import annotations

from gradviz.diagnosis.finding import Remedy
from gradviz.diagnosis.remedies import changes
from gradviz.diagnosis.remedies.choosing import (
    OF_TRAINING,
    Case,
    Choices,
    Tried,
    rate_for_not_learning,
    rate_for_standing_still,
)
from gradviz.experiment import ResNet, Training
from gradviz.experiment.activations import ACTIVATIONS

Of = Case[ResNet]

# through more plain layers batch normalisation lets the gradient grow too much
DEEPEST_PLAIN = 20
SIGMOIDS = ("sigmoid", "softplus")


def _shortcuts(network: ResNet) -> Remedy | None:
    return changes.setting("block_shortcuts", shortcut="identity") if network.shortcut == "none" else None


def _batch_norm(network: ResNet, training: Training) -> Remedy | None:
    too_deep = network.shortcut == "none" and network.depth > DEEPEST_PLAIN
    if network.norm != "none" or network.fixup or too_deep or training.batch_size < changes.SMALLEST_BATCH_FOR_NORM:
        return None
    return changes.setting("batch_norm", normalization="batch")


def _zero_factors(network: ResNet, training: Training) -> Remedy | None:
    """Branches that begin at zero, with what keeps their first steps short."""
    if network.shortcut == "none" or network.branch in ("skip_init", "fixup"):
        return None
    clip = {} if training.gradient_clip else {"gradient_clip": 1.0}
    return changes.setting("zero_factors", branch="skip_init", **clip)


def _initialization(network: ResNet) -> Remedy | None:
    suited = ACTIVATIONS[network.activation].suited
    if suited is None or network.norm != "none" or network.initialization.startswith(suited.split("_")[0]):
        return None
    return Remedy("initialization", (("initialization", suited),), details=(("activation", network.activation),))


def _steeper(network: ResNet) -> Remedy | None:
    if network.activation not in SIGMOIDS or (network.shortcut == "none" and network.depth > DEEPEST_PLAIN):
        return None
    return changes.setting("steeper_activation", activation="relu", initialization=ACTIVATIONS["relu"].suited)


def _leaky(network: ResNet) -> Remedy | None:
    if network.activation == "leaky_relu" and network.leaky_slope >= changes.LEAKY_SLOPE:
        return None
    return changes.setting("leaky_relu", activation="leaky_relu", leaky_slope=changes.LEAKY_SLOPE)


def _against_vanishing(case: Of) -> Tried:
    if case.finding.fact("nothing_arrives") is not None:
        # it is lost behind the last row
        return ()
    network, training = case.network, case.training
    return (
        _batch_norm(network, training),
        _steeper(network),
        # the slope of a sigmoid is so small that what its branches add drowns what the shortcuts hand on
        _shortcuts(network) if network.activation not in SIGMOIDS else None,
        _initialization(network),
    )


def _against_exploding(case: Of) -> Tried:
    network, training = case.network, case.training
    return (
        _shortcuts(network),
        _batch_norm(network, training),
        _zero_factors(network, training) if network.norm == "none" else None,
        _initialization(network),
        changes.lower_rate(training, 10.0) if case.trained and not case.finding.is_cause else None,
        changes.clip(training),
    )


def _against_dead(case: Of) -> Tried:
    if case.network.silent and case.readings.step < case.thresholds.patience_steps:
        # channels that shortcuts fill with zeros are off until the branches add something to them
        return ()
    return (
        _leaky(case.network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
        _batch_norm(case.network, case.training),
    )


def _against_saturated(case: Of) -> Tried:
    return (
        _batch_norm(case.network, case.training),
        _initialization(case.network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
    )


def _against_standing_still(case: Of) -> Tried:
    if (rate := rate_for_standing_still(case)) is not None:
        return (rate, changes.adam(case.training))
    return (*_against_vanishing(case), changes.adam(case.training))


def _against_poor_start(case: Of) -> Tried:
    network, training = case.network, case.training
    return (
        _initialization(network),
        _shortcuts(network),
        _batch_norm(network, training),
        _zero_factors(network, training) if network.norm == "none" else None,
    )


def _against_divergence(case: Of) -> Tried:
    network, training = case.network, case.training
    return (
        _batch_norm(network, training),
        _zero_factors(network, training) if network.norm == "none" else None,
        changes.lower_rate(training, 10.0),
        changes.clip(training),
    )


def _against_not_learning(case: Of) -> Tried:
    return (
        rate_for_not_learning(case),
        _batch_norm(case.network, case.training),
        _shortcuts(case.network),
        changes.adam(case.training),
    )


def _against_small_batches(case: Of) -> Tried:
    return (changes.larger_batch(case.training), changes.setting("group_norm", normalization="group"))


def _against_straight_layers(_case: Of) -> Tried:
    return (changes.setting("bend", activation="relu", initialization=ACTIVATIONS["relu"].suited),)


BY_KIND: Choices[ResNet] = {
    **OF_TRAINING,
    "small_batch": _against_small_batches,
    "straight": _against_straight_layers,
    "diverged": _against_divergence,
    "exploding": _against_exploding,
    "vanishing": _against_vanishing,
    "dead": _against_dead,
    "saturated": _against_saturated,
    "not_updating": _against_standing_still,
    "poor_initialisation": _against_poor_start,
    "not_learning": _against_not_learning,
}
