"""The predicted profile against random networks under plain autograd, float64, 50 layers, four seeds."""

import numpy as np
import pytest
from comparison import (
    BEYOND,
    OTHERS,
    REFERENCE,
    TOLERANCE,
    WIDTHS,
    beyond,
    compare,
    experiment,
    name_of,
    row_of,
    table,
)
from networks import Draws, log10_profile, mean_squares

from gradviz.experiment import Experiment
from gradviz.theory.prediction import NoPrediction, Prediction, predict

NARROW, NARROW_DEPTH, NARROW_SEEDS = 32, 60, range(24)


@pytest.mark.slow
def test_the_profile_of_wide_networks_is_predicted_within_015_decades() -> None:
    """Seven activations and more, without and with both kinds of shortcut; every layer, not only the first."""
    rows = compare([experiment(*values) for values in REFERENCE + OTHERS])
    print(table(rows))
    assert [row.name for row in rows if row.deviation > TOLERANCE] == []
    # and not because little happened: from 10^-62 to 10^14
    assert min(row.measured.min() for row in rows) < -60
    assert max(row.measured.max() for row in rows) > 13


@pytest.mark.slow
@pytest.mark.parametrize("kind", BEYOND)
def test_spans_scales_gates_normalisation_orthogonal_and_shifted_ones_too(kind: str) -> None:
    rows = compare(beyond(kind), gates=kind == "gates", orthogonal=kind == "orthogonal")
    print(f"width {WIDTHS[kind]}\n{table(rows)}")
    assert [row.name for row in rows if row.deviation > max(TOLERANCE, row.expected)] == []


def test_the_reference_of_the_literature() -> None:
    """Fifty factors chi in the limit, as others have computed them for plain stacks from a state of mean square 1."""
    theory = [-1.84, -34.06, 2.47, 0.00, -38.91, -62.80, -20.17]
    found = [predict(experiment(*values)) for values in REFERENCE[:7]]
    products = [float(np.log10(each.chi).sum()) for each in found if isinstance(each, Prediction)]
    assert products == pytest.approx(theory, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", ["none", "identity", "pre_activation"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "silu"])
def test_the_second_moments_of_the_pre_activations_are_the_networks(activation: str, shortcut: str) -> None:
    e = experiment(activation, shortcut, 1.5, 0.1, depth=6, width=1024)
    measured = np.mean(
        [mean_squares(e, Draws(seed, e.network.width, e.network.depth), seed)[1] for seed in (5, 6)], axis=0
    )
    found = predict(e)
    assert isinstance(found, Prediction)
    np.testing.assert_allclose(found.q, measured, rtol=0.15)


# sigma_w^2 and sigma_b^2 that leave the state's length steady, unsteady, growing
@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "shortcut", "sigma_w2", "sigma_b2"),
    [
        ("relu", "none", 2.0, 0.0),
        ("sigmoid", "none", 1.0, 0.0),
        ("tanh", "none", 1.0, 0.0),
        ("elu", "none", 2.0, 0.0),
        ("gelu", "none", 1.0, 0.0),
        ("softplus", "none", 1.0, 0.0),
        ("linear", "none", 1.0, 0.0),
        ("relu", "identity", 1.0, 0.0),
        ("tanh", "identity", 2.0, 0.1),
        ("silu", "pre_activation", 1.0, 0.0),
    ],
)
def test_narrow_networks_lie_lower_and_scatter_as_predicted(
    activation: str, shortcut: str, sigma_w2: float, sigma_b2: float
) -> None:
    """At width 32 the limit of infinite width is off by decades; the shift and the scatter are part of the theory."""
    e = experiment(activation, shortcut, sigma_w2, sigma_b2, width=NARROW, depth=NARROW_DEPTH)
    row = row_of(e, np.array([log10_profile(e, Draws(seed, NARROW, NARROW_DEPTH), seed) for seed in NARROW_SEEDS]))
    print(table([row]))
    # the typical network lies well inside the band; the theory is of first order in 1/32 for 60 layers
    assert row.measured[:, 0].mean() == pytest.approx(row.predicted[0], abs=row.spread[0] + TOLERANCE)
    # two dozen networks know their scatter to a seventh; gradients of different samples scatter less than those of one
    assert 0.4 < row.measured[:, 0].std(ddof=1) / row.spread[0] < 2.2
    inside = np.abs(row.measured - row.predicted)[:, :-1] < 3 * row.spread[:-1] + TOLERANCE
    assert inside.mean() > 0.95


def test_without_the_mean_and_the_direction_relu_over_shortcuts_would_be_decades_off() -> None:
    """What is followed beside chi is needed: chi alone says 8.6 decades where 14 are measured."""
    e = experiment("relu", "identity", 1.0, 0.0)
    found = predict(e, classes=None)
    assert isinstance(found, Prediction)
    alone = np.log10(found.chi[1:]).sum()
    assert alone == pytest.approx(49 * np.log10(1.5))
    assert 2 * found.log10_activation_grad_rms[0] - alone > 5
    assert found.width_effect == pytest.approx(found.log10_activation_grad_rms[0] - alone / 2)


def test_where_networks_differ_too_much_there_is_no_curve() -> None:
    """The refusal is right: twelve such networks do lie decades apart."""
    e = experiment("gelu", "none", 2.0, 0.1, width=32, depth=300)
    assert "from one random network to the next" in refusal(e)
    first = [log10_profile(e, Draws(seed, e.network.width, e.network.depth), seed)[0] for seed in range(12)]
    assert np.std(first, ddof=1) / 2 > 2


def test_where_single_units_decide_there_is_no_curve() -> None:
    """A low bias leaves so few ReLUs that some networks pass a gradient and others none at all."""
    e = experiment("relu", "none", 4.0, 0.0, width=32, depth=3, bias_shift=-2.0)
    assert "single ones decide" in refusal(e)
    first = [log10_profile(e, Draws(seed, e.network.width, e.network.depth), seed)[0] for seed in range(12)]
    assert 0 < np.isfinite(first).sum() < len(first)


def test_where_gates_may_open_there_is_no_curve() -> None:
    """Where a state can grow, the gates of a highway open for those in which it does."""
    e = experiment("relu", "highway", 6.0, 0.0, width=64, depth=40)
    assert "open gate" in refusal(e)
    first = [log10_profile(e, Draws(seed, e.network.width, e.network.depth, gates=True), seed)[0] for seed in range(6)]
    assert np.std(first, ddof=1) / 2 > 1


def refusal(e: Experiment) -> str:
    found = predict(e)
    assert isinstance(found, NoPrediction)
    assert found.reason.startswith("no prediction: ")
    return found.reason


def test_names_in_the_table_tell_configurations_apart() -> None:
    names = [name_of(e) for kind in BEYOND for e in beyond(kind)]
    assert len(set(names)) == len(names)
