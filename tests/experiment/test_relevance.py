"""What is greyed has no effect; what has an effect is not greyed: against the first weights and the first samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from recipes import experiments

from gradviz.experiment import Experiment, inapplicable
from gradviz.training.loop import train

SMALL = {"depth": 4, "width": 5, "steps": 3, "samples": 40, "batch_size": 8, "data": "moons", "device": "cpu"}

# field, two values of it, what else has to hold for it to count, and where it does not count
CASES: list[tuple[str, Any, Any, dict[str, Any], dict[str, Any]]] = [
    ("leaky_slope", 0.01, 0.3, {"activation": "leaky_relu"}, {"activation": "relu"}),
    ("shortcut_span", 1, 2, {"shortcut": "identity"}, {"shortcut": "none"}),
    ("shortcut_scale", 0.2, 0.7, {"shortcut": "scaled"}, {"shortcut": "identity"}),
    ("uniform_range", 0.05, 0.3, {"head_initialization": "uniform"}, {"initialization": "zeros"}),
    ("sigma_w", 1.0, 2.0, {"initialization": "gaussian"}, {"initialization": "he_normal"}),
    ("sigma_b", 0.0, 1.0, {"initialization": "gaussian"}, {"initialization": "orthogonal"}),
    ("zero_init_branch", False, True, {"shortcut": "pre_activation"}, {"shortcut": "none"}),
    ("momentum", 0.5, 0.9, {"optimizer": "momentum"}, {"optimizer": "rmsprop"}),
    ("decay_every", 1, 5, {"schedule": "step"}, {"schedule": "constant"}),
    ("decay_factor", 0.1, 0.5, {"schedule": "step", "decay_every": 2}, {"schedule": "cosine"}),
    ("label_smoothing", 0.0, 0.2, {}, {"loss": "mse"}),
    ("class_weights", "none", "balanced", {"loss": "binary_cross_entropy", "samples": 43}, {"loss": "mse"}),
    ("label_noise", 0.0, 0.3, {"loss": "mse"}, {"data": "sine"}),
    ("samples", 40, 60, {"data": "xor"}, {"data": "digits"}),
    ("noise", 0.0, 0.2, {"data": "circles"}, {"data": "digits"}),
]
RESNET = {"architecture": "resnet", "depth": 8, "channels": 2, "steps": 3, "batch_size": 8, "device": "cpu"}
FIXUP = {"branch": "fixup"}
RESNET_CASES: list[tuple[str, Any, Any, dict[str, Any], dict[str, Any]]] = [
    ("branch", "unscaled", "skip_init", {"shortcut": "identity"}, {"shortcut": "none"}),
    ("shortcut_scale", 0.2, 0.7, {"branch": "scaled"}, {"branch": "skip_init"}),
    ("leaky_slope", 0.01, 0.3, {"activation": "leaky_relu"}, {"activation": "tanh"}),
    ("normalization", "batch", "none", {"branch": "skip_init"}, FIXUP),
    ("zero_init_branch", False, True, {"shortcut": "pre_activation"}, {"shortcut": "none"}),
    ("zero_init_branch", False, True, {"shortcut": "identity"}, FIXUP),
]
TRANSFORMER = {"architecture": "transformer", "depth": 2, "width": 8, "steps": 3, "batch_size": 8, "device": "cpu"}
TRANSFORMER_CASES: list[tuple[str, Any, Any, dict[str, Any], dict[str, Any]]] = [
    ("leaky_slope", 0.01, 0.3, {"activation": "leaky_relu"}, {"activation": "gelu"}),
    ("context", 4, 8, {"data": "text"}, {"data": "digits"}),
    ("input_factor", 1.0, 3.0, {"data": "digits"}, {"data": "text", "context": 4}),
    ("input_scaling", "standardised", "raw", {"data": "digits"}, {"data": "text", "context": 4}),
    ("layer_scale", 0.1, 0.5, {"shortcut": "layer_scale"}, {"shortcut": "rezero"}),
]


def losses(**values: Any) -> list[float]:
    values = values if "architecture" in values else SMALL | values
    return [event.loss for event in train(Experiment(**values)) if type(event).__name__ == "Frame"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "one", "other", "where", "elsewhere"), CASES, ids=lambda case: str(case)[:20])
def test_a_field_is_greyed_exactly_where_it_changes_nothing(
    name: str, one: Any, other: Any, where: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert name not in inapplicable(Experiment(**where))
    assert not np.array_equal(losses(**where, **{name: one}), losses(**where, **{name: other}))
    assert name in inapplicable(Experiment(**elsewhere))
    assert np.array_equal(losses(**elsewhere, **{name: one}), losses(**elsewhere, **{name: other}))


@pytest.mark.parametrize(("name", "one", "other", "where", "elsewhere"), RESNET_CASES, ids=lambda case: str(case)[:20])
def test_a_field_of_a_resnet_is_greyed_exactly_where_it_changes_nothing(
    name: str, one: Any, other: Any, where: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    test_a_field_is_greyed_exactly_where_it_changes_nothing(name, one, other, RESNET | where, RESNET | elsewhere)


@pytest.mark.parametrize(("name", "one", "other", "where", "elsewhere"), TRANSFORMER_CASES, ids=lambda case: str(case))
def test_a_field_of_a_transformer_is_greyed_exactly_where_it_changes_nothing(
    name: str, one: Any, other: Any, where: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    test_a_field_is_greyed_exactly_where_it_changes_nothing(
        name, one, other, TRANSFORMER | where, TRANSFORMER | elsewhere
    )


OF_A_FILE = {"data_file", "label_column", "leave_out", "missing"}


def test_a_data_file_counts_only_where_data_come_from_a_file() -> None:
    assert inapplicable(Experiment()).keys() >= OF_A_FILE
    greyed = inapplicable(Experiment(data="file", data_file="a.csv"))
    assert not OF_A_FILE & greyed.keys()
    assert {"samples", "noise"} <= greyed.keys()


@pytest.mark.slow
@given(experiments())
@settings(max_examples=50)
def test_every_reason_is_one_for_a_person_and_names_a_field_of_the_form(experiment: Experiment) -> None:
    greyed = inapplicable(experiment)
    assert greyed.keys() <= {name for name, *_ in CASES + RESNET_CASES + TRANSFORMER_CASES} | OF_A_FILE
    assert all(reason and not reason.endswith(".") for reason in greyed.values())
