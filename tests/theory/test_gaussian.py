"""Numpy's activations against torch's, and Gaussian averages against closed forms and 20-digit integration."""

import math
from collections.abc import Callable
from typing import get_args

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mp, mpf

from gradviz.experiment import Experiment
from gradviz.experiment.activations import Activation as Name
from gradviz.network.activation_kernels import activation
from gradviz.theory.activations import curve, erf, named_curve
from gradviz.theory.gaussian import averages

NAMES = get_args(Name)
SLOPE = 0.125
# from a signal that has all but died out to one that saturates everything
VARIANCES = [1e-6, 0.03, 0.7, 1.0, 6.0, 250.0, 1e7]
MEANS = [0.0, -1.3, 2.5]


def sigmoid(z: mpf) -> mpf:
    return 1 / (1 + mp.exp(-z))


FORMULAS: dict[str, Callable[[mpf], mpf]] = {
    "linear": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(z, mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else SLOPE * z,
    "prelu": lambda z: z if z > 0 else 0.25 * z,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: mpf("1.0507009873554804935") * (z if z > 0 else mpf("1.6732632423543772848") * mp.expm1(z)),
    "silu": lambda z: z * sigmoid(z),
    "gelu": lambda z: z * mp.ncdf(z),
    "softplus": lambda z: mp.log1p(mp.exp(z)) if z < 60 else z + mp.exp(-z),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z)) if z < 60 else z),
}
SLOPES: dict[str, Callable[[mpf], mpf]] = {
    "sigmoid": lambda z: sigmoid(z) * sigmoid(-z),
    "tanh": lambda z: mp.sech(z) ** 2,
    "elu": lambda z: mpf(1) if z > 0 else mp.exp(z),
    "silu": lambda z: sigmoid(z) * (1 + z * sigmoid(-z)),
    "gelu": lambda z: mp.ncdf(z) + z * mp.npdf(z),
}


def integral(function: Callable[[mpf], mpf], mean: float, variance: float) -> float:
    """E[function(z)] in 20 digits, cut where activations bend."""
    with mp.workdps(20):
        deviation = mp.sqrt(mpf(variance))
        bends = [(edge - mpf(mean)) / deviation for edge in (-40, -10, -4, -1.5, 0, 1.5, 4, 10, 40)]
        cuts = sorted({mpf(edge) for edge in (-13, -6, -3, -1, 0, 1, 3, 6, 13)} | {b for b in bends if abs(b) < 13})
        return float(mp.quad(lambda t: function(mpf(mean) + deviation * t) * mp.npdf(t), cuts))


@pytest.mark.parametrize("name", NAMES)
def test_activations_and_slopes_are_the_networks(name: str) -> None:
    kind = activation(Experiment.parse({"activation": name, "leaky_slope": SLOPE}).network.phi)
    z = np.concatenate([np.linspace(-40, 40, 4001), [1e-9, -1e-9, 300.0, -300.0]])
    found = curve(Experiment.parse({"activation": name, "leaky_slope": SLOPE}).network)
    expected, slope = (f(torch.from_numpy(z)).numpy() for f in (kind.function, kind.derivative))
    # torch's softplus is z itself above 20, which is off by exp(-20)
    absolute = 2.1e-9 if name == "softplus" else 1e-13
    np.testing.assert_allclose(found.value(z), expected, rtol=1e-12, atol=absolute)
    np.testing.assert_allclose(found.slope(z), slope, rtol=1e-12, atol=absolute)
    assert found.supremum == kind.supremum


def test_the_error_function_is_pythons() -> None:
    x = np.linspace(-8, 8, 3301)
    np.testing.assert_allclose(erf(x), [math.erf(each) for each in x], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("slope", [0.0, SLOPE, 1.0])
def test_averages_of_bent_lines_have_closed_forms(slope: float, mean: float) -> None:
    """Linear, leaky and plain ReLU: moments of a Gaussian cut at 0."""
    for variance in VARIANCES:
        s = math.sqrt(variance)
        above = 0.5 * math.erfc(-mean / s / math.sqrt(2))
        density = math.exp(-0.5 * mean * mean / variance) / math.sqrt(2 * math.pi)
        upper, lower = mean * above + s * density, mean * (1 - above) - s * density
        upper2 = (variance + mean * mean) * above + mean * s * density
        found = averages(named_curve("leaky_relu", slope), mean, np.array([variance]))
        scale = variance + mean * mean
        assert found.f[0] == pytest.approx(upper + slope * lower, rel=1e-12, abs=1e-12 * math.sqrt(scale))
        assert found.ff[0] == pytest.approx(upper2 + slope**2 * (scale - upper2), rel=1e-11, abs=1e-12 * scale)
        assert found.dd[0] == pytest.approx(above + slope**2 * (1 - above), rel=1e-12)
        # E[t phi'] is phi's mean slope with respect to z, by parts
        assert found.td[0] == pytest.approx((1 - slope) * density, rel=1e-11, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "elu", "silu", "gelu"])
def test_averages_are_the_integrals(name: str) -> None:
    phi, slope = FORMULAS[name], SLOPES[name]
    for mean, variance in ((0.0, 0.03), (0.0, 6.0), (-1.3, 0.7), (2.5, 250.0)):
        found = averages(named_curve(name, SLOPE), mean, np.array([variance]))
        assert found.ff[0] == pytest.approx(integral(lambda z: phi(z) ** 2, mean, variance), rel=1e-11)
        assert found.dd[0] == pytest.approx(integral(lambda z: slope(z) ** 2, mean, variance), rel=1e-11)
        cross = integral(lambda z: slope(z) * phi(z) * (z - mean) / mp.sqrt(variance), mean, variance)  # noqa: B023
        assert found.tdf[0] == pytest.approx(cross, rel=1e-10, abs=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_activations_mean_square_is_the_integral(name: str) -> None:
    for mean, variance in ((0.0, 1.0), (-1.3, 40.0)):
        found = averages(named_curve(name, SLOPE), mean, np.array([variance]))
        expected = integral(lambda z: FORMULAS[name](z) ** 2, mean, variance)
        assert found.ff[0] == pytest.approx(expected, rel=1e-11)
        assert found.ffff[0] == pytest.approx(integral(lambda z: FORMULAS[name](z) ** 4, mean, variance), rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_with_respect_to_the_variance_are_those_of_the_averages(name: str) -> None:
    h = 1e-4
    for mean in MEANS:
        below, here, above = (averages(named_curve(name, SLOPE), mean, np.array([v])) for v in (2 - h, 2.0, 2 + h))
        for value, first, second in (("ff", "ff_v", "ff_vv"), ("dd", "dd_v", "dd_vv")):
            low, middle, high = (float(getattr(each, value)[0]) for each in (below, here, above))
            assert getattr(here, first)[0] == pytest.approx((high - low) / (2 * h), rel=1e-6, abs=1e-8)
            assert getattr(here, second)[0] == pytest.approx((high - 2 * middle + low) / h**2, rel=1e-4, abs=2e-6)


def test_averages_without_spread_are_the_values() -> None:
    found = averages(named_curve("tanh"), 0.5, np.array([0.0, 1e-30]))
    np.testing.assert_allclose(found.ff, math.tanh(0.5) ** 2, rtol=1e-14)
    np.testing.assert_allclose(found.dd, (1 - math.tanh(0.5) ** 2) ** 2, rtol=1e-14)


def test_samples_are_averaged_each_for_itself() -> None:
    mean, variance = np.array([0.0, 1.0, -2.0]), np.array([0.1, 3.0, 50.0])
    together = averages(named_curve("gelu"), mean, variance)
    for i in range(3):
        alone = averages(named_curve("gelu"), mean[i : i + 1], variance[i : i + 1])
        assert together.ddff[i] == pytest.approx(alone.ddff[0], rel=1e-14)


def test_the_oracle_itself_is_right() -> None:
    assert integral(lambda z: z**4, 0.0, 2.0) == pytest.approx(12.0, rel=1e-12)
    assert mpmath.mp.dps < 30
