"""Optimisers against their published rules in numpy and against torch's plain forms; clipping against torch's."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from covering import pairwise
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gradviz.experiment import Experiment, choices
from gradviz.training.optimization import clip_gradients, optimizer

RATE, MOMENTUM, DECAY, STEPS = 0.02, 0.8, 0.3, 8
SHAPES = [(3, 4, 4), (3, 4), (5, 2), (1,)]
OPTIMIZERS = choices("optimizer")
Rule = Callable[[np.ndarray, Iterator[np.ndarray], float], np.ndarray]


def sgd(w: np.ndarray, grads: Iterator[np.ndarray], decay: float) -> np.ndarray:
    for g in grads:
        w = w - RATE * (g + decay * w)
    return w


def momentum(w: np.ndarray, grads: Iterator[np.ndarray], decay: float) -> np.ndarray:
    velocity = np.zeros_like(w)
    for g in grads:
        velocity = MOMENTUM * velocity + g + decay * w
        w = w - RATE * velocity
    return w


def adam(w: np.ndarray, grads: Iterator[np.ndarray], decay: float, *, apart: bool = False) -> np.ndarray:
    """Kingma & Ba 2015 (1412.6980), algorithm 1; `apart`: decay beside it, Loshchilov & Hutter 2019 (1711.05101)."""
    first, second = np.zeros_like(w), np.zeros_like(w)
    for step, gradient in enumerate(grads, start=1):
        g = gradient if apart else gradient + decay * w
        if apart:
            w = w - RATE * decay * w
        first = 0.9 * first + 0.1 * g
        second = 0.999 * second + 0.001 * g**2
        w = w - RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return w


def rmsprop(w: np.ndarray, grads: Iterator[np.ndarray], decay: float) -> np.ndarray:
    square = np.zeros_like(w)
    for gradient in grads:
        g = gradient + decay * w
        square = 0.99 * square + 0.01 * g**2
        w = w - RATE * g / (np.sqrt(square) + 1e-8)
    return w


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "momentum": momentum,
    "adam": adam,
    "adamw": lambda w, grads, decay: adam(w, grads, decay, apart=True),
    "rmsprop": rmsprop,
}
PLAIN: dict[str, Callable[..., Optimizer]] = {
    "sgd": SGD,
    "momentum": lambda p, **values: SGD(p, momentum=MOMENTUM, **values),
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
}


def experiment(name: str, decay: float = 0.0) -> Experiment:
    return Experiment.parse({"optimizer": name, "learning_rate": RATE, "momentum": MOMENTUM, "weight_decay": decay})


def start(dtype: torch.dtype = torch.float64) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)) for shape in SHAPES]


def gradients(parameter: int) -> Iterator[np.ndarray]:
    """Gradients of growing and shrinking size, some of them zero."""
    for step in range(STEPS):
        rng = np.random.default_rng([parameter, step])
        yield rng.normal(size=SHAPES[parameter]) * 10.0 ** (step % 4 - 2) * (rng.random(SHAPES[parameter]) > 0.2)


def drive(rule: Optimizer, parameters: list[nn.Parameter]) -> None:
    for grads in zip(*(gradients(index) for index in range(len(parameters))), strict=True):
        for parameter, grad in zip(parameters, grads, strict=True):
            parameter.grad = torch.from_numpy(grad).to(parameter.dtype)
        rule.step()


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_follow_the_published_rule(name: str, decay: float) -> None:
    parameters, before = start(), [parameter.detach().numpy().copy() for parameter in start()]
    drive(optimizer(experiment(name, decay), parameters), parameters)
    for index, (parameter, w) in enumerate(zip(parameters, before, strict=True)):
        expected = RULES[name](w, gradients(index), decay)
        assert np.abs(expected - w).min() > 0
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dtype", "decay"), pairwise(list(OPTIMIZERS), [torch.float64, torch.float32], [0.0, DECAY]), ids=str
)
def test_steps_are_those_of_torchs_plain_form(name: str, dtype: torch.dtype, decay: float) -> None:
    """One parameter after the other, without the fused kernels."""
    ours, theirs = start(dtype), start(dtype)
    drive(optimizer(experiment(name, decay), ours), ours)
    drive(PLAIN[name](theirs, lr=RATE, weight_decay=decay, foreach=False), theirs)
    tolerance = 1e-12 if dtype == torch.float64 else 2e-6
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def with_gradients(scale: float, dtype: torch.dtype = torch.float64, seed: int = 4) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    parameters = start(dtype)
    for parameter in parameters:
        parameter.grad = (torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * scale).to(dtype)
    return parameters


def flat(parameters: list[nn.Parameter]) -> np.ndarray:
    return np.concatenate([parameter.grad.numpy().astype(np.float64).ravel() for parameter in parameters])


@pytest.mark.parametrize("longest", [0.5, 3.0, 1e3])
@pytest.mark.parametrize("scale", [0.01, 1.0, 50.0, 1e6])
def test_clipping_is_torchs(scale: float, longest: float) -> None:
    ours, theirs = with_gradients(scale), with_gradients(scale)
    norm = clip_gradients(ours, longest)
    expected = nn.utils.clip_grad_norm_(theirs, longest)
    assert norm.item() == pytest.approx(expected.item(), rel=1e-13)
    # torch shortens by longest / (norm + 1e-6)
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1.01e-6 / expected.item())
    assert np.linalg.norm(flat(ours)) == pytest.approx(min(longest, expected.item()), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-25, 1e-30, 1e-37])
def test_gradients_too_small_for_a_float32_norm_are_clipped_all_the_same(scale: float) -> None:
    """Torch's norm of them is exactly 0 in float32, so that it would leave them as they are, whatever the limit."""
    parameters = with_gradients(scale, torch.float32)
    before, longest = flat(parameters), scale / 3
    assert nn.utils.clip_grad_norm_(with_gradients(scale, torch.float32), longest).item() == 0
    norm = clip_gradients(parameters, longest)
    assert norm.item() == pytest.approx(np.linalg.norm(before / scale) * scale, rel=1e-6)
    # below 1e-38 a float32 has fewer digits
    precision = max(1e-5, 1e-44 / longest)
    np.testing.assert_allclose(flat(parameters), before * (longest / norm.item()), rtol=1e-5, atol=1.5e-45)
    assert np.linalg.norm(flat(parameters) / scale) * scale == pytest.approx(longest, rel=precision)


@pytest.mark.parametrize("scale", [1e19, 1e30, 1e37])
def test_gradients_too_large_for_a_float32_norm_are_clipped_all_the_same(scale: float) -> None:
    """Torch's norm of them is infinite in float32, and what is divided by it is 0."""
    parameters = with_gradients(scale, torch.float32)
    before = flat(parameters)
    clip_gradients(parameters, 1.0)
    np.testing.assert_allclose(flat(parameters), before / np.linalg.norm(before), rtol=1e-5, atol=1e-9)


def test_a_short_gradient_is_left_bit_for_bit() -> None:
    parameters, untouched = with_gradients(0.01, torch.float32), with_gradients(0.01, torch.float32)
    clip_gradients(parameters, 1e3)
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(parameters, untouched, strict=True))


def test_no_gradient_stays_none() -> None:
    parameters = with_gradients(0.0)
    assert clip_gradients(parameters, 1.0).item() == 0
    assert not flat(parameters).any()
    parameters[0].grad = None
    parameters[1].grad.fill_(2.0)
    clip_gradients(parameters, 1.0)
    assert parameters[0].grad is None
    assert np.linalg.norm(parameters[1].grad) == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_what_is_not_finite_does_not_become_so(bad: float) -> None:
    parameters = with_gradients(1.0)
    parameters[0].grad[0, 0, 0] = bad
    assert not clip_gradients(parameters, 1.0).isfinite()
    assert not np.isfinite(flat(parameters)).all()
