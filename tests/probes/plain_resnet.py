"""A ResNet written down with plain functions, from the names of its weights alone: what the probes are held against.

Each row's output, what its activation is given, and the inputs of shortcut and branch, which are copies of what enters
a block, keep their gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from gradviz.experiment import ResNet

PHI: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": functional.gelu,
    "elu": functional.elu,
}


@dataclass
class PlainResNet:
    """`weights` by name, all in float64; `forward` fills the rest, by row (`paths` by block: shortcut, branch)."""

    recipe: ResNet
    weights: Mapping[str, Tensor]
    outputs: dict[str, Tensor] = field(default_factory=dict)
    given: dict[str, Tensor] = field(default_factory=dict)
    paths: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of pictures [batch, channels, height, width]."""
        recipe = self.recipe
        early = recipe.shortcut == "pre_activation"
        imagenet = recipe.layout == "imagenet"
        x = self._convolve("stem.conv", x, 2 if imagenet else 1)
        if not early:
            x = self._activate("stem", self._norm("stem.norm", x))
        x = self._keep("stem", x)
        if imagenet:
            x = functional.max_pool2d(x, 3, 2, 1)
        blocks = sorted({name.split(".conv")[0].removesuffix(".branch") for name in self.weights if "block" in name
                         and ".conv" in name and "shortcut" not in name}, key=_place)  # fmt: skip
        for block in blocks:
            first = block.endswith("block1") and not block.startswith("stage1")
            x = (self._plain if recipe.shortcut == "none" else self._residual)(block, x, 2 if first else 1)
        if early:
            x = self._activate("classifier", self._norm("classifier.norm", x))
        logits = functional.linear(
            x.mean((2, 3)), self.weights["classifier.linear.weight"], self.weights["classifier.linear.bias"]
        )
        return self._keep("classifier", logits)

    def _plain(self, block: str, x: Tensor, stride: int) -> Tensor:
        for place, layer in enumerate(self._layers(block)):
            x = self._convolve(f"{block}.{layer}.conv", x, stride if place == 0 else 1)
            x = self._keep(
                f"{block}.{layer}", self._activate(f"{block}.{layer}", self._norm(f"{block}.{layer}.norm", x))
            )
        return x

    def _residual(self, block: str, x: Tensor, stride: int) -> Tensor:
        recipe, layers = self.recipe, self._layers(f"{block}.branch")
        early = recipe.shortcut == "pre_activation"
        # the stride is that of the 3x3 convolution
        strided = 1 if recipe.block == "bottleneck" else 0
        short, y = x.clone(), x.clone()
        for copy in (short, y):
            copy.retain_grad()
        self.paths[block] = short, y
        for place, layer in enumerate(layers):
            row, name = f"{block}.{layer}", f"{block}.branch.{layer}"
            if early:
                y = self._activate(row, self._norm(f"{name}.norm", y))
            y = self._convolve(f"{name}.conv", y, stride if place == strided else 1)
            if not early:
                y = self._norm(f"{name}.norm", y)
            if place < len(layers) - 1:
                y = self._keep(row, y if early else self._activate(row, y))
        factor = self.weights.get(f"{block}.factor")
        if recipe.branch == "scaled":
            count = sum("branch.conv1.conv.weight" in name for name in self.weights)
            factor = torch.tensor(recipe.shortcut_scale or count**-0.5, dtype=torch.float64)
        y = y if factor is None else y * factor
        if f"{block}.shortcut.conv.weight" in self.weights:
            short = self._convolve(f"{block}.shortcut.conv", short, stride)
            short = self._keep(f"{block}.projection", self._norm(f"{block}.shortcut.norm", short))
        else:
            short = short[:, :, ::stride, ::stride]
            zeros = short.new_zeros(len(short), y.shape[1] - short.shape[1], *short.shape[2:])
            short = torch.cat([short, zeros], 1)
        y = short + y + self.weights.get(f"{block}.bias.bias", torch.tensor(0.0, dtype=torch.float64))
        last = f"{block}.{layers[-1]}"
        return self._keep(last, y if early else self._activate(last, y))

    def _layers(self, prefix: str) -> list[str]:
        return sorted(
            {name[len(prefix) + 1 :].split(".")[0] for name in self.weights if name.startswith(f"{prefix}.conv")}
        )

    def _convolve(self, name: str, x: Tensor, stride: int) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights.get(f"{name}.bias")
        shift = self.weights.get(f"{name.removesuffix('conv')}shift.bias")
        x = x if shift is None else x + shift
        return functional.conv2d(x, weight, bias, stride, weight.shape[-1] // 2)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        gain, offset = self.weights.get(f"{name}.weight"), self.weights.get(f"{name}.bias")
        if offset is None:
            return x
        if gain is None:
            return x + offset
        if self.recipe.normalization == "batch":
            mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
        else:
            channels = x.shape[1]
            count = max(n for n in range(1, channels // 2 + 1) if channels % n == 0 and n <= 32)
            parts = x.reshape(len(x), count, -1)
            mean, variance = parts.mean(2), parts.var(2, correction=0)
            mean, variance = (
                part.repeat_interleave(channels // count, 1)[:, :, None, None] for part in (mean, variance)
            )
        return (x - mean) / (variance + 1e-5).sqrt() * gain[:, None, None] + offset[:, None, None]

    def _activate(self, row: str, x: Tensor) -> Tensor:
        self.given[row] = x
        return PHI[self.recipe.activation](x)

    def _keep(self, row: str, x: Tensor) -> Tensor:
        x.retain_grad()
        self.outputs[row] = x
        return x


def _place(block: str) -> tuple[int, int]:
    stage, _, number = block.partition(".")
    return int(stage.removeprefix("stage")), int(number.removeprefix("block"))
