"""The fully connected stack: `depth` hidden layers of `width` units, between an input layer and a head."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gradviz.experiment.activations import Activation, ActivationChoice
from gradviz.experiment.fields import FieldSpec
from gradviz.experiment.networks.network_recipe import NetworkRecipe
from gradviz.experiment.rows import Row, Span
from gradviz.experiment.words import in_words

Shortcut = Literal["none", "identity", "pre_activation", "scaled", "rezero", "highway"]
Normalization = Literal["none", "layer", "rms", "batch"]
Initialization = Literal[
    "pytorch_default", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "orthogonal",
    "gaussian", "uniform", "zeros",
]  # fmt: skip
EndInitialization = Literal[
    "lecun_normal", "pytorch_default", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal",
    "uniform", "zeros",
]  # fmt: skip

_JOINS = {
    "none": "{branch}",
    "identity": "x + {branch}",
    "pre_activation": "x + {branch}",
    "scaled": "x + {scale:.3g} {branch}",
    "rezero": "x + α {branch}, α = 0 at first",
    "highway": "T {branch} + (1 − T) x, T = sigmoid(V x + c)",
}


class Mlp(NetworkRecipe):
    """Hidden layers, their activation, shortcuts, normalisation and first weights."""

    architecture: ClassVar[str] = "mlp"

    depth: Annotated[
        int,
        Field(description="Hidden layers, counted from 1 next to the input", ge=1, le=2000),
        FieldSpec("Depth", "Network", "d", "layers", logarithmic=True, role="depth"),
    ] = 30
    activation: Annotated[
        Activation,
        Field(description="Function applied to every unit"),
        FieldSpec("Activation", "Network", "a", role="activation"),
    ] = "sigmoid"
    leaky_slope: Annotated[
        float,
        Field(description="Slope of leaky ReLU for negative inputs", ge=0.0, le=1.0),
        FieldSpec("Leaky slope", "Network", "ls"),
    ] = 0.01
    shortcut: Annotated[
        Shortcut,
        Field(
            description="How a layer's input reaches its output: none; identity, x + act(Wx + b); pre_activation, "
            "x + W act(x) + b; scaled, x + s act(Wx + b); rezero, x + a act(Wx + b) with a learnt and 0 at first; "
            "highway, a learnt gate between x and act(Wx + b)"
        ),
        FieldSpec("Shortcut", "Network", "s", role="shortcut"),
    ] = "none"
    shortcut_span: Annotated[
        int,
        Field(description="Layers that one shortcut passes over", ge=1, le=4),
        FieldSpec("Layers per block", "Network", "ss", "layers"),
    ] = 1
    shortcut_scale: Annotated[
        float,
        Field(description="Factor on the residual branch of a scaled shortcut; 0 means 1/sqrt(depth)", ge=0.0, le=10.0),
        FieldSpec("Branch scale", "Network", "sf", zero_means="1/√depth"),
    ] = 0.0
    width: Annotated[
        int,
        Field(description="Units in every hidden layer", ge=2, le=1024),
        FieldSpec("Width", "Network", "w", "units"),
    ] = 32
    normalization: Annotated[
        Normalization,
        Field(description="Normalisation of what enters the activation, with learnt gain (and offset, but for rms)"),
        FieldSpec("Normalisation", "Network", "n"),
    ] = "none"
    dropout: Annotated[
        float,
        Field(
            description="Share of the activations of each hidden layer that is set to 0 at random in a training step; "
            "the others grow by 1 / (1 - share), and validation drops none; 0 means none",
            ge=0.0,
            lt=1.0,
        ),
        FieldSpec("Dropout", "Network", "do", zero_means="none"),
    ] = 0.0

    initialization: Annotated[
        Initialization,
        Field(
            description="Distribution of the hidden layers' first weights; the input layer and the head have one of "
            "their own, LeCun normal unless it is changed, so that the picture shows what the hidden layers do"
        ),
        FieldSpec("Initialisation", "Initialisation", "i"),
    ] = "glorot_uniform"
    input_initialization: Annotated[
        EndInitialization,
        Field(description="Distribution of the first weights between the inputs and layer 1"),
        FieldSpec("Of the input layer", "Initialisation", "ii"),
    ] = "lecun_normal"
    head_initialization: Annotated[
        EndInitialization,
        Field(description="Distribution of the first weights between the last layer and the outputs"),
        FieldSpec("Of the head", "Initialisation", "hi"),
    ] = "lecun_normal"
    uniform_range: Annotated[
        float,
        Field(description="Uniform weights lie between this number and its negative", gt=0.0, le=10.0),
        FieldSpec("Uniform range", "Initialisation", "ur"),
    ] = 0.05
    sigma_w: Annotated[
        float,
        Field(description="Gaussian weights have variance sigma_w² / width", ge=0.0, le=20.0),
        FieldSpec("Weight scale σ_w", "Initialisation", "gw"),
    ] = 1.0
    sigma_b: Annotated[
        float,
        Field(description="Gaussian biases have variance sigma_b²", ge=0.0, le=20.0),
        FieldSpec("Bias scale σ_b", "Initialisation", "gb"),
    ] = 0.0
    bias_shift: Annotated[
        float,
        Field(description="Constant added to every hidden bias at the start", ge=-10.0, le=10.0),
        FieldSpec("Bias shift", "Initialisation", "bs"),
    ] = 0.0
    zero_init_branch: Annotated[
        bool,
        Field(description="Start the last layer of every residual branch at zero, so that it adds nothing at first"),
        FieldSpec("Zero-init branches", "Initialisation", "z"),
    ] = False

    @property
    def branch_scale(self) -> float:
        """Factor on the residual branch of a scaled shortcut."""
        return self.shortcut_scale or 1.0 / math.sqrt(self.depth)

    @property
    def phi(self) -> ActivationChoice:
        """The activation of every hidden layer."""
        leaks = self.activation == "leaky_relu"
        return ActivationChoice(self.activation, self.leaky_slope) if leaks else ActivationChoice(self.activation)

    @property
    def span(self) -> int:
        """Layers from one join to the next; 1 without shortcuts."""
        return self.shortcut_span if self.shortcut != "none" else 1

    def rows(self) -> tuple[Row, ...]:
        """Return one row per hidden layer; on the path are those at whose output a shortcut joins."""
        slope = self.phi.slope
        inside, joined = (Row(on_path=joined, slope=slope, units=self.width) for joined in (False, True))
        layers = range(1, self.depth + 1)
        return tuple(joined if layer % self.span == 0 or layer == self.depth else inside for layer in layers)

    def shortcuts(self) -> tuple[Span, ...]:
        """Return the layers that each shortcut passes over, the one that it joins among them."""
        if self.shortcut == "none":
            return ()
        firsts = range(1, self.depth + 1, self.span)
        return tuple((first, min(first + self.span - 1, self.depth)) for first in firsts)

    @property
    def normalises_batches(self) -> bool:
        """Whether there is batch normalisation."""
        return self.normalization == "batch"

    @property
    def straight(self) -> bool:
        """Whether neither activation, nor gates, nor a normalisation within each sample bends."""
        return self.phi.slope == "straight" and self.shortcut != "highway" and self.normalization in ("none", "batch")

    @property
    def summary(self) -> str:
        """Depth, width, activation and shortcut."""
        words = [f"{self.depth} × {self.width}", in_words(self.activation)]
        if self.shortcut != "none":
            words.append(f"{in_words(self.shortcut)} shortcut")
        return " ".join(words)

    @property
    def slug(self) -> str:
        """Kind of shortcut, activation, depth and normalisation."""
        kind = "plain" if self.shortcut == "none" else f"residual-{self.shortcut}"
        norm = "" if self.normalization == "none" else f"-{self.normalization}-norm"
        return f"{kind}-{self.activation}-{self.depth}{norm}".replace("_", "-")

    @property
    def formula(self) -> str:
        """What one layer, or one block under a shortcut, computes from its input x."""
        name = "" if self.activation == "linear" else in_words(self.activation).replace(" ", "")
        drop = "dropout" if self.dropout else ""
        norm = "" if self.normalization == "none" else "norm"
        if self.shortcut == "pre_activation":
            layer = f"W {_around(drop, _around(name, _around(norm, 'x')))} + b"
        else:
            layer = _around(drop, _around(name, _around(norm, "W x + b")))
        bare = not name and self.shortcut not in ("none", "identity", "pre_activation")
        branch = f"({layer})" if bare else layer
        if self.span == 1:
            return "h = " + _JOINS[self.shortcut].format(branch=branch, scale=self.branch_scale)
        joined = _JOINS[self.shortcut].format(branch="F(x)", scale=self.branch_scale)
        return f"h = {joined}\nF: {self.shortcut_span} layers of {layer}"

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        starts = (self.initialization, self.input_initialization, self.head_initialization)
        joined, gaussian = self.shortcut != "none", self.initialization == "gaussian"
        rules = {
            "leaky_slope": (self.activation == "leaky_relu", "for leaky ReLU only"),
            "shortcut_span": (joined, "needs a shortcut"),
            "shortcut_scale": (self.shortcut == "scaled", "for the scaled shortcut only"),
            "uniform_range": ("uniform" in starts, "for uniform only"),
            "sigma_w": (gaussian, "for gaussian only"),
            "sigma_b": (gaussian, "for gaussian only"),
            "zero_init_branch": (joined, "needs a shortcut"),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}

    def conflict(self, batch_size: int) -> str:
        """Return why the network cannot be trained in batches of `batch_size`; empty if it can."""
        if self.normalization == "batch" and batch_size < 2:
            return "batch_size: 1 is not allowed with normalization = 'batch'; allowed: 2 to 4096"
        return ""


def _around(function: str, inner: str) -> str:
    return f"{function}({inner})" if function else inner
