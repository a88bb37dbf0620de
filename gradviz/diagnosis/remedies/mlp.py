"""What to try against each finding about a stack of layers, best first.

Whatever would not change the experiment, or would not be allowed in it, is left out. What is offered was tried on the
presets and on networks that go wrong: tests/diagnosis/test_remedies.py.
"""

from __future__ import annotations

from gradviz.diagnosis.remedies import changes
from gradviz.diagnosis.remedies.choosing import (
    OF_TRAINING,
    Case,
    Choices,
    Tried,
    rate_for_not_learning,
    rate_for_standing_still,
)
from gradviz.experiment import Mlp

Of = Case[Mlp]


def _against_vanishing(case: Of) -> Tried:
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


def _against_exploding(case: Of) -> Tried:
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


def _against_dead(case: Of) -> Tried:
    network = case.network
    return (
        changes.open_branches(network),
        changes.leaky(network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
        changes.no_bias_shift(network),
        changes.shortcut(network),
    )


def _against_saturated(case: Of) -> Tried:
    return (
        changes.smaller_weights(case.network, None),
        changes.no_bias_shift(case.network),
        changes.lower_rate(case.training, 10.0) if case.trained else None,
        changes.layer_norm(case.network),
    )


def _against_standing_still(case: Of) -> Tried:
    # where even the fastest layer stands still the learning rate is to blame, else what reaches the others
    rate = rate_for_standing_still(case)
    network = case.network
    if rate is not None:
        return (changes.open_branches(network), rate, changes.adam(case.training))
    return (
        changes.open_branches(network),
        changes.shortcut(network),
        changes.batch_norm(network, case.training),
        changes.adam(case.training),
    )


def _against_poor_start(case: Of) -> Tried:
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


def _against_divergence(case: Of) -> Tried:
    return (
        changes.smaller_weights(case.network, None),
        changes.lower_rate(case.training, 10.0),
        changes.clip(case.training),
        changes.scaled_branch(case.network),
    )


def _against_not_learning(case: Of) -> Tried:
    return (
        rate_for_not_learning(case),
        changes.shortcut(case.network),
        changes.initialization(case.network),
        changes.adam(case.training),
    )


def _against_small_batches(case: Of) -> Tried:
    return (changes.larger_batch(case.training), changes.layer_norm(case.network, instead=True))


def _against_narrow_layers(case: Of) -> Tried:
    return (changes.wider(case.network, case.readings.classes),)


def _against_straight_layers(case: Of) -> Tried:
    return (changes.bending(case.network),)


def _against_blindness(_case: Of) -> Tried:
    return (changes.setting("open_input", input_initialization="lecun_normal"),)


BY_KIND: Choices[Mlp] = {
    **OF_TRAINING,
    "blind_input": _against_blindness,
    "small_batch": _against_small_batches,
    "narrow": _against_narrow_layers,
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
