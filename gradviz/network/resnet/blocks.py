"""What a ResNet is made of: convolutions with normalisation and activation around them, and blocks of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from gradviz.experiment import ResNet
from gradviz.experiment.networks.resnet import BlockShape, Convolution
from gradviz.network.activation_module import ActivationModule

# Wu & He 2018 use 32 groups; a group of one channel would leave nothing of its mean
MOST_GROUPS = 32
FEWEST_CHANNELS_PER_GROUP = 2


def skip_init(module: Any, *sizes: int, **settings: Any) -> Any:
    """Return a module without torch's own initialisation, which would draw from the global generator."""
    # otherwise it would be on the CPU whatever the default device is
    return nn.utils.skip_init(module, *sizes, device=torch.get_default_device(), **settings)  # type: ignore[no-untyped-call]


class ScalarBias(nn.Module):
    """Adds one learnt number, 0 at first, to everything (Fixup: Zhang et al. 2019, section 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` plus the number."""
        return x + self.bias


class ConvLayer(nn.Module):
    """A convolution, and the normalisation and activation behind it, or in front of it where that is `early`.

    `activated` says whether there is an activation at all: behind the last convolution of a branch it waits for the
    shortcut. Without a normalisation the convolution has a bias; under Fixup scalar biases stand in its place, one
    before each convolution and one before each activation.
    """

    def __init__(
        self, recipe: ResNet, shape: Convolution, *, early: bool, activated: bool = True, normed: bool = True
    ) -> None:
        super().__init__()
        self.early = early
        self.conv: nn.Conv2d = skip_init(
            nn.Conv2d,
            shape.inputs,
            shape.outputs,
            shape.kernel,
            shape.stride,
            shape.kernel // 2,
            bias=recipe.norm == "none" and not recipe.fixup,
        )
        self.norm = normalization(recipe, shape.inputs if early else shape.outputs) if normed else None
        self.activation = ActivationModule(recipe.phi) if activated else None
        self.shift = ScalarBias() if recipe.fixup else None

    @property
    def gain(self) -> nn.Parameter | None:
        """What multiplies each channel that the convolution puts out; None where nothing does so right behind it."""
        behind = not self.early and isinstance(self.norm, nn.BatchNorm2d | nn.GroupNorm)
        return cast(nn.Parameter, self.norm.weight) if behind and self.norm is not None else None

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, channels, height, width] of the same."""
        if self.early:
            return self._convolve(self._activate(x))
        return self._activate(self._convolve(x))

    def _convolve(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x if self.shift is None else self.shift(x))
        return y

    def _activate(self, x: Tensor) -> Tensor:
        x = x if self.norm is None else self.norm(x)
        return x if self.activation is None else self.activation(x)


class PaddedShortcut(nn.Module):
    """Every second pixel of the input, with channels of zeros behind: no parameters (He et al. 2015, option A)."""

    def __init__(self, shape: BlockShape) -> None:
        super().__init__()
        self.stride, self.added = shape.stride, shape.outputs - shape.inputs

    def forward(self, x: Tensor) -> Tensor:
        """Return the picture as large as the branch's."""
        return nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.added))


class Projection(nn.Module):
    """A 1x1 convolution to the size of the branch's output, and its normalisation (He et al. 2015, option B)."""

    def __init__(self, recipe: ResNet, shape: BlockShape) -> None:
        super().__init__()
        bias = recipe.norm == "none"
        self.conv: nn.Conv2d = skip_init(nn.Conv2d, shape.inputs, shape.outputs, 1, shape.stride, bias=bias)
        # under pre-activation nothing but sums lies on the way from block to block
        behind = recipe.norm != "none" and recipe.shortcut == "identity"
        self.norm = normalization(recipe, shape.outputs) if behind else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the picture as large as the branch's."""
        y: Tensor = self.conv(x)
        return y if self.norm is None else self.norm(y)


class Layers(nn.Module):
    """Convolutions one after the other, called conv1, conv2 and so on."""

    def __init__(self, layers: Iterable[ConvLayer]) -> None:
        super().__init__()
        self.names = []
        for place, layer in enumerate(layers):
            self.names.append(f"conv{place + 1}")
            self.add_module(self.names[-1], layer)

    @property
    def layers(self) -> list[ConvLayer]:
        """The convolutions from the input to the loss."""
        return [cast(ConvLayer, self._modules[name]) for name in self.names]

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, channels, height, width] of the last of them."""
        for layer in self.layers:
            x = layer(x)
        return x


class PlainBlock(Layers):
    """The convolutions of a block with nothing that leads past them."""

    def __init__(self, recipe: ResNet, shape: BlockShape) -> None:
        super().__init__(ConvLayer(recipe, convolution, early=False) for convolution in shape.convolutions)


class ResidualBlock(nn.Module):
    """A branch of convolutions beside a shortcut; behind their sum an activation, unless the layers have it early."""

    def __init__(self, recipe: ResNet, shape: BlockShape) -> None:
        super().__init__()
        early = recipe.shortcut == "pre_activation"
        last = shape.convolutions[-1]
        # under Fixup the bias behind a branch comes after its factor
        self.branch = Layers(
            ConvLayer(recipe, convolution, early=early, activated=activated, normed=activated or not recipe.fixup)
            for convolution, activated in ((one, early or one is not last) for one in shape.convolutions)
        )
        self.shortcut: nn.Module = nn.Identity()
        if shape.projected:
            self.shortcut = Projection(recipe, shape)
        elif shape.stride > 1 or shape.outputs != shape.inputs:
            self.shortcut = PaddedShortcut(shape)
        self.constant = recipe.branch_scale if recipe.branch == "scaled" else 1.0
        learnt = {"skip_init": 0.0, "fixup": 1.0}.get(recipe.branch)
        self.factor = nn.Parameter(torch.tensor(learnt)) if learnt is not None else None
        self.bias = ScalarBias() if recipe.fixup and not early else None
        self.activation = None if early else ActivationModule(recipe.phi)

    def forward(self, x: Tensor) -> Tensor:
        """Return [batch, channels, height, width] of the block."""
        branch = self.branch(x)
        if self.factor is not None:
            branch = branch * self.factor
        elif self.constant != 1.0:
            branch = branch * self.constant
        y: Tensor = self.shortcut(x) + branch
        if self.bias is not None:
            y = self.bias(y)
        return y if self.activation is None else self.activation(y)


def normalization(recipe: ResNet, channels: int) -> nn.Module | None:
    """Return the normalisation of so many channels; a scalar bias under Fixup, None where there is nothing."""
    if recipe.fixup:
        return ScalarBias()
    match recipe.norm:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "group":
            return nn.GroupNorm(groups(channels), channels)
        case _:
            return None


def groups(channels: int) -> int:
    """Return into how many groups the channels are divided: up to 32, of the same size, at least two channels each."""
    largest = min(MOST_GROUPS, channels // FEWEST_CHANNELS_PER_GROUP)
    return next(count for count in range(largest, 0, -1) if channels % count == 0)


def fixup_factor(blocks: int, convolutions: int) -> float:
    """Return what Fixup multiplies the first weights of a branch's convolutions by, but for the last, which are 0."""
    return float(blocks ** (-1.0 / (2 * convolutions - 2)))
