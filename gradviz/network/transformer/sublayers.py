"""The two sub-layers of a block, each a branch and perhaps a shortcut beside it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradviz.experiment import Transformer
from gradviz.network.activation_module import ActivationModule
from gradviz.network.attending import Attending
from gradviz.network.transformer.initialization import Draw


class Factor(nn.Module):
    """A learnt factor on a branch: one number (ReZero), or one for each unit (LayerScale)."""

    def __init__(self, shape: tuple[int, ...], first: float, **factory: Any) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.full(shape, first, **factory))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` times the factor."""
        return x * self.factor


class Branch(nn.Module):
    """factor F(norm(x)), as far as the recipe has these parts; F is said by the subclass."""

    def __init__(self, recipe: Transformer, **factory: Any) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(recipe.width, **factory) if recipe.norm == "before" else None
        self.factor = _factor(recipe, **factory)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width] for the same."""
        inside = self.transform(x if self.norm is None else self.norm(x))
        return inside if self.factor is None else self.factor(inside)

    def transform(self, x: Tensor) -> Tensor:
        """Return F(x)."""
        raise NotImplementedError

    def initialize(self, draw: Draw, scale: float) -> None:
        """Fill the first weights; those that DeepNorm makes smaller are multiplied by `scale`."""
        raise NotImplementedError


class Attention(Branch):
    """Every token is given a mixture of what all tokens offer. Queries, keys and values come from one matrix."""

    def __init__(self, recipe: Transformer, **factory: Any) -> None:
        super().__init__(recipe, **factory)
        width, self.heads, self.head_width = recipe.width, recipe.heads, recipe.head_width
        inner = self.heads * self.head_width
        self.in_weight = nn.Parameter(torch.empty(3 * inner, width, **factory))
        self.in_bias = nn.Parameter(torch.zeros(3 * inner, **factory))
        self.out_weight = nn.Parameter(torch.empty(width, inner, **factory))
        self.out_bias = nn.Parameter(torch.zeros(width, **factory))
        self.attending = Attending()

    def transform(self, x: Tensor) -> Tensor:
        """Return the mixtures [batch, tokens, width]."""
        projected = functional.linear(x, self.in_weight, self.in_bias)
        split = projected.view(*x.shape[:2], 3, self.heads, self.head_width).permute(2, 0, 3, 1, 4)
        mixed = self.attending(*split.unbind(0)).transpose(1, 2).flatten(2)
        return functional.linear(mixed, self.out_weight, self.out_bias)

    @torch.no_grad()
    def initialize(self, draw: Draw, scale: float) -> None:
        """Fill each of the four matrices for itself."""
        queries, keys, values = self.in_weight.chunk(3)
        for weight, factor in ((queries, 1.0), (keys, 1.0), (values, scale), (self.out_weight, scale)):
            draw(weight, factor)


class Mlp(Branch):
    """Every token for itself through two layers with an activation in between."""

    def __init__(self, recipe: Transformer, **factory: Any) -> None:
        super().__init__(recipe, **factory)
        width, inner = recipe.width, recipe.width * recipe.mlp_ratio
        self.in_weight = nn.Parameter(torch.empty(inner, width, **factory))
        self.in_bias = nn.Parameter(torch.zeros(inner, **factory))
        self.out_weight = nn.Parameter(torch.empty(width, inner, **factory))
        self.out_bias = nn.Parameter(torch.zeros(width, **factory))
        self.activation = ActivationModule(recipe.phi, **factory)

    def transform(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width]."""
        inside = self.activation(functional.linear(x, self.in_weight, self.in_bias))
        return functional.linear(inside, self.out_weight, self.out_bias)

    @torch.no_grad()
    def initialize(self, draw: Draw, scale: float) -> None:
        """Fill both matrices."""
        for weight in (self.in_weight, self.out_weight):
            draw(weight, scale)


class SubLayer(nn.Module):
    """norm(alpha x + branch(x)), as far as the recipe has these parts; shortcut and branch are modules of their own."""

    def __init__(self, recipe: Transformer, branch: Branch, **factory: Any) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = nn.Identity() if recipe.shortcut != "none" else None
        self.alpha = recipe.deepnorm_alpha if recipe.shortcut == "deepnorm" else 1.0
        self.norm = nn.LayerNorm(recipe.width, **factory) if recipe.norm == "after" else None

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width] for the same."""
        y: Tensor = self.branch(x)
        if self.shortcut is not None:
            y = torch.add(y, self.shortcut(x), alpha=self.alpha)
        return y if self.norm is None else self.norm(y)


def _factor(recipe: Transformer, **factory: Any) -> Factor | None:
    if recipe.shortcut == "rezero":
        return Factor((), 0.0, **factory)
    if recipe.shortcut == "layer_scale":
        return Factor((recipe.width,), recipe.layer_scale, **factory)
    return None
