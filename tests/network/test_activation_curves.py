"""Curves against 40-digit arithmetic, and the place of every supremum against autograd on a finer grid."""

import math

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mp, mpf
from test_activations import FORMULAS, MODULES, NAMES, SLOPE

from gradviz.experiment import Experiment
from gradviz.recording.activations import ActivationCurve
from gradviz.training.activation_curves import activation_curve, default_places

ON_ONE_PLACE = ["sigmoid", "tanh", "silu", "gelu", "mish"]
FROM_ZERO_ON = ["relu", "leaky_relu", "elu"]


def curve_of(name: str, slope: float = SLOPE) -> ActivationCurve:
    return activation_curve(Experiment.parse({"activation": name, "leaky_slope": slope}).network.phi)


def slopes(name: str, x: np.ndarray) -> np.ndarray:
    """|phi'| by autograd through torch's own module."""
    z = torch.from_numpy(x).requires_grad_()
    MODULES[name](z).sum().backward()
    return z.grad.abs().numpy()


@pytest.mark.parametrize("name", NAMES)
def test_both_curves_are_those_of_the_formula(name: str) -> None:
    curve = curve_of(name)
    # a kink has no slope, so none of these is 0
    indices = range(7, len(curve.x), 211)
    with mp.workdps(40):
        phi = [float(FORMULAS[name](mpf(float(curve.x[index])))) for index in indices]
        slope = [float(mp.diff(FORMULAS[name], mpf(float(curve.x[index])), h=mpf(10) ** -15)) for index in indices]
    # beyond 20 torch takes softplus for x itself
    tolerance = 3e-9 if name == "softplus" else 1e-13
    np.testing.assert_allclose(curve.phi[indices], phi, rtol=1e-12, atol=tolerance)
    np.testing.assert_allclose(curve.derivative[indices], slope, rtol=1e-12, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_no_slope_on_a_finer_grid_is_above_the_supremum(name: str) -> None:
    steepest = slopes(name, np.linspace(-40, 40, 800_001)).max()
    assert curve_of(name).supremum == pytest.approx(steepest, rel=1e-9)


@pytest.mark.parametrize("name", ON_ONE_PLACE)
def test_the_supremum_is_marked_where_the_slope_is_largest(name: str) -> None:
    curve, x = curve_of(name), np.linspace(-5, 5, 1_000_001)
    assert curve.attained
    low, high = curve.steepest
    assert low == high
    assert low == pytest.approx(x[slopes(name, x).argmax()], abs=2e-5)
    with mp.workdps(30):
        assert float(mp.diff(FORMULAS[name], mpf(low))) == pytest.approx(curve.supremum, rel=1e-14)


@pytest.mark.parametrize(("name", "start"), [("silu", 2.4), ("mish", 1.5), ("gelu", 1.4)])
def test_places_without_a_closed_form_are_the_roots_of_the_second_derivative(name: str, start: float) -> None:
    with mp.workdps(40):
        root = mpmath.findroot(lambda z: mp.diff(FORMULAS[name], z, 2), start)
    curve = curve_of(name)
    assert curve.steepest[0] == pytest.approx(float(root), rel=1e-15)
    place = curve.where.removeprefix("at x = ")
    assert place == "√2" or float(place) == pytest.approx(float(root), abs=5e-4)


@pytest.mark.parametrize("name", FROM_ZERO_ON)
def test_where_the_supremum_is_a_plateau_all_of_it_is_named(name: str) -> None:
    curve = curve_of(name)
    assert curve.attained
    assert curve.steepest == (0.0, math.inf)
    assert curve.where == "at every x > 0"
    assert (curve.derivative[curve.x > 0] == curve.supremum).all()
    assert (curve.derivative[curve.x < 0] < curve.supremum).all()


@pytest.mark.parametrize(("name", "slope"), [("linear", SLOPE), ("leaky_relu", 1.0)])
def test_a_straight_line_is_steepest_everywhere(name: str, slope: float) -> None:
    curve = curve_of(name, slope)
    assert curve.steepest == (-math.inf, math.inf)
    assert curve.where == "at every x"
    assert (curve.derivative == curve.supremum).all()


def test_softplus_only_approaches_its_supremum() -> None:
    curve = curve_of("softplus")
    assert not curve.attained
    assert curve.steepest == (math.inf, math.inf)
    with mp.workdps(60):
        climbing = [mp.diff(FORMULAS["softplus"], mpf(z), h=mpf(10) ** -25) for z in (1, 5, 20, 40)]
        assert climbing == sorted(climbing)
        assert climbing[-1] < curve.supremum
        assert curve.supremum - climbing[-1] < mpf(10) ** -17


def test_selu_approaches_its_supremum_from_below_zero() -> None:
    curve = curve_of("selu")
    assert not curve.attained
    assert curve.steepest == (0.0, 0.0)
    with mp.workdps(40):
        below = [mp.diff(FORMULAS["selu"], -(mpf(10) ** -power), h=mpf(10) ** -20) for power in (1, 3, 6, 9)]
    assert below == sorted(below)
    assert float(below[-1]) == pytest.approx(curve.supremum, rel=1e-8)
    assert below[-1] < curve.supremum
    assert (slopes("selu", np.linspace(1e-9, 30, 1000)) < curve.supremum - 0.7).all()


def test_known_suprema_stand_where_they_are_known_to() -> None:
    marked = {name: (curve_of(name).supremum, curve_of(name).steepest[0]) for name in ("sigmoid", "tanh")}
    assert marked == {"sigmoid": (0.25, 0.0), "tanh": (1.0, 0.0)}


def test_places_are_the_floats_next_to_even_decimals() -> None:
    x = default_places()
    assert [x[0], x[3000], x[-1]] == [-30.0, 0.0, 30.0]
    assert x[2870] == -1.3
    assert len(x) == 6001
    assert all(value == float(f"{value:.2f}") for value in x)


def test_curves_are_drawn_where_one_asks() -> None:
    x = np.array([-2.0, 0.0, 2.0])
    curve = activation_curve(Experiment.parse({"activation": "leaky_relu", "leaky_slope": 0.25}).network.phi, x)
    assert curve.phi.tolist() == [-0.5, 0.0, 2.0]
    assert curve.derivative.tolist() == [0.25, 0.25, 1.0]


@pytest.mark.parametrize(
    ("x", "place"), [(-1.304, -1.3), (-1.296, -1.3), (0.0, 0.0), (1e9, 30.0), (-1e9, -30.0), (29.996, 30.0)]
)
def test_the_place_next_to_any_x_is_found(x: float, place: float) -> None:
    curve = curve_of("tanh")
    assert curve.x[curve.nearest(x)] == place
