"""First weights of convolutions, drawn on the CPU in float64 so that every device starts from the same network."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from gradviz.network.stack.initialization import lecun_normal, void

Draw = Callable[[Tensor, Generator], None]


def _pytorch_default(weight: Tensor, generator: Generator) -> None:
    bound = 1.0 / math.sqrt(weight[0].numel())
    nn.init.uniform_(weight, -bound, bound, generator=generator)


# of weights [out, in, height, width]; fan-in and fan-out count the places of the filter
_RULES: dict[str, Draw] = {
    "pytorch_default": _pytorch_default,
    "glorot_normal": lambda w, g: void(nn.init.xavier_normal_(w, generator=g)),
    "glorot_uniform": lambda w, g: void(nn.init.xavier_uniform_(w, generator=g)),
    "he_normal": lambda w, g: void(nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g)),
    "he_uniform": lambda w, g: void(nn.init.kaiming_uniform_(w, nonlinearity="relu", generator=g)),
    "lecun_normal": lambda w, g: lecun_normal(w.flatten(1), g),
    "orthogonal": lambda w, g: void(nn.init.orthogonal_(w, generator=g)),
}


@torch.no_grad()
def initialize_convolution(convolution: nn.Conv2d, rule: str, factor: float, generator: Generator) -> None:
    """Fill the weights by `rule`, times `factor`; biases are 0, or as torch draws them under its own rule.

    Numbers are drawn even where the factor is 0, so that the other weights of a network do not depend on it.
    """
    weight = torch.empty(convolution.weight.shape, dtype=torch.float64)
    _RULES[rule](weight, generator)
    convolution.weight.copy_(weight.mul_(factor))
    if convolution.bias is not None:
        bias = torch.zeros(convolution.bias.shape, dtype=torch.float64)
        if rule == "pytorch_default":
            bound = 1.0 / math.sqrt(weight[0].numel())
            nn.init.uniform_(bias, -bound, bound, generator=generator)
        convolution.bias.copy_(bias.mul_(factor))


@torch.no_grad()
def initialize_classifier(linear: nn.Linear, generator: Generator, *, zero: bool) -> None:
    """Fill the classifier: LeCun normal weights, or zeros, and biases of zero."""
    weight = torch.empty(linear.weight.shape, dtype=torch.float64)
    lecun_normal(weight, generator)
    linear.weight.copy_(weight.mul_(0.0 if zero else 1.0))
    linear.bias.zero_()
