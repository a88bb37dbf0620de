"""Convolutional networks of residual blocks (He et al. 2015, 2016), and their plain twins without shortcuts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gradviz.experiment.activations import Activation, ActivationChoice
from gradviz.experiment.fields import FieldSpec
from gradviz.experiment.networks.network_recipe import NetworkRecipe
from gradviz.experiment.rows import Row, Span
from gradviz.experiment.words import in_words

Layout = Literal["cifar", "imagenet"]
Block = Literal["basic", "bottleneck"]
Shortcut = Literal["none", "identity", "pre_activation"]
Branch = Literal["unscaled", "scaled", "skip_init", "fixup"]
Normalization = Literal["none", "batch", "group"]
Initialization = Literal[
    "pytorch_default", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "orthogonal",
]  # fmt: skip

CONVOLUTIONS: Mapping[str, int] = {"basic": 2, "bottleneck": 3}
# what a bottleneck puts out, over what its 3x3 convolution does (He et al. 2015, table 1)
EXPANSION: Mapping[str, int] = {"basic": 1, "bottleneck": 4}
# blocks of the four stages (He et al. 2015, table 1)
IMAGENET_BLOCKS: Mapping[str, Mapping[int, tuple[int, ...]]] = {
    "basic": {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)},
    "bottleneck": {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)},
}
CIFAR_STAGES = 3
# the first convolution and the classifier
LAYERS_AROUND = 2


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution: `kernel` x `kernel` filters over `inputs` channels, `outputs` of them, every `stride` pixels."""

    inputs: int
    outputs: int
    kernel: int
    stride: int


@dataclass(frozen=True, slots=True)
class BlockShape:
    """One block under a shortcut: its `name`, the convolutions of its branch, and whether its shortcut is projected."""

    name: str
    convolutions: tuple[Convolution, ...]
    projected: bool

    @property
    def inputs(self) -> int:
        """Channels of what enters the block."""
        return self.convolutions[0].inputs

    @property
    def outputs(self) -> int:
        """Channels of what the block hands on."""
        return self.convolutions[-1].outputs

    @property
    def stride(self) -> int:
        """By how much the block makes pictures smaller."""
        return math.prod(convolution.stride for convolution in self.convolutions)

    @property
    def row_names(self) -> tuple[str, ...]:
        """What its rows are called: the convolutions of the branch in order, and behind them the projection."""
        branch = tuple(f"{self.name}.conv{place}" for place in range(1, len(self.convolutions) + 1))
        return (*branch, f"{self.name}.projection") if self.projected else branch


class ResNet(NetworkRecipe):
    """How many convolutions, what is in a block, and how shortcut and branch join."""

    architecture: ClassVar[str] = "resnet"

    depth: Annotated[
        int,
        Field(
            description="Layers with weights, from the first convolution to the classifier, without projections; "
            "6 n + 2 gives three stages of n basic blocks each; of other depths the first stages get a block more, and "
            "the last basic block may have a single convolution",
            ge=8,
            le=1202,
        ),
        FieldSpec("Depth", "Network", "d", "layers", logarithmic=True, role="depth"),
    ] = 20
    shortcut: Annotated[
        Shortcut,
        Field(
            description="How a block's input reaches its output: none, a plain network; identity, act(x + F(x)), as in "
            "He et al. 2015; pre_activation, x + F(x), normalisation and activation before each convolution, as in "
            "He et al. 2016"
        ),
        FieldSpec("Shortcut", "Network", "s", role="shortcut"),
    ] = "identity"
    branch: Annotated[
        Branch,
        Field(
            description="What the residual branch is multiplied by: unscaled, nothing; scaled, a constant; skip_init, "
            "a learnt number that is 0 at first (De & Smith 2020; ReZero is the same); fixup, a learnt number that is "
            "1 at first, with smaller first weights, a last convolution of zeros, and no normalisation (Zhang et al. "
            "2019)"
        ),
        FieldSpec("Branch", "Network", "br"),
    ] = "unscaled"
    shortcut_scale: Annotated[
        float,
        Field(
            description="Factor on the residual branch where it is scaled; 0 means 1/sqrt(number of blocks)",
            ge=0.0,
            le=10.0,
        ),
        FieldSpec("Branch scale", "Network", "sf", zero_means="1/√blocks"),
    ] = 0.0
    activation: Annotated[
        Activation,
        Field(description="Function applied to every pixel of every channel"),
        FieldSpec("Activation", "Network", "a", role="activation"),
    ] = "relu"
    leaky_slope: Annotated[
        float,
        Field(description="Slope of leaky ReLU for negative inputs", ge=0.0, le=1.0),
        FieldSpec("Leaky slope", "Network", "ls"),
    ] = 0.01
    normalization: Annotated[
        Normalization,
        Field(
            description="Normalisation of what enters the activation, with learnt gain and offset per channel: none, "
            "over the batch, or over groups of channels within a sample"
        ),
        FieldSpec("Normalisation", "Network", "n"),
    ] = "batch"
    block: Annotated[
        Block,
        Field(
            description="Convolutions of a block: basic, two of 3×3; bottleneck, 1×1, 3×3 and 1×1, where the last has "
            "four times as many channels"
        ),
        FieldSpec("Block", "Network", "bk"),
    ] = "basic"
    channels: Annotated[
        int,
        Field(description="Channels of the first convolution; each further stage has twice as many", ge=2, le=64),
        FieldSpec("Channels", "Network", "ch", "channels"),
    ] = 4
    width_factor: Annotated[
        int,
        Field(
            description="Factor on the channels of all blocks (Zagoruyko & Komodakis 2016, wide ResNets)", ge=1, le=12
        ),
        FieldSpec("Width factor", "Network", "wf"),
    ] = 1
    layout: Annotated[
        Layout,
        Field(
            description="cifar: three stages behind a 3×3 convolution, for small pictures; imagenet: four stages "
            "behind a 7×7 convolution and a pooling, each with a projected shortcut, for depths 18 and 34 (basic) or "
            "50, 101 and 152 (bottleneck)"
        ),
        FieldSpec("Layout", "Network", "ly"),
    ] = "cifar"
    initialization: Annotated[
        Initialization,
        Field(description="Distribution of the first weights of all convolutions; the classifier is LeCun normal"),
        FieldSpec("Initialisation", "Initialisation", "i"),
    ] = "he_normal"
    zero_init_branch: Annotated[
        bool,
        Field(
            description="Start the last gain of every residual branch at zero, or its last convolution where no gain "
            "comes after it, so that it adds nothing at first"
        ),
        FieldSpec("Zero-init branches", "Initialisation", "z"),
    ] = False

    @property
    def phi(self) -> ActivationChoice:
        """The activation between convolutions."""
        leaks = self.activation == "leaky_relu"
        return ActivationChoice(self.activation, self.leaky_slope) if leaks else ActivationChoice(self.activation)

    @property
    def norm(self) -> Normalization:
        """The normalisation that the network has: with Fixup none."""
        return "none" if self.fixup else self.normalization

    @property
    def fixup(self) -> bool:
        """Whether branches are those of Fixup."""
        return self.shortcut != "none" and self.branch == "fixup"

    @property
    def silent(self) -> bool:
        """Whether every residual branch adds exactly nothing at first."""
        return self.shortcut != "none" and (self.branch in ("skip_init", "fixup") or self.zero_init_branch)

    @property
    def stages(self) -> tuple[int, ...]:
        """Blocks of each stage."""
        if self.layout == "imagenet":
            return IMAGENET_BLOCKS[self.block][self.depth]
        blocks = math.ceil((self.depth - LAYERS_AROUND) / CONVOLUTIONS[self.block])
        return tuple(blocks // CIFAR_STAGES + (stage < blocks % CIFAR_STAGES) for stage in range(CIFAR_STAGES))

    @property
    def branch_scale(self) -> float:
        """Constant factor on the residual branch where it is scaled."""
        return self.shortcut_scale or 1.0 / math.sqrt(sum(self.stages))

    @property
    def stem(self) -> Convolution:
        """The first convolution, for pictures of one channel."""
        imagenet = self.layout == "imagenet"
        return Convolution(1, self.channels, 7 if imagenet else 3, 2 if imagenet else 1)

    def blocks(self) -> tuple[BlockShape, ...]:
        """Return the blocks from the input to the loss."""
        found = []
        remaining = self.depth - LAYERS_AROUND
        inputs = self.channels
        for stage, count in enumerate(self.stages):
            inner = self.channels * self.width_factor * 2**stage
            for number in range(count):
                stride = 2 if stage and not number else 1
                length = min(CONVOLUTIONS[self.block], remaining)
                branch = self._branch(inputs, inner, stride, length)
                outputs = branch[-1].outputs
                projected = self.layout == "imagenet" and self.shortcut != "none" and (stride > 1 or inputs != outputs)
                found.append(BlockShape(f"stage{stage + 1}.block{number + 1}", branch, projected))
                inputs = outputs
                remaining -= length
        return tuple(found)

    def _branch(self, inputs: int, inner: int, stride: int, length: int) -> tuple[Convolution, ...]:
        if self.block == "bottleneck":
            return (
                Convolution(inputs, inner, 1, 1),
                Convolution(inner, inner, 3, stride),
                Convolution(inner, inner * EXPANSION["bottleneck"], 1, 1),
            )
        first = Convolution(inputs, inner, 3, stride)
        return (first, *(Convolution(inner, inner, 3, 1) for _ in range(length - 1)))

    def rows(self) -> tuple[Row, ...]:
        """Return one row per convolution, and the classifier; on the path are those at whose output a shortcut joins.

        The row of a convolution is told with the activation after it; under pre-activation with the one before it.
        """
        slope, early = self.phi.slope, self.shortcut == "pre_activation"
        plain = self.shortcut == "none"
        rows = [Row("stem", slope=None if early else slope, units=self.channels)]
        for block in self.blocks():
            last = block.convolutions[-1]
            rows += [
                Row(name, block.name, plain or one is last, slope, one.outputs)
                for name, one in zip(block.row_names, block.convolutions, strict=False)
            ]
            if block.projected:
                rows.append(Row(block.row_names[-1], block.name, False, None, block.outputs))
        return (*rows, Row("classifier", slope=slope if early else None))

    def shortcuts(self) -> tuple[Span, ...]:
        """Return the rows that each shortcut passes over: those of a block."""
        if self.shortcut == "none":
            return ()
        spans, first = [], 2
        for block in self.blocks():
            spans.append((first, first + len(block.row_names) - 1))
            first += len(block.row_names)
        return tuple(spans)

    @property
    def normalises_batches(self) -> bool:
        """Whether there is batch normalisation."""
        return self.norm == "batch"

    @property
    def straight(self) -> bool:
        """Whether neither the activation, nor normalisation within each sample, nor pooling bends."""
        return self.phi.slope == "straight" and self.norm != "group" and self.layout == "cifar"

    @property
    def summary(self) -> str:
        """Kind, depth, channels and activation."""
        kind = {"none": "plain convolutional net", "identity": "ResNet", "pre_activation": "pre-activation ResNet"}
        words = [f"{kind[self.shortcut]} {self.depth} × {self.channels * self.width_factor}", in_words(self.activation)]
        if self.shortcut != "none" and self.branch != "unscaled":
            words.append(f"{in_words(self.branch)} branches")
        return " ".join(words)

    @property
    def slug(self) -> str:
        """Kind and depth."""
        return f"{'plain-conv' if self.shortcut == 'none' else 'resnet'}-{self.depth}"

    @property
    def formula(self) -> str:
        """What a block computes from its input x."""
        name = "" if self.activation == "linear" else in_words(self.activation).replace(" ", "")
        norm = {"none": "", "batch": "BN", "group": "GN"}[self.norm]
        joined = {"none": "F(x)"}.get(self.shortcut, f"x + {self._factor}F(x)")
        if self.shortcut == "identity":
            joined = _around(name, joined)
        layer = "conv(x)"
        if self.shortcut == "pre_activation":
            layer = f"conv({_around(name, _around(norm, 'x'))})"
        else:
            layer = _around(name, _around(norm, layer))
        starts = {"skip_init": ", α = 0 at first", "fixup": ", α = 1 at first"}
        if self.shortcut != "none":
            joined += starts.get(self.branch, "")
        last = ", the last without activation" if name and self.shortcut == "identity" else ""
        return f"h = {joined}\nF: {CONVOLUTIONS[self.block]} layers of {layer}{last}"

    @property
    def _factor(self) -> str:
        return {
            "unscaled": "",
            "scaled": f"{self.branch_scale:.3g} ",
            "skip_init": "α ",
            "fixup": "α ",
        }[self.branch]

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        joined = self.shortcut != "none"
        rules = {
            "branch": (joined, "needs a shortcut"),
            "shortcut_scale": (joined and self.branch == "scaled", "for scaled branches only"),
            "leaky_slope": (self.activation == "leaky_relu", "for leaky ReLU only"),
            "normalization": (not self.fixup, "Fixup goes without"),
            "zero_init_branch": (joined and not self.fixup, "Fixup does so" if self.fixup else "needs a shortcut"),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}

    def conflict(self, batch_size: int) -> str:
        """Return why the network cannot be built, or not be trained in batches of `batch_size`; empty if it can."""
        if self.layout == "imagenet" and self.depth not in IMAGENET_BLOCKS[self.block]:
            known = " and ".join(map(str, IMAGENET_BLOCKS[self.block]))
            return (
                f"depth: {self.depth} is not allowed with layout = 'imagenet' and block = '{self.block}'; "
                f"allowed: {known}"
            )
        per_block = CONVOLUTIONS[self.block]
        over = (self.depth - LAYERS_AROUND) % per_block
        if self.block == "bottleneck" and (over or self.depth < CIFAR_STAGES * per_block + LAYERS_AROUND):
            lower = max(self.depth - over, CIFAR_STAGES * per_block + LAYERS_AROUND)
            return (
                f"depth: {self.depth} is not allowed with block = 'bottleneck'; allowed: 3 k + 2 from "
                f"{CIFAR_STAGES * per_block + LAYERS_AROUND} on, such as {lower} and {lower + per_block}"
            )
        if self.norm == "batch" and batch_size < 2:
            return "batch_size: 1 is not allowed with normalization = 'batch'; allowed: 2 to 4096"
        return ""


def _around(function: str, inner: str) -> str:
    return f"{function}({inner})" if function else inner
