"""Activations against 50-digit arithmetic, against autograd, and at the edges the engine relies on."""

import copy
import math
from collections.abc import Callable
from typing import get_args

import mpmath
import pytest
import torch
from mpmath import mp, mpf
from torch import Tensor, nn

from gradviz.experiment import Experiment
from gradviz.experiment.activations import Activation as Name
from gradviz.network.activation_kernels import Activation, activation

NAMES = get_args(Name)
SLOPE = 0.03125
FROM_OUTPUT = {"linear", "sigmoid", "tanh", "relu"}
# Klambauer et al. 2017 (1706.02515), appendix: the fixed point at mean 0 and variance 1
SELU_ALPHA, SELU_SCALE = mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")


def sigmoid(z: mpf) -> mpf:
    return 1 / (1 + mp.exp(-z))


def softplus(z: mpf) -> mpf:
    return mp.log1p(mp.exp(z))


FORMULAS: dict[str, Callable[[mpf], mpf]] = {
    "linear": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(z, mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else SLOPE * z,
    "prelu": lambda z: z if z > 0 else mpf("0.25") * z,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mp.expm1(z)),
    "silu": lambda z: z * sigmoid(z),
    "gelu": lambda z: z * (1 + mp.erf(z / mp.sqrt(2))) / 2,
    "softplus": softplus,
    "mish": lambda z: z * mp.tanh(softplus(z)),
}
MODULES: dict[str, nn.Module] = {
    "linear": nn.Identity(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(SLOPE),
    "prelu": nn.PReLU(dtype=torch.float64),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "softplus": nn.Softplus(),
    "mish": nn.Mish(),
}
# torch's softplus is z itself above 20, which is off by exp(-20)
ABSOLUTE = {"softplus": 2.1e-9}
GRID = [sign * size for size in (1e-9, 1e-3, 0.1, 0.5, 1.0, 1.9, 2.4, 3.3, 7.0, 19.5, 21.0, 45.0, 300.0, 600.0)
        for sign in (-1, 1)]  # fmt: skip


def named(name: str) -> Activation:
    return activation(Experiment.parse({"activation": name, "leaky_slope": SLOPE}).network.phi)


def points(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_the_formula(name: str) -> None:
    with mp.workdps(50):
        expected = [float(FORMULAS[name](mpf(z))) for z in GRID]
    result = torch.empty(len(GRID), dtype=torch.float64)
    named(name).forward(points(GRID), result)()
    absolute = ABSOLUTE.get(name, 1e-15)
    torch.testing.assert_close(result, points(expected), rtol=1e-13, atol=absolute)
    torch.testing.assert_close(named(name).function(points(GRID)), points(expected), rtol=1e-13, atol=absolute)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_the_formula(name: str) -> None:
    with mp.workdps(50):
        expected = [float(mp.diff(FORMULAS[name], mpf(z), h=mpf(10) ** -20)) for z in GRID]
    torch.testing.assert_close(
        named(name).derivative(points(GRID)), points(expected), rtol=1e-12, atol=ABSOLUTE.get(name, 1e-14)
    )


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_equal_autograds_from_kink_to_the_ends_of_the_number_line(name: str) -> None:
    ends = [0.0, -0.0, 1e-300, -1e-300, 1e5, -1e5, 1e300, -1e300]
    for values in (torch.linspace(-12, 12, 4801, dtype=torch.float64), points(ends)):
        z = values.clone().requires_grad_()
        MODULES[name](z).sum().backward()
        torch.testing.assert_close(named(name).derivative(values), z.grad, rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_float32_kernels_are_autograds_bit_for_bit(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    z, grad = (torch.randn(37, 19, generator=generator) * 3 for _ in range(2))
    leaf = z.clone().requires_grad_()
    a = copy.deepcopy(MODULES[name]).to(z.dtype)(leaf)
    a.backward(grad)
    result, kind = torch.empty_like(z), named(name)
    kind.forward(z, result)()
    assert torch.equal(result, a.detach())
    kind.backward(grad, z, result.clone(), result)()
    assert torch.equal(result, leaf.grad)


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_may_be_overwritten_by_the_result(name: str) -> None:
    kind, z = named(name), torch.linspace(-4, 4, 101, dtype=torch.float64)
    grad = torch.cos(z)
    a = kind.function(z)
    apart, inside = torch.empty_like(z), grad.clone()
    kind.backward(grad, z, a, apart)()
    kind.backward(inside, z, a, inside)()
    assert torch.equal(inside, apart)
    torch.testing.assert_close(apart, grad * kind.derivative(z), rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("name", NAMES)
def test_where_the_output_suffices_the_input_is_not_looked_at(name: str) -> None:
    kind = named(name)
    assert kind.from_output == (name in FROM_OUTPUT)
    if not kind.from_output:
        return
    z = torch.linspace(-5, 5, 101, dtype=torch.float64)
    expected, place = kind.derivative(z), z.clone()
    kind.forward(place, place)()
    assert torch.equal(place, kind.function(z))
    result, nothing = torch.empty_like(z), torch.full_like(z, torch.nan)
    kind.backward(torch.ones_like(z), nothing, place, result)()
    assert torch.equal(result, expected)


@pytest.mark.parametrize("name", NAMES)
def test_no_slope_exceeds_the_supremum_and_one_comes_close(name: str) -> None:
    kind = named(name)
    steepest = kind.derivative(torch.linspace(-25, 25, 1_000_001, dtype=torch.float64)).abs().max().item()
    assert steepest <= kind.supremum * (1 + 1e-15)
    assert steepest == pytest.approx(kind.supremum, rel=1e-8)


def steepest_slope(formula: Callable[[mpf], mpf], start: float) -> float:
    """The slope at the inflection point near `start`, in 40 digits."""
    with mp.workdps(40):
        inflection = mpmath.findroot(lambda z: mp.diff(formula, z, 2), start)
        return float(mp.diff(formula, inflection))


def test_suprema_are_the_known_ones() -> None:
    # phi'' of the exact GELU is density(z) * (2 - z^2): the steepest place is sqrt(2)
    gelu = (1 + math.erf(1)) / 2 + math.sqrt(2) * math.exp(-1) / math.sqrt(2 * math.pi)
    known = {
        "linear": 1.0,
        "sigmoid": 0.25,
        "tanh": 1.0,
        "relu": 1.0,
        "leaky_relu": 1.0,
        "prelu": 1.0,
        "elu": 1.0,
        "selu": float(SELU_ALPHA * SELU_SCALE),
        "silu": steepest_slope(FORMULAS["silu"], 2.4),
        "gelu": gelu,
        "softplus": 1.0,
        "mish": steepest_slope(FORMULAS["mish"], 1.5),
    }
    assert {name: named(name).supremum for name in NAMES} == pytest.approx(known, rel=1e-12)
    assert known["silu"] == pytest.approx(1.0998, abs=5e-5)
    assert known["gelu"] == pytest.approx(1.1289, abs=5e-5)
    assert known["mish"] == pytest.approx(1.0885, abs=5e-5)


def test_thirty_sigmoids_pass_at_most_a_quarter_each() -> None:
    assert named("sigmoid").supremum ** 30 == pytest.approx(8.67e-19, rel=1e-3)
    assert named("sigmoid").derivative(points([0.0])).item() == 0.25


def test_the_slope_of_leaky_relu_is_the_experiments() -> None:
    z = points([-2.0, 0.0, 3.0])
    assert named("leaky_relu").derivative(z).tolist() == [SLOPE, SLOPE, 1.0]
    assert named("relu").derivative(z).tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_a_number_stays_so(name: str) -> None:
    kind, nan = named(name), points([float("nan")])
    result = torch.zeros_like(nan)
    kind.forward(nan, result)()
    assert result.isnan().all()
    kind.backward(nan, points([0.5]), kind.function(points([0.5])), result)()
    assert result.isnan().all()
