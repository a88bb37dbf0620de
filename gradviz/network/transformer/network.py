"""The Transformer around its blocks: tokens in, a mean over them and a head out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn

from gradviz.experiment import Transformer
from gradviz.network.architecture import Architecture, Junction, Plan, RowParts, Trainable
from gradviz.network.stack.initialization import initialize_end
from gradviz.network.transformer.initialization import drawn
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
        self.attention = SubLayer(recipe, Attention(recipe, **factory), **factory)
        self.mlp = SubLayer(recipe, Mlp(recipe, **factory), **factory)


class TransformerNetwork(Trainable):
    """Embedding, blocks `block1` to `blockN`, head. A row ends where norm and shortcut are joined."""

    def __init__(self, recipe: Transformer, plan: Plan) -> None:
        super().__init__()
        factory: dict[str, Any] = {"dtype": plan.dtype, "device": plan.device}
        generator = torch.Generator().manual_seed(plan.seed)
        self._names = tuple(row.name for row in recipe.rows())
        self.embedding = Embedding(plan, recipe.width, recipe.patch, generator, **factory)
        self.head = Head(recipe, plan, generator, **factory)
        for block in dict.fromkeys(row.group for row in recipe.rows()):
            self.add_module(block, Block(recipe, **factory))
        self.sublayers = [cast(SubLayer, self.get_submodule(name)) for name in self._names]
        draw = drawn(recipe.initialization, generator)
        for part in self.sublayers:
            part.branch.initialize(draw, recipe.deepnorm_beta if recipe.shortcut == "deepnorm" else 1.0)

    @property
    def chain(self) -> Sequence[nn.Module]:
        """Embedding, all sub-layers, head: each runs on what the one before puts out, and on nothing else."""
        return [self.embedding, *self.sublayers, self.head]

    @property
    def junctions(self) -> Sequence[Junction]:
        """Where shortcut and branch of a sub-layer part."""
        return [
            Junction((name,), part.shortcut, part.branch)
            for name, part in zip(self._names, self.sublayers, strict=True)
            if part.shortcut is not None
        ]

    def row_parts(self, name: str) -> RowParts:
        """Return the parts of a row; the weights are the matrices of the branch, without norm and factor."""
        part = cast(SubLayer, self.get_submodule(name))
        activation = part.branch.activation if isinstance(part.branch, Mlp) else None
        return RowParts(part, ("branch.in_weight", "branch.out_weight"), activation)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [batch, classes] of a training batch [batch, features]."""
        x = self.embedding(x)
        for part in self.sublayers:
            x = part(x)
        logits: Tensor = self.head(x)
        return logits


TRANSFORMER = Architecture(build=TransformerNetwork, size=size, characters=True)
