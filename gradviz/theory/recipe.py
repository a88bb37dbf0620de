"""An experiment as the theory sees it: variances instead of distributions, blocks of layers under one shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from gradviz.experiment import Mlp
from gradviz.theory.activations import Curve, curve

# the network's own: see gradviz/network/normalization.py and shortcuts.py
NORMALIZATION_EPSILON = 1e-5
GATE_BIAS = -2.0
GATE_SIGMA_W2 = 1.0

_WEIGHT_VARIANCES = {
    "pytorch_default": 1 / 3,
    "glorot_normal": 1.0,
    "glorot_uniform": 1.0,
    "he_normal": 2.0,
    "he_uniform": 2.0,
    "lecun_normal": 1.0,
    "orthogonal": 1.0,
    "zeros": 0.0,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the averages over random networks depend on.

    `sigma_w2` is width times the variance of a weight, `sigma_b2` the variance of a bias around its mean
    `bias_mean`. A block's output is `identity` * x + `scale` * F(x); with `silent_ends` its last layer's weights and
    biases are 0.
    """

    depth: int
    width: int
    curve: Curve
    sigma_w2: float
    sigma_b2: float
    bias_mean: float
    orthogonal: bool
    normalization: str
    pre_activation: bool
    highway: bool
    identity: float
    scale: float
    span: int
    silent_ends: bool

    @property
    def blocks(self) -> list[range]:
        """The layers (from 0) of each block; the last one is shorter where the depth is no multiple of the span."""
        return [range(first, min(first + self.span, self.depth)) for first in range(0, self.depth, self.span)]


def recipe(network: Mlp) -> Recipe:
    """Read a stack."""
    sigma_w2, sigma_b2 = variances(network)
    joined = network.shortcut != "none"
    return Recipe(
        depth=network.depth,
        width=network.width,
        curve=curve(network),
        sigma_w2=sigma_w2,
        sigma_b2=sigma_b2,
        bias_mean=network.bias_shift,
        orthogonal=network.initialization == "orthogonal",
        normalization=network.normalization,
        pre_activation=network.shortcut == "pre_activation",
        highway=network.shortcut == "highway",
        identity=1.0 if joined else 0.0,
        scale={"scaled": network.branch_scale, "rezero": 0.0}.get(network.shortcut, 1.0),
        span=network.shortcut_span if joined else 1,
        silent_ends=joined and network.zero_init_branch,
    )


def variances(network: Mlp) -> tuple[float, float]:
    """Return (sigma_w^2, sigma_b^2): width times the variance of the hidden weights, and that of the biases.

    Hidden layers are square, so that Glorot's 2 / (fan_in + fan_out) is 1 / width. `pytorch_default` draws weights
    and biases from U(-1/sqrt(width), 1/sqrt(width)), of variance 1 / (3 width).
    """
    if network.initialization == "gaussian":
        return network.sigma_w**2, network.sigma_b**2
    if network.initialization == "uniform":
        return network.width * network.uniform_range**2 / 3, 0.0
    sigma_b2 = 1 / (3 * network.width) if network.initialization == "pytorch_default" else 0.0
    return _WEIGHT_VARIANCES[network.initialization], sigma_b2
