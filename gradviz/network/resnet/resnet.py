"""The network of a ResNet recipe: a first convolution, stages of blocks, the mean over each picture, a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn

from gradviz.errors import DataError
from gradviz.experiment import ResNet
from gradviz.network.activation_module import ActivationModule
from gradviz.network.architecture import Architecture, Junction, Plan, RowParts, Trainable
from gradviz.network.resnet.blocks import (
    ConvLayer,
    PlainBlock,
    Projection,
    ResidualBlock,
    fixup_factor,
    normalization,
    skip_init,
)
from gradviz.network.resnet.initialization import initialize_classifier, initialize_convolution
from gradviz.network.resnet.size import size


class Classifier(nn.Module):
    """The mean of each channel over the picture and an affine map to the classes.

    Behind blocks of pre-activation the last sum is normalised and activated first.
    """

    def __init__(self, recipe: ResNet, channels: int, classes: int) -> None:
        super().__init__()
        early = recipe.shortcut == "pre_activation"
        self.norm = normalization(recipe, channels) if early else None
        self.activation = ActivationModule(recipe.phi) if early else None
        self.linear: nn.Linear = skip_init(nn.Linear, channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits [batch, classes] of [batch, channels, height, width]."""
        x = x if self.norm is None else self.norm(x)
        x = x if self.activation is None else self.activation(x)
        logits: Tensor = self.linear(x.mean((2, 3)))
        return logits


Block = PlainBlock | ResidualBlock


class ResNetNetwork(Trainable):
    """Takes flat samples for pictures. Its blocks, stem and classifier are called as in the rows of the recipe.

    Raises DataError where a sample is no picture.
    """

    def __init__(self, recipe: ResNet, plan: Plan) -> None:
        super().__init__()
        if len(plan.sample_shape) != 3:
            raise DataError(
                f"a convolutional network needs pictures, and a sample here is {plan.features} numbers; choose the "
                "handwritten digits or a file of pictures, or another architecture"
            )
        self._shapes = shapes = recipe.blocks()
        with torch.device(plan.device):
            self.pictures = nn.Unflatten(1, plan.sample_shape)
            self.stem = _stem(recipe, plan.sample_shape[0])
            # behind the stem pictures may be made smaller before the first block
            self.pooling = nn.MaxPool2d(3, 2, 1) if recipe.layout == "imagenet" else None
            for shape in shapes:
                self._add(
                    shape.name, PlainBlock(recipe, shape) if recipe.shortcut == "none" else ResidualBlock(recipe, shape)
                )
            self.classifier = Classifier(recipe, shapes[-1].outputs, plan.classes)
        self._blocks = [cast(Block, self.get_submodule(shape.name)) for shape in shapes]
        self.to(plan.dtype)
        if plan.device.type != "meta":
            self._initialize(recipe, torch.Generator().manual_seed(plan.seed))

    @property
    def chain(self) -> Sequence[nn.Module]:
        """Pictures, stem, blocks, classifier: each runs on what the one before puts out, and on nothing else."""
        pooling = [self.pooling] if self.pooling is not None else []
        return [self.pictures, self.stem, *pooling, *self._blocks, self.classifier]

    @property
    def junctions(self) -> Sequence[Junction]:
        """Where shortcut and branch of a block part."""
        return [
            Junction(shape.row_names, block.shortcut, block.branch)
            for shape, block in zip(self._shapes, self._blocks, strict=True)
            if isinstance(block, ResidualBlock)
        ]

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits [batch, classes] of samples [batch, features]."""
        for part in self.chain:
            x = part(x)
        return x

    def row_parts(self, name: str) -> RowParts:
        """Return the parts of a row: a convolution ends behind its activation, the last of a block where all join."""
        if name == "stem":
            return _parts_of(self.stem)
        if name == "classifier":
            return RowParts(self.classifier, ("linear.weight",), self.classifier.activation)
        block_name, _, layer_name = name.rpartition(".")
        block = self.get_submodule(block_name)
        if not isinstance(block, ResidualBlock):
            return _parts_of(block.get_submodule(layer_name))
        if layer_name == "projection":
            return RowParts(block.shortcut, ("conv.weight",))
        layer = block.branch.get_submodule(layer_name)
        assert isinstance(layer, ConvLayer)
        if layer is not block.branch.layers[-1]:
            return _parts_of(layer)
        return RowParts(block, (f"branch.{layer_name}.conv.weight",), layer.activation or block.activation)

    def _add(self, name: str, block: nn.Module) -> None:
        stage, _, place = name.partition(".")
        if stage not in self._modules:
            self.add_module(stage, nn.Module())
        self.get_submodule(stage).add_module(place, block)

    def _initialize(self, recipe: ResNet, generator: torch.Generator) -> None:
        rule = recipe.initialization
        initialize_convolution(self.stem.conv, rule, 1.0, generator)
        for block in self._blocks:
            layers = block.branch.layers if isinstance(block, ResidualBlock) else block.layers
            for layer in layers[:-1]:
                factor = fixup_factor(len(self._blocks), len(layers)) if recipe.fixup else 1.0
                initialize_convolution(layer.conv, rule, factor, generator)
            last = layers[-1]
            silent = recipe.fixup or (recipe.zero_init_branch and recipe.shortcut != "none")
            if silent and last.gain is not None:
                nn.init.zeros_(last.gain)
            zero = silent and last.gain is None
            initialize_convolution(last.conv, rule, 0.0 if zero else 1.0, generator)
            if isinstance(block, ResidualBlock) and isinstance(block.shortcut, Projection):
                initialize_convolution(block.shortcut.conv, rule, 1.0, generator)
        initialize_classifier(self.classifier.linear, generator, zero=recipe.fixup)


def _stem(recipe: ResNet, inputs: int) -> ConvLayer:
    """Return the first convolution; under pre-activation what else there is stands in the first block."""
    shape = replace(recipe.stem, inputs=inputs)
    late = recipe.shortcut != "pre_activation"
    return ConvLayer(recipe, shape, early=False, activated=late, normed=late)


def _parts_of(layer: nn.Module) -> RowParts:
    assert isinstance(layer, ConvLayer)
    return RowParts(layer, ("conv.weight",), layer.activation)


RESNET = Architecture(build=ResNetNetwork, size=size)
