"""The same network of torch's own parts, given the weights of ours: the oracle for what a Transformer computes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradviz.experiment import Transformer
from gradviz.network.architecture import Trainable

# torch's activations as `nn.TransformerEncoderLayer` takes them
ACTIVATIONS = {"gelu": nn.functional.gelu, "relu": nn.functional.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def encoder_layer(recipe: Transformer) -> nn.TransformerEncoderLayer:
    """Return one of torch's own blocks in float64, with first weights of its own."""
    return nn.TransformerEncoderLayer(
        recipe.width,
        recipe.heads,
        recipe.width * recipe.mlp_ratio,
        dropout=0.0,
        activation=ACTIVATIONS[recipe.activation],
        batch_first=True,
        norm_first=recipe.norm == "before",
        dtype=torch.float64,
    )


class Reference(nn.Module):
    """Every sub-layer written out with torch's attention, norms and affine maps, joined as the recipe says.

    `handed_on` holds what each sub-layer hands on, with its gradient after a backward pass.
    """

    def __init__(self, recipe: Transformer, network: Trainable) -> None:
        super().__init__()
        self.recipe = recipe
        self.embedding, self.head = network.get_submodule("embedding"), network.get_submodule("head")
        self.layers = nn.ModuleList(encoder_layer(recipe) for _ in range(recipe.depth))
        self.factors = []
        for number, layer in enumerate(self.layers, start=1):
            block = network.get_submodule(f"block{number}")
            copy_block(block, layer)
            factors = [block.get_submodule(part).branch.factor for part in ("attention", "mlp")]
            self.factors.append([1.0 if each is None else each.factor.detach().clone() for each in factors])
        self.handed_on: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.handed_on = []
        x = self.embedding(x)
        for layer, factors in zip(self.layers, self.factors, strict=True):
            for norm, part, factor in zip((layer.norm1, layer.norm2), (attend, transform), factors, strict=True):
                x = self.join(x, norm, layer, part, factor)
                x.retain_grad()
                self.handed_on.append(x)
        return self.head(x)

    def join(self, x: Tensor, norm: nn.Module, layer: nn.Module, part: object, factor: object) -> Tensor:
        recipe = self.recipe
        inside = part(layer, norm(x) if recipe.norm == "before" else x) * factor
        alpha = {"none": 0.0, "deepnorm": (2 * recipe.depth) ** 0.25}.get(recipe.shortcut, 1.0)
        joined = inside + alpha * x if alpha else inside
        return norm(joined) if recipe.norm == "after" else joined

    def weights(self) -> list[list[nn.Parameter]]:
        """Return the matrices of each row."""
        return [
            [*row]
            for layer in self.layers
            for row in (
                (layer.self_attn.in_proj_weight, layer.self_attn.out_proj.weight),
                (layer.linear1.weight, layer.linear2.weight),
            )
        ]


def attend(layer: nn.TransformerEncoderLayer, x: Tensor) -> Tensor:
    return layer.self_attn(x, x, x, need_weights=True)[0]


def transform(layer: nn.TransformerEncoderLayer, x: Tensor) -> Tensor:
    return layer.linear2(layer.activation(layer.linear1(x)))


@torch.no_grad()
def copy_block(ours: nn.Module, layer: nn.TransformerEncoderLayer) -> None:
    """Put the numbers of one of our blocks into one of torch's layers."""
    attention, mlp = ours.get_submodule("attention.branch"), ours.get_submodule("mlp.branch")
    pairs = [
        (attention.in_weight, layer.self_attn.in_proj_weight),
        (attention.in_bias, layer.self_attn.in_proj_bias),
        (attention.out_weight, layer.self_attn.out_proj.weight),
        (attention.out_bias, layer.self_attn.out_proj.bias),
        (mlp.in_weight, layer.linear1.weight),
        (mlp.in_bias, layer.linear1.bias),
        (mlp.out_weight, layer.linear2.weight),
        (mlp.out_bias, layer.linear2.bias),
    ]
    for name, target in (("attention", layer.norm1), ("mlp", layer.norm2)):
        part = ours.get_submodule(name)
        if (norm := part.branch.norm or part.norm) is not None:
            pairs += [(norm.weight, target.weight), (norm.bias, target.bias)]
    for source, target in pairs:
        target.copy_(source)
