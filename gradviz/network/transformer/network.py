"""The Transformer around its blocks: tokens in, a mean over them and a head out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Generator, Tensor, nn

from gradviz.experiment import Transformer
from gradviz.network.architecture import Architecture, Plan, Trainable
from gradviz.network.stack.initialization import initialize_end
from gradviz.network.transformer.size import size
from gradviz.network.transformer.sublayers import Attention, Mlp, SubLayer
from gradviz.network.transformer.tokens import Embedding


class Head(nn.Module):
    """From the tokens to the classes: normalised once more under pre-norm, then all of them or the last."""

    def __init__(self, recipe: Transformer, plan: Plan, generator: Generator, **factory: Any) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(recipe.width, **factory) if recipe.norm == "before" else None
        # of a text the last character is the one that the next follows on
        self.last_only = plan.kinds > 0
        skip_init: Any = nn.utils.skip_init
        self.linear: nn.Linear = skip_init(nn.Linear, recipe.width, plan.classes, **factory)
        initialize_end(self.linear, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [batch, classes] of [batch, tokens, width]."""
        x = x[:, -1:] if self.last_only else x
        x = self.norm(x) if self.norm is not None else x
        logits: Tensor = self.linear(x.mean(1))
        return logits


class Block(nn.Module):
    """Attention, then MLP."""

    def __init__(self, recipe: Transformer, **factory: Any) -> None:
        super().__init__()
        self.attention = Attention(recipe, **factory)
        self.mlp = Mlp(recipe, **factory)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, tokens, width] for the same."""
        y: Tensor = self.mlp(self.attention(x))
        return y


class TransformerNetwork(Trainable):
    """Embedding, blocks `block1` to `blockN`, head."""

    def __init__(self, recipe: Transformer, plan: Plan) -> None:
        super().__init__()
        factory: dict[str, Any] = {"dtype": plan.dtype, "device": plan.device}
        generator = torch.Generator().manual_seed(plan.seed)
        self.embedding = Embedding(plan, recipe.width, recipe.patch, generator, **factory)
        self.head = Head(recipe, plan, generator, **factory)
        scale = recipe.deepnorm_beta if recipe.shortcut == "deepnorm" else 1.0
        self.sublayers: list[SubLayer] = []
        for number in range(1, recipe.depth + 1):
            block = Block(recipe, **factory)
            self.add_module(f"block{number}", block)
            self.sublayers += [block.attention, block.mlp]
        for part in self.sublayers:
            part.initialize(generator, scale)

    @property
    def chain(self) -> Sequence[nn.Module]:
        """Embedding, all sub-layers, head."""
        return [self.embedding, *self.sublayers, self.head]

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [batch, classes] of a training batch [batch, features]."""
        x = self.embedding(x)
        for part in self.sublayers:
            x = part(x)
        logits: Tensor = self.head(x)
        return logits


TRANSFORMER = Architecture(build=TransformerNetwork, size=size)
