"""First weights of the blocks, drawn on the CPU in float64 so that every device starts from the same network."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from gradviz.network.stack.initialization import lecun_normal, void

# fills a matrix [out, in] and multiplies it by a factor
Draw = Callable[[Tensor, float], None]


def _pytorch_default(weight: Tensor, generator: Generator) -> None:
    bound = 1.0 / math.sqrt(weight.shape[1])
    nn.init.uniform_(weight, -bound, bound, generator=generator)


_RULES: dict[str, Callable[[Tensor, Generator], None]] = {
    "glorot_uniform": lambda w, g: void(nn.init.xavier_uniform_(w, generator=g)),
    "glorot_normal": lambda w, g: void(nn.init.xavier_normal_(w, generator=g)),
    "pytorch_default": _pytorch_default,
    "lecun_normal": lecun_normal,
    "orthogonal": lambda w, g: void(nn.init.orthogonal_(w, generator=g)),
}


def drawn(rule: str, generator: Generator) -> Draw:
    """Return what fills a matrix by `rule`, with the next numbers of `generator`."""

    def draw(weight: Tensor, factor: float) -> None:
        numbers = torch.empty(weight.shape, dtype=torch.float64)
        _RULES[rule](numbers, generator)
        weight.copy_(numbers.mul_(factor))

    return draw
