"""An experiment as the theory sees it: variances instead of distributions, blocks of layers under one shortcut."""

from __future__ import annotations

from dataclasses import dataclass

from gradviz.experiment import Experiment
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


def recipe(experiment: Experiment) -> Recipe:
    """Read an experiment."""
    sigma_w2, sigma_b2 = variances(experiment)
    joined = experiment.shortcut != "none"
    return Recipe(
        depth=experiment.depth,
        width=experiment.width,
        curve=curve(experiment),
        sigma_w2=sigma_w2,
        sigma_b2=sigma_b2,
        bias_mean=experiment.bias_shift,
        orthogonal=experiment.initialization == "orthogonal",
        normalization=experiment.normalization,
        pre_activation=experiment.shortcut == "pre_activation",
        highway=experiment.shortcut == "highway",
        identity=1.0 if joined else 0.0,
        scale={"scaled": experiment.branch_scale, "rezero": 0.0}.get(experiment.shortcut, 1.0),
        span=experiment.shortcut_span if joined else 1,
        silent_ends=joined and experiment.zero_init_branch,
    )


def variances(experiment: Experiment) -> tuple[float, float]:
    """Return (sigma_w^2, sigma_b^2): width times the variance of the hidden weights, and that of the biases.

    Hidden layers are square, so that Glorot's 2 / (fan_in + fan_out) is 1 / width. `pytorch_default` draws weights
    and biases from U(-1/sqrt(width), 1/sqrt(width)), of variance 1 / (3 width).
    """
    if experiment.initialization == "gaussian":
        return experiment.sigma_w**2, experiment.sigma_b**2
    sigma_b2 = 1 / (3 * experiment.width) if experiment.initialization == "pytorch_default" else 0.0
    return _WEIGHT_VARIANCES[experiment.initialization], sigma_b2
