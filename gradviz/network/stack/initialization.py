"""First weights and biases, drawn on the CPU so that every device starts from the same network."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from gradviz.experiment import Mlp

Draw = Callable[[Tensor, Generator], None]


def _uniform_fan_in(weight: Tensor, generator: Generator) -> None:
    bound = 1.0 / math.sqrt(weight.shape[1])
    nn.init.uniform_(weight, -bound, bound, generator=generator)


def lecun_normal(weight: Tensor, generator: Generator) -> None:
    """Fill `weight` [out, in] with N(0, 1/in) (LeCun et al. 1998, Efficient BackProp, section 4.6)."""
    nn.init.normal_(weight, 0.0, 1.0 / math.sqrt(weight.shape[1]), generator=generator)


def weight_rule(network: Mlp, name: str = "") -> Draw:
    """Return what fills one weight matrix [out, in] by the rule of that name, or by that of the hidden layers.

    Glorot & Bengio 2010, eq. 16, and its normal form; He et al. 2015, eq. 10; Saxe et al. 2014 (orthogonal);
    `pytorch_default` is what `torch.nn.Linear` draws.
    """
    reach = network.uniform_range
    rules: dict[str, Draw] = {
        "uniform": lambda w, g: void(nn.init.uniform_(w, -reach, reach, generator=g)),
        "zeros": lambda w, _: void(nn.init.zeros_(w)),
        "pytorch_default": _uniform_fan_in,
        "glorot_normal": lambda w, g: void(nn.init.xavier_normal_(w, generator=g)),
        "glorot_uniform": lambda w, g: void(nn.init.xavier_uniform_(w, generator=g)),
        "he_normal": lambda w, g: void(nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g)),
        "he_uniform": lambda w, g: void(nn.init.kaiming_uniform_(w, nonlinearity="relu", generator=g)),
        "lecun_normal": lecun_normal,
        "orthogonal": lambda w, g: void(nn.init.orthogonal_(w, generator=g)),
        "gaussian": lambda w, g: void(nn.init.normal_(w, 0.0, network.sigma_w / math.sqrt(w.shape[1]), generator=g)),
    }
    return rules[name or network.initialization]


def bias_rule(network: Mlp) -> Callable[[Tensor, int, Generator], None]:
    """Return what fills one hidden bias [out] of a layer with the given fan-in; `bias_shift` is added to each."""

    def draw(bias: Tensor, fan_in: int, generator: Generator) -> None:
        if network.initialization == "pytorch_default":
            bound = 1.0 / math.sqrt(fan_in)
            nn.init.uniform_(bias, -bound, bound, generator=generator)
        elif network.initialization == "gaussian":
            nn.init.normal_(bias, 0.0, network.sigma_b, generator=generator)
        else:
            nn.init.zeros_(bias)
        bias.add_(network.bias_shift)

    return draw


@torch.no_grad()
def initialize_hidden(weights: Tensor, biases: Tensor, network: Mlp, generator: Generator) -> None:
    """Fill `weights` [layers, width, width] and `biases` [layers, width], layer by layer.

    Numbers are drawn in float64 on the CPU and then rounded, so that precision and device do not change the network.
    """
    fill_weight, fill_bias = weight_rule(network), bias_rule(network)
    weight = torch.empty(weights.shape[1:], dtype=torch.float64)
    bias = torch.empty(biases.shape[1:], dtype=torch.float64)
    for layer in range(weights.shape[0]):
        fill_weight(weight, generator)
        fill_bias(bias, weight.shape[1], generator)
        weights[layer].copy_(weight)
        biases[layer].copy_(bias)


@torch.no_grad()
def initialize_end(linear: nn.Linear, generator: Generator, fill: Draw = lecun_normal, *, biases: bool = False) -> None:
    """Fill the weights of an input layer or a head; its biases are zero, or with `biases` what torch draws."""
    weight, bias = (torch.empty(part.shape, dtype=torch.float64) for part in (linear.weight, linear.bias))
    fill(weight, generator)
    bias.zero_()
    if biases:
        reach = 1.0 / math.sqrt(weight.shape[1])
        nn.init.uniform_(bias, -reach, reach, generator=generator)
    linear.weight.copy_(weight)
    linear.bias.copy_(bias)


def void(_: object) -> None:
    """Drop the return value of an in-place initialiser."""
