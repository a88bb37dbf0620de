"""Random networks measured the plain way, to hold the theory against: torch modules, autograd, float64.

Shares nothing with gradviz but the recipe's fields. Weights are drawn once per seed and only scaled by each
configuration, and the gradient begins in a random direction for each sample. Several configurations are walked through
in step, so that each matrix of weights is read once for all of them: reading it is what takes the time.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.experiment import Experiment

LEAKY_SLOPE = 0.1
SIGMA_W2 = {"he_normal": 2.0, "lecun_normal": 1.0, "pytorch_default": 1 / 3, "orthogonal": 1.0}
ACTIVATIONS = {
    "linear": nn.Identity(),
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(LEAKY_SLOPE),
    "prelu": nn.LeakyReLU(0.25),
    "elu": nn.ELU(),
    "selu": nn.SELU(),
    "silu": nn.SiLU(),
    "gelu": nn.GELU(),
    "softplus": nn.Softplus(),
    "mish": nn.Mish(),
}


class Draws:
    """Standard normal weights [layers, width, width] / sqrt(width), biases, and the like for gates, of one seed."""

    def __init__(self, seed: int, width: int, layers: int, orthogonal: bool = False, gates: bool = False) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.width = width
        self.weights = self._normal(layers, width, width) / math.sqrt(width)
        if orthogonal:
            # Haar: the signs of R's diagonal make the decomposition unique
            q, r = torch.linalg.qr(self.weights)
            self.weights = q * torch.sign(torch.diagonal(r, dim1=1, dim2=2))[:, None]
        self.biases = self._normal(layers, width)
        self.gates = self._normal(layers, width, width) / math.sqrt(width) if gates else None

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)


def sigmas(e: Experiment) -> tuple[float, float]:
    """Return (sigma_w, sigma_b) of the hidden layers, spelt out here once more."""
    if e.network.initialization == "gaussian":
        return e.network.sigma_w, e.network.sigma_b
    return math.sqrt(SIGMA_W2[e.network.initialization]), 0.0


@dataclass
class Walked:
    """A network that was walked through: what its gradient begins with, its layers' outputs and pre-activations."""

    end: Tensor
    outputs: list[Tensor]
    inner: list[Tensor]


# yields a matrix of weights and what is to be multiplied by it, and is sent the product
Multiplying = Generator[tuple[Tensor, Tensor], Tensor, Tensor]


def mean_squares(e: Experiment, draws: Draws, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return E[g^2] at each layer's output and E[z^2] of each layer's pre-activations, [layers] both."""
    (squares,) = mean_squares_of([e], draws, seed)
    return squares


def mean_squares_of(experiments: Sequence[Experiment], draws: Draws, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what `mean_squares` does of each of `experiments`."""
    walked = _in_step([_walk(e, draws, seed) for e in experiments])
    total = torch.stack([each.end for each in walked]).sum()
    gradients = iter(torch.autograd.grad(total, [output for each in walked for output in each.outputs]))
    return [
        (
            np.array([float(next(gradients).square().mean()) for _ in each.outputs]),
            np.array([float(z.detach().square().mean()) for z in each.inner]),
        )
        for each in walked
    ]


def log10_profiles(experiments: Sequence[Experiment], draws: Draws, seed: int) -> list[np.ndarray]:
    """Return log10 of the mean square of the gradient at each layer's output, relative to the last one's."""
    with np.errstate(divide="ignore"):
        return [np.log10(squares / squares[-1]) for squares, _ in mean_squares_of(experiments, draws, seed)]


def log10_profile(e: Experiment, draws: Draws, seed: int) -> np.ndarray:
    """Return the profile of one network."""
    (profile,) = log10_profiles([e], draws, seed)
    return profile


def _in_step(walks: list[Generator[tuple[Tensor, Tensor], Tensor, Walked]]) -> list[Walked]:
    """Let every walk come to its end; what several multiply by one matrix is multiplied at once."""
    ended: dict[int, Walked] = {}
    waiting = {number: next(walk) for number, walk in enumerate(walks)}
    while waiting:
        together: dict[int, list[int]] = {}
        for number, (weight, _) in waiting.items():
            together.setdefault(weight.data_ptr(), []).append(number)
        for numbers in together.values():
            given = [waiting[number][1] for number in numbers]
            product = torch.cat(given) @ waiting[numbers[0]][0].T
            for number, part in zip(numbers, product.split([len(each) for each in given]), strict=True):
                try:
                    waiting[number] = walks[number].send(part)
                except StopIteration as end:
                    ended[number] = end.value
                    del waiting[number]
    return [ended[number] for number in range(len(walks))]


def _walk(e: Experiment, draws: Draws, seed: int) -> Generator[tuple[Tensor, Tensor], Tensor, Walked]:
    generator = torch.Generator().manual_seed(1000 + seed)
    x = torch.randn(
        e.training.batch_size, e.network.width, generator=generator, dtype=torch.float64, requires_grad=True
    )
    outputs: list[Tensor] = []
    inner: list[Tensor] = []
    for block in _blocks(e):
        branch = x
        for layer in block:
            branch = yield from _layer(e, draws, layer, branch, inner)
            if layer == block[-1]:
                branch = yield from _join(e, draws, layer, x, branch)
            outputs.append(branch)
        x = branch
    direction = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    return Walked((x * direction).sum(), outputs, inner)


def _blocks(e: Experiment) -> Iterator[range]:
    span = e.network.shortcut_span if e.network.shortcut != "none" else 1
    for first in range(0, e.network.depth, span):
        yield range(first, min(first + span, e.network.depth))


def _layer(e: Experiment, draws: Draws, layer: int, x: Tensor, inner: list[Tensor]) -> Multiplying:
    sigma_w, sigma_b = sigmas(e)
    bias = sigma_b * draws.biases[layer] + e.network.bias_shift
    # the products are scaled, not the weights: that is a matrix of them less to write
    if e.network.shortcut == "pre_activation":
        inner.append(x)
        product = yield draws.weights[layer], ACTIVATIONS[e.network.activation](_normalised(e, x))
        return sigma_w * product + bias
    product = yield draws.weights[layer], x
    z = sigma_w * product + bias
    inner.append(z)
    return ACTIVATIONS[e.network.activation](_normalised(e, z))


def _normalised(e: Experiment, z: Tensor) -> Tensor:
    if e.network.normalization == "layer":
        return nn.functional.layer_norm(z, z.shape[1:])
    if e.network.normalization == "rms":
        return nn.functional.rms_norm(z, z.shape[1:], eps=1e-5)
    return z


def _join(e: Experiment, draws: Draws, layer: int, x: Tensor, branch: Tensor) -> Multiplying:
    match e.network.shortcut:
        case "none":
            return branch
        case "scaled":
            return x + e.network.branch_scale * branch
        case "highway":
            assert draws.gates is not None
            gate = torch.sigmoid((yield draws.gates[layer], x) - 2.0)
            return gate * branch + (1 - gate) * x
        case _:
            return x + branch
