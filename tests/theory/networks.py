"""Random networks measured the plain way, to hold the theory against: torch modules, autograd, float64.

Shares nothing with gradviz but the recipe's fields. Weights are drawn once per seed and only scaled by each
configuration, and the gradient begins in a random direction for each sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

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


def mean_squares(e: Experiment, draws: Draws, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return E[g^2] at each layer's output and E[z^2] of each layer's pre-activations, [layers] both."""
    generator = torch.Generator().manual_seed(1000 + seed)
    first = torch.randn(
        e.training.batch_size, e.network.width, generator=generator, dtype=torch.float64, requires_grad=True
    )
    outputs: list[Tensor] = []
    inner: list[Tensor] = []
    x = first
    for block in _blocks(e):
        branch = x
        for layer in block:
            branch = _layer(e, draws, layer, branch, inner)
            if layer == block[-1]:
                branch = _join(e, draws, layer, x, branch)
            outputs.append(branch)
        x = branch
    direction = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    gradients = torch.autograd.grad((x * direction).sum(), outputs)
    return (
        np.array([float(gradient.square().mean()) for gradient in gradients]),
        np.array([float(z.detach().square().mean()) for z in inner]),
    )


def log10_profile(e: Experiment, draws: Draws, seed: int) -> np.ndarray:
    """Return log10 of the mean square of the gradient at each layer's output, relative to the last one's."""
    squares, _ = mean_squares(e, draws, seed)
    with np.errstate(divide="ignore"):
        return np.log10(squares / squares[-1])


def _blocks(e: Experiment) -> Iterator[range]:
    span = e.network.shortcut_span if e.network.shortcut != "none" else 1
    for first in range(0, e.network.depth, span):
        yield range(first, min(first + span, e.network.depth))


def _layer(e: Experiment, draws: Draws, layer: int, x: Tensor, inner: list[Tensor]) -> Tensor:
    sigma_w, sigma_b = sigmas(e)
    # the sums are scaled, not the weights: that is a matrix of them less to write
    weight, bias = draws.weights[layer], sigma_b * draws.biases[layer] + e.network.bias_shift
    if e.network.shortcut == "pre_activation":
        inner.append(x)
        return sigma_w * (ACTIVATIONS[e.network.activation](_normalised(e, x)) @ weight.T) + bias
    z = sigma_w * (x @ weight.T) + bias
    inner.append(z)
    return ACTIVATIONS[e.network.activation](_normalised(e, z))


def _normalised(e: Experiment, z: Tensor) -> Tensor:
    if e.network.normalization == "layer":
        return nn.functional.layer_norm(z, z.shape[1:])
    if e.network.normalization == "rms":
        return nn.functional.rms_norm(z, z.shape[1:], eps=1e-5)
    return z


def _join(e: Experiment, draws: Draws, layer: int, x: Tensor, branch: Tensor) -> Tensor:
    match e.network.shortcut:
        case "none":
            return branch
        case "scaled":
            return x + e.network.branch_scale * branch
        case "highway":
            assert draws.gates is not None
            gate = torch.sigmoid(x @ draws.gates[layer].T - 2.0)
            return gate * branch + (1 - gate) * x
        case _:
            return x + branch
