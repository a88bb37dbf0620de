"""Phases, fixed points and depth scales against closed forms, published figures and brute iteration."""

import math

import mpmath
import numpy as np
import pytest
import torch

from gradviz.experiment import Experiment
from gradviz.theory.phase import Phase, fixed_variance, plain_phase, shortcut_phase
from gradviz.theory.recipe import recipe


def phase(activation: str, sigma_w2: float, sigma_b2: float = 0.0, **changes: object) -> Phase:
    return plain_phase(recipe(experiment(activation, sigma_w2, sigma_b2, **changes).network), 1.0)


def experiment(activation: str, sigma_w2: float, sigma_b2: float = 0.0, **changes: object) -> Experiment:
    values = {"initialization": "gaussian", "sigma_w": math.sqrt(sigma_w2), "sigma_b": math.sqrt(sigma_b2)}
    return Experiment.parse(values | {"activation": activation} | changes)


@pytest.mark.slow
@pytest.mark.parametrize("sigma_w2", [0.5, 1.0, 1.9, 2.0, 2.5, 6.0])
@pytest.mark.parametrize("sigma_b2", [0.0, 0.3])
def test_relu_has_half_the_weight_variance_whatever_the_signal(sigma_w2: float, sigma_b2: float) -> None:
    """He et al. 2015: sigma_w^2 = 2 is the edge."""
    found = phase("relu", sigma_w2, sigma_b2)
    assert found.chi_fixed_point == pytest.approx(sigma_w2 / 2, rel=1e-9)
    assert found.name == ("critical" if sigma_w2 == 2 else "ordered" if sigma_w2 < 2 else "chaotic")
    if sigma_w2 != 2:
        assert found.depth_scale == pytest.approx(-1 / math.log(sigma_w2 / 2), rel=1e-8)


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.5, 1.0])
def test_leaky_relus_edge_is_at_two_over_one_plus_the_slopes_square(slope: float) -> None:
    edge = 2 / (1 + slope**2)
    assert phase("leaky_relu", edge, leaky_slope=slope).name == "critical"
    assert phase("leaky_relu", 0.99 * edge, leaky_slope=slope).name == "ordered"
    assert phase("leaky_relu", 1.01 * edge, leaky_slope=slope).name == "chaotic"


def test_tanhs_edge_without_biases_is_at_one() -> None:
    """There the signal dies out slowly, to a fixed point of 0 where the slope is 1."""
    found = phase("tanh", 1.0)
    assert (found.name, found.depth_scale, found.trainable_depth) == ("critical", math.inf, None)
    assert phase("tanh", 0.9).chi_fixed_point == pytest.approx(0.9, rel=1e-9)
    assert phase("tanh", 1.1).name == "chaotic"


@pytest.mark.parametrize("q", [0.01, 0.3, 2.0])
def test_tanhs_edge_with_biases_is_where_its_definition_puts_it(q: float) -> None:
    """Schoenholz et al. 2017, section 3: q = sigma_w^2 E[phi^2] + sigma_b^2 and 1 = sigma_w^2 E[phi'^2] at one q."""
    t, weights = np.polynomial.hermite_e.hermegauss(120)
    weights, value = weights / weights.sum(), np.tanh(math.sqrt(q) * t)
    sigma_w2 = 1 / float(weights @ (1 - value**2) ** 2)
    sigma_b2 = q - sigma_w2 * float(weights @ value**2)
    assert phase("tanh", sigma_w2, sigma_b2).chi_fixed_point == pytest.approx(1, abs=1e-6)
    assert phase("tanh", 0.98 * sigma_w2, sigma_b2).name == "ordered"
    assert phase("tanh", 1.02 * sigma_w2, sigma_b2).name == "chaotic"


def test_selus_fixed_point_is_its_authors() -> None:
    """Klambauer et al. 2017 (1706.02515): mean 0 and variance 1 with weights of variance 1 / fan-in."""
    assert fixed_variance(recipe(experiment("selu", 1.0).network), 0.3) == pytest.approx(1.0, rel=1e-9)
    assert fixed_variance(recipe(experiment("selu", 1.0).network), 4.0) == pytest.approx(1.0, rel=1e-9)
    with mpmath.mp.workdps(20):
        alpha, scale = mpmath.mpf("1.6732632423543772"), mpmath.mpf("1.0507009873554805")
        below = mpmath.quad(lambda t: (alpha * mpmath.exp(t)) ** 2 * mpmath.npdf(t), [-30, -8, -2, 0])
        assert phase("selu", 1.0).chi_fixed_point == pytest.approx(float(scale**2 * (below + 0.5)), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("activation", "sigma_w2", "sigma_b2", "shift"),
    [("tanh", 2.5, 0.05, 0.0), ("sigmoid", 16.0, 0.0, 0.0), ("gelu", 1.0, 0.1, 0.0), ("silu", 1.0, 0.0, 0.7),
     ("tanh", 1.5, 0.0, -1.0)],
)  # fmt: skip
def test_fixed_points_are_where_a_sampled_network_settles(
    activation: str, sigma_w2: float, sigma_b2: float, shift: float
) -> None:
    """Monte Carlo in place of quadrature: a million numbers through torch's own activation."""
    module = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": torch.nn.functional.gelu,
              "silu": torch.nn.functional.silu}[activation]  # fmt: skip
    t = torch.randn(1_000_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    variance = sigma_w2
    for _ in range(60):
        variance = sigma_w2 * float(module(shift + math.sqrt(variance) * t).square().mean()) + sigma_b2
    settings = recipe(experiment(activation, sigma_w2, sigma_b2, bias_shift=shift).network)
    assert fixed_variance(settings, sigma_w2) == pytest.approx(variance, rel=1e-2)


def test_a_signal_may_grow_or_die_without_end() -> None:
    assert fixed_variance(recipe(experiment("relu", 2.5).network), 1.0) == 1e12
    assert fixed_variance(recipe(experiment("relu", 1.5).network), 1.0) == 1e-12
    assert phase("elu", 2.5).chi_fixed_point == pytest.approx(1.25, rel=1e-5)


def test_two_basins_are_told_apart_by_where_the_signal_starts() -> None:
    """GELU with sigma_w^2 = 2 loses small signals and keeps large ones."""
    settings = recipe(experiment("gelu", 2.05).network)
    assert fixed_variance(settings, 0.05) == 1e-12
    assert fixed_variance(settings, 50.0) > 1


def correlation_by_sampling(sigma_w2: float, sigma_b2: float, q: float) -> tuple[float, float]:
    """Fixed point of the correlation map of tanh and its slope there, with Gauss-Hermite in two dimensions."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum()
    u, v = np.meshgrid(nodes, nodes, indexing="ij")
    both = np.outer(weights, weights)
    c = 0.3
    for _ in range(3000):
        other = c * u + math.sqrt(1 - c * c) * v
        product = (both * np.tanh(math.sqrt(q) * u) * np.tanh(math.sqrt(q) * other)).sum()
        c = min((sigma_w2 * product + sigma_b2) / q, 1.0)
    other = c * u + math.sqrt(max(1 - c * c, 0.0)) * v
    slopes = (both / np.cosh(math.sqrt(q) * u) ** 2 / np.cosh(math.sqrt(q) * other) ** 2).sum()
    return c, sigma_w2 * slopes


@pytest.mark.slow
@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(2.5, 0.05), (4.0, 0.0), (2.0, 0.1)])
def test_in_the_chaotic_phase_correlations_have_a_depth_scale_of_their_own(sigma_w2: float, sigma_b2: float) -> None:
    """Schoenholz et al. 2017, eq. 9, on another quadrature and another form of the map."""
    found = phase("tanh", sigma_w2, sigma_b2)
    q = fixed_variance(recipe(experiment("tanh", sigma_w2, sigma_b2).network), 1.0)
    c, slope = correlation_by_sampling(sigma_w2, sigma_b2, q)
    assert c < 0.99
    assert found.correlation_depth_scale == pytest.approx(-1 / math.log(slope), rel=1e-3)
    assert found.trainable_depth == pytest.approx(-6 / math.log(slope), rel=1e-3)
    assert found.depth_scale < 0


def test_in_the_ordered_phase_gradients_and_correlations_share_one() -> None:
    found = phase("sigmoid", 1.0)
    assert found.correlation_depth_scale == found.depth_scale
    assert found.trainable_depth == pytest.approx(6 * found.depth_scale)
    assert found.depth_scale == pytest.approx(-1 / math.log(found.chi_fixed_point or 0), rel=1e-12)


@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_normalised_relu_is_critical(normalization: str) -> None:
    """chi = sigma_w^2 E[phi'^2] / (sigma_w^2 E[phi^2]), and both averages are 1/2."""
    assert phase("relu", 3.0, normalization=normalization).chi_fixed_point == pytest.approx(1.0, abs=1e-5)
    # with biases the same signal is divided by more
    found = phase("relu", 2.0, 0.1, normalization=normalization).chi_fixed_point
    assert found == pytest.approx(1 / 1.1, rel=1e-5)


def test_networks_with_shortcuts_are_judged_by_what_becomes_of_their_gradient() -> None:
    assert shortcut_phase(0.0, 50) == Phase("critical", None, math.inf)
    assert shortcut_phase(0.9, 50).name == "critical"
    assert shortcut_phase(7.4, 50) == Phase("chaotic", None, pytest.approx(-50 / 7.4))
    assert shortcut_phase(-12.0, 50) == Phase("ordered", None, pytest.approx(50 / 12))
