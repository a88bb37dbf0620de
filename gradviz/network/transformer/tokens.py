"""What a sample becomes before the first block: tokens, each with its place."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from gradviz.network.architecture import Plan
from gradviz.network.stack.initialization import lecun_normal

# what tells one place from another, at first beside numbers with a spread of 1
PLACE_SPREAD = 0.5


class Patches(nn.Module):
    """Cuts pictures into squares, row by row. A picture that they do not divide is filled up with zeros."""

    def __init__(self, shape: tuple[int, ...], patch: int) -> None:
        super().__init__()
        self.shape, self.patch = picture_of(shape), patch
        _, height, width = self.shape
        self.grid = math.ceil(height / patch), math.ceil(width / patch)
        self.missing = self.grid[0] * patch - height, self.grid[1] * patch - width

    @property
    def count(self) -> int:
        """Tokens in a sample."""
        return self.grid[0] * self.grid[1]

    @property
    def numbers(self) -> int:
        """Numbers in a token."""
        return self.shape[0] * self.patch**2

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, numbers] for flat samples [batch, features]."""
        pictures = x.view(-1, *self.shape)
        if any(self.missing):
            pictures = functional.pad(pictures, (0, self.missing[1], 0, self.missing[0]))
        cut = pictures.view(len(x), self.shape[0], self.grid[0], self.patch, self.grid[1], self.patch)
        return cut.permute(0, 2, 4, 1, 3, 5).reshape(len(x), self.count, self.numbers)


class Embedding(nn.Module):
    """Turns flat samples into tokens [batch, tokens, width].

    A token is a patch of a picture, a number where a sample is no picture, or the number of a character.
    """

    def __init__(self, plan: Plan, width: int, patch: int, generator: Generator, **factory: Any) -> None:
        super().__init__()
        picture = len(plan.sample_shape) > 1
        self.patches = Patches(plan.sample_shape, patch) if picture else None
        self.kinds = plan.kinds
        count, numbers = token_shape(plan.sample_shape, patch)
        self.weight = nn.Parameter(torch.empty(width, plan.kinds or numbers, **factory))
        self.places = nn.Parameter(torch.empty(count, width, **factory))
        self._initialize(generator)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens of a batch [batch, features]."""
        if self.kinds:
            return functional.embedding(x.long(), self.weight.t()) + self.places
        tokens = self.patches(x) if self.patches is not None else x[:, :, None]
        return functional.linear(tokens, self.weight) + self.places

    @torch.no_grad()
    def _initialize(self, generator: Generator) -> None:
        weight = torch.empty(self.weight.shape, dtype=torch.float64)
        if self.kinds:
            # of all columns one is taken
            weight.normal_(generator=generator)
        else:
            lecun_normal(weight, generator)
        self.weight.copy_(weight)
        self.places.copy_(
            torch.empty(self.places.shape, dtype=torch.float64).normal_(0.0, PLACE_SPREAD, generator=generator)
        )


def picture_of(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return channels, rows and columns of a sample that is a picture."""
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def token_shape(shape: tuple[int, ...], patch: int) -> tuple[int, int]:
    """Return how many tokens a sample of that shape has, and how many numbers a token has."""
    if len(shape) == 1:
        return shape[0], 1
    channels, height, width = picture_of(shape)
    return math.ceil(height / patch) * math.ceil(width / patch), channels * patch**2
