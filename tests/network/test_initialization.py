"""Every rule of initialisation against the mean, variance, bounds and shape of distribution that its authors gave."""

import math
from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gradviz.experiment import Experiment, choices
from gradviz.experiment.networks.mlp import EndInitialization, Initialization
from gradviz.network.catalogue import build_network
from gradviz.network.stack.initialization import bias_rule, initialize_hidden, weight_rule
from gradviz.network.stack.shortcuts import blocks_of

OUT, IN, MATRICES = 40, 90, 60
SIGMA_W, SIGMA_B, REACH = 1.7, 0.6, 0.3
# variance of one weight, from fan-in and fan-out
VARIANCES: dict[str, Callable[[int, int], float]] = {
    "pytorch_default": lambda fan_in, fan_out: 1 / (3 * fan_in),
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "lecun_normal": lambda fan_in, fan_out: 1 / fan_in,
    "gaussian": lambda fan_in, fan_out: SIGMA_W**2 / fan_in,
    "uniform": lambda fan_in, fan_out: REACH**2 / 3,
}
UNIFORM = {"pytorch_default", "glorot_uniform", "he_uniform", "uniform"}
# five standard errors: one honest generator in two million would fail
SIGMAS = 5.0
RULES = get_args(Initialization)


def experiment(rule: str, **values: object) -> Experiment:
    base = {
        "initialization": rule,
        "sigma_w": SIGMA_W,
        "sigma_b": SIGMA_B,
        "uniform_range": REACH,
        "depth": 6,
        "width": 24,
    }
    return Experiment.parse(base | values)


def drawn(rule: str) -> np.ndarray:
    fill, generator = weight_rule(experiment(rule).network), torch.Generator().manual_seed(11)
    weight, matrices = torch.empty(OUT, IN, dtype=torch.float64), []
    for _ in range(MATRICES):
        fill(weight, generator)
        matrices.append(weight.clone())
    return torch.stack(matrices).numpy().ravel()


def check_moments(values: np.ndarray, variance: float, *, uniform: bool) -> None:
    """Mean 0 and the given variance, each within its own standard error at this sample size."""
    kurtosis = 9 / 5 if uniform else 3.0
    assert abs(values.mean()) < SIGMAS * math.sqrt(variance / values.size)
    assert abs(values.var() / variance - 1) < SIGMAS * math.sqrt((kurtosis - 1) / values.size)
    bound = math.sqrt(3 * variance)
    shape = stats.uniform(-bound, 2 * bound) if uniform else stats.norm(0, math.sqrt(variance))
    assert stats.kstest(values, shape.cdf).pvalue > 1e-6


def test_every_rule_is_checked() -> None:
    assert {*VARIANCES, "orthogonal", "zeros"} == set(RULES)


def test_zeros_are_zeros() -> None:
    assert not drawn("zeros").any()


@pytest.mark.parametrize("rule", get_args(EndInitialization))
@pytest.mark.parametrize("end", ["input", "head"])
def test_input_layer_and_head_have_a_rule_of_their_own(end: str, rule: str) -> None:
    """Against the published variance, at a size of which no two rules agree; nothing else of the network changes."""
    values = {f"{end}_initialization": rule, "width": 300}
    shape = (300, 200) if end == "input" else (150, 300)
    networks = [build_network(experiment("he_normal", **each), (200,), 150) for each in (values, {"width": 300})]
    ours = [network.get_submodule("input_layer" if end == "input" else "head") for network in networks]
    weight = ours[0].get_parameter("weight").detach().double()
    bias = ours[0].get_parameter("bias").detach()
    assert tuple(weight.shape) == shape
    out, into = shape
    if rule == "zeros":
        assert not weight.any()
    elif rule == "orthogonal":
        short = weight if out < into else weight.T
        torch.testing.assert_close(short @ short.T, torch.eye(min(shape)).double(), atol=1e-5, rtol=0)
    else:
        check_moments(weight.numpy().ravel(), VARIANCES[rule](into, out), uniform=rule in UNIFORM)
    assert bool(bias.any()) == (rule == "pytorch_default")
    if rule == "pytorch_default":
        assert float(bias.abs().max()) <= 1 / math.sqrt(into)
    if rule == "lecun_normal":
        assert torch.equal(ours[0].get_parameter("weight"), ours[1].get_parameter("weight"))


@pytest.mark.parametrize("rule", VARIANCES)
def test_weights_follow_the_published_distribution(rule: str) -> None:
    values, variance = drawn(rule), VARIANCES[rule](IN, OUT)
    check_moments(values, variance, uniform=rule in UNIFORM)
    if rule in UNIFORM:
        bound = math.sqrt(3 * variance)
        assert np.abs(values).max() <= bound
        # the largest of n uniform magnitudes falls short of the bound by about bound / n
        assert np.abs(values).max() > bound * (1 - 20 / values.size)


def test_orthogonal_matrices_are_orthogonal_and_differ() -> None:
    e = experiment("orthogonal")
    weights, biases = torch.empty(6, 24, 24, dtype=torch.float64), torch.empty(6, 24, dtype=torch.float64)
    initialize_hidden(weights, biases, e.network, torch.Generator().manual_seed(4))
    identity = torch.eye(24, dtype=torch.float64).expand(6, 24, 24)
    torch.testing.assert_close(weights.transpose(1, 2) @ weights, identity, rtol=0, atol=1e-13)
    assert (weights[0] - weights[1]).abs().max() > 0.1
    assert not biases.any()
    # Haar measure: the entries of a matrix row have variance 1 / width
    assert weights.var().item() == pytest.approx(1 / 24, rel=0.02)


def biases_of(rule: str, fan_in: int, **values: object) -> np.ndarray:
    bias = torch.empty(20_000, dtype=torch.float64)
    bias_rule(experiment(rule, **values).network)(bias, fan_in, torch.Generator().manual_seed(5))
    return bias.numpy()


def test_default_biases_are_uniform_within_one_over_root_fan_in() -> None:
    values = biases_of("pytorch_default", 50)
    check_moments(values, 1 / (3 * 50), uniform=True)
    assert np.abs(values).max() <= 1 / math.sqrt(50)


def test_gaussian_biases_have_their_sigma() -> None:
    check_moments(biases_of("gaussian", 50), SIGMA_B**2, uniform=False)
    assert not biases_of("gaussian", 50, sigma_b=0.0).any()


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in {"pytorch_default", "gaussian"}])
def test_other_biases_are_zero(rule: str) -> None:
    assert not biases_of(rule, 50).any()


@pytest.mark.parametrize("rule", RULES)
def test_the_bias_shift_is_added_and_moves_nothing_else(rule: str) -> None:
    np.testing.assert_allclose(biases_of(rule, 50, bias_shift=-1.25), biases_of(rule, 50) - 1.25, rtol=0, atol=1e-15)
    plain, shifted = (
        build_network(experiment(rule, bias_shift=shift, precision="float64"), (5,), 3) for shift in (0.0, -1.25)
    )
    torch.testing.assert_close(shifted.stack.biases, plain.stack.biases - 1.25, rtol=0, atol=1e-15)
    assert torch.equal(shifted.weights, plain.weights)
    assert torch.equal(shifted.head.bias, plain.head.bias)


def test_pytorchs_default_is_what_a_linear_layer_draws() -> None:
    torch_draws = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        torch_draws = [torch.nn.Linear(IN, OUT) for _ in range(MATRICES)]
    theirs = torch.stack([linear.weight for linear in torch_draws]).detach().numpy().ravel()
    assert stats.ks_2samp(drawn("pytorch_default"), theirs).pvalue > 1e-6
    their_biases = torch.stack([linear.bias for linear in torch_draws]).detach().numpy().ravel()
    assert stats.ks_2samp(biases_of("pytorch_default", IN), their_biases).pvalue > 1e-6


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shortcut", ["none", "highway"])
def test_precision_rounds_the_network_and_does_not_change_it(rule: str, shortcut: str) -> None:
    single, double = (
        build_network(experiment(rule, precision=precision, shortcut=shortcut), (5,), 3)
        for precision in ("float32", "float64")
    )
    narrow, wide = dict(single.named_parameters()), dict(double.named_parameters())
    assert narrow.keys() == wide.keys()
    for name, parameter in wide.items():
        assert parameter.dtype == torch.float64
        assert torch.equal(narrow[name], parameter.float()), name


def parameters_of(e: Experiment) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in build_network(e, (5,), 3).parameters()]


@pytest.mark.parametrize("rule", RULES)
def test_one_seed_is_one_network(rule: str) -> None:
    first, again, other = (parameters_of(experiment(rule, seed=seed, shortcut="highway")) for seed in (8, 8, 9))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True) if a.std() > 0)


@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_no_global_generator_is_touched_or_needed(shortcut: str) -> None:
    e = experiment("orthogonal", shortcut=shortcut, normalization="batch")
    torch.manual_seed(1)
    first = parameters_of(e)
    torch.manual_seed(2)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
    second = parameters_of(e)
    assert torch.equal(torch.get_rng_state(), torch_state)
    for before, after in zip(numpy_state, np.random.get_state(), strict=True):
        assert np.array_equal(before, after)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("rule", ["he_normal", "gaussian"])
def test_input_layer_and_head_are_lecun_normal_whatever_the_rule(rule: str) -> None:
    network = build_network(experiment(rule, width=300, depth=1, bias_shift=2.0, precision="float64"), (200,), 100)
    check_moments(network.input_layer.weight.detach().numpy().ravel(), 1 / 200, uniform=False)
    check_moments(network.head.weight.detach().numpy().ravel(), 1 / 300, uniform=False)
    assert not network.input_layer.bias.any()
    assert not network.head.bias.any()


@pytest.mark.parametrize("span", [1, 2, 4])
def test_silent_branches_end_in_zeros_and_nothing_else_does(span: int) -> None:
    e = experiment("pytorch_default", shortcut="identity", shortcut_span=span, zero_init_branch=True)
    stack, loud = build_network(e, (5,), 3).stack, build_network(e.changed(zero_init_branch=False), (5,), 3).stack
    last = {min(first + span, 6) - 1 for first in range(0, 6, span)}
    assert {block.last for block in blocks_of(e.network)} == last
    for layer in range(6):
        if layer in last:
            assert not stack.weights[layer].any()
            assert not stack.biases[layer].any()
        else:
            assert torch.equal(stack.weights[layer], loud.weights[layer])
            assert torch.equal(stack.biases[layer], loud.biases[layer])


def test_without_a_shortcut_there_is_no_branch_to_silence() -> None:
    e = experiment("he_normal", zero_init_branch=True)
    assert torch.equal(
        build_network(e, (5,), 3).weights, build_network(e.changed(zero_init_branch=False), (5,), 3).weights
    )
