"""The Transformer: blocks of attention and MLP over the tokens of a sample, each with or without norm and shortcut."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gradviz.experiment.activations import Activation, ActivationChoice
from gradviz.experiment.fields import FieldSpec
from gradviz.experiment.networks.network_recipe import NetworkRecipe
from gradviz.experiment.rows import Row, Span
from gradviz.experiment.words import in_words

Norm = Literal["before", "after", "none"]
Shortcut = Literal["none", "identity", "rezero", "layer_scale", "deepnorm"]
Initialization = Literal["glorot_uniform", "glorot_normal", "pytorch_default", "lecun_normal", "orthogonal"]

# the two sub-layers of a block, in the order in which the signal passes them; the names of their modules
SUBLAYERS = ("attention", "mlp")

_JOINS = {
    "none": "F(x)",
    "identity": "x + F(x)",
    "rezero": "x + α F(x), α = 0 at first",
    "layer_scale": "x + γ ⊙ F(x), γ = {gamma:g} at first",
    "deepnorm": "{alpha:.3g} x + F(x)",
}


class Transformer(NetworkRecipe):
    """Blocks of two sub-layers: what tokens tell each other (attention), and what each makes of it (MLP)."""

    architecture: ClassVar[str] = "transformer"

    depth: Annotated[
        int,
        Field(description="Blocks of attention and MLP, counted from 1 next to the input", ge=1, le=200),
        FieldSpec("Depth", "Network", "d", "blocks", logarithmic=True, role="depth"),
    ] = 12
    activation: Annotated[
        Activation,
        Field(description="Function between the two layers of every MLP"),
        FieldSpec("Activation", "Network", "a", role="activation"),
    ] = "gelu"
    leaky_slope: Annotated[
        float,
        Field(description="Slope of leaky ReLU for negative inputs", ge=0.0, le=1.0),
        FieldSpec("Leaky slope", "Network", "ls"),
    ] = 0.01
    norm: Annotated[
        Norm,
        Field(
            description="Where layer normalisation stands: before a sub-layer, inside of its branch (pre-norm); after "
            "the join with the shortcut (post-norm, as in Vaswani et al. 2017); or nowhere"
        ),
        FieldSpec("Layer norm", "Network", "np"),
    ] = "before"
    shortcut: Annotated[
        Shortcut,
        Field(
            description="How a sub-layer's input x reaches its output: none; identity, x + F(x); rezero, x + a F(x) "
            "with a learnt and 0 at first (Bachlechner et al. 2021); layer_scale, x + g F(x) with a learnt factor g "
            "for each unit (Touvron et al. 2021); deepnorm, (2 depth)^(1/4) x + F(x) with smaller first weights (Wang "
            "et al. 2022; made for layer norm after)"
        ),
        FieldSpec("Shortcut", "Network", "s", role="shortcut"),
    ] = "identity"
    layer_scale: Annotated[
        float,
        Field(description="What the factors of a LayerScale branch are at first", gt=0.0, le=10.0),
        FieldSpec("Branch scale", "Network", "lg", logarithmic=True),
    ] = 0.1
    width: Annotated[
        int,
        Field(description="Units of every token", ge=2, le=1024),
        FieldSpec("Width", "Network", "w", "units"),
    ] = 16
    heads: Annotated[
        int,
        Field(
            description="Attention heads; each has width / heads units, rounded down, and at least one",
            ge=1,
            le=64,
        ),
        FieldSpec("Heads", "Network", "h", "heads"),
    ] = 2
    mlp_ratio: Annotated[
        int,
        Field(description="Units inside of every MLP, as a multiple of the width", ge=1, le=8),
        FieldSpec("MLP ratio", "Network", "mr"),
    ] = 2
    patch: Annotated[
        int,
        Field(
            description="Pixels on each side of the squares that a picture is cut into, one token each; of other "
            "samples every number, or every character, is a token",
            ge=1,
            le=32,
        ),
        FieldSpec("Patch", "Network", "pt", "pixels"),
    ] = 2

    initialization: Annotated[
        Initialization,
        Field(
            description="Distribution of the first weights of all blocks, whose biases are zero; what is before and "
            "behind them is always LeCun normal"
        ),
        FieldSpec("Initialisation", "Initialisation", "i"),
    ] = "glorot_uniform"

    @property
    def phi(self) -> ActivationChoice:
        """The activation of every MLP."""
        leaks = self.activation == "leaky_relu"
        return ActivationChoice(self.activation, self.leaky_slope) if leaks else ActivationChoice(self.activation)

    @property
    def head_width(self) -> int:
        """Units of one attention head."""
        return max(1, self.width // self.heads)

    @property
    def deepnorm_alpha(self) -> float:
        """Factor on the shortcut of DeepNorm, for an encoder (Wang et al. 2022, table 2)."""
        return float((2 * self.depth) ** 0.25)

    @property
    def deepnorm_beta(self) -> float:
        """Factor on the first weights under DeepNorm, those of queries and keys excepted."""
        return float((8 * self.depth) ** -0.25)

    @property
    def starts_silent(self) -> bool:
        """Whether every branch adds exactly nothing at first, so that no gradient reaches the weights inside."""
        return self.shortcut == "rezero"

    def rows(self) -> tuple[Row, ...]:
        """Return one row for each sub-layer, all of them on the path: a row is handed on with its shortcut joined."""
        slopes = {"attention": None, "mlp": self.phi.slope}
        return tuple(
            Row(f"block{block}.{part}", f"block{block}", slope=slopes[part], units=self.width)
            for block in range(1, self.depth + 1)
            for part in SUBLAYERS
        )

    def shortcuts(self) -> tuple[Span, ...]:
        """Return the rows that each shortcut passes over: a single sub-layer."""
        rows = range(1, 2 * self.depth + 1) if self.shortcut != "none" else ()
        return tuple((row, row) for row in rows)

    @property
    def summary(self) -> str:
        """Blocks, width, and what is special."""
        norm = {"before": "pre-norm", "after": "post-norm", "none": "no norm"}[self.norm]
        words = [f"Transformer {self.depth} × {self.width}", in_words(self.activation), norm]
        if self.shortcut != "identity":
            words.append("no shortcut" if self.shortcut == "none" else in_words(self.shortcut))
        return " ".join(words)

    @property
    def slug(self) -> str:
        """Kind and depth."""
        norm = {"before": "pre-norm", "after": "post-norm", "none": "no-norm"}[self.norm]
        return f"transformer-{norm}-{self.depth}"

    @property
    def formula(self) -> str:
        """What one sub-layer computes from its input x."""
        joined = _JOINS[self.shortcut].format(gamma=self.layer_scale, alpha=self.deepnorm_alpha)
        given = "norm(x)" if self.norm == "before" else "x"
        whole = f"h = norm({joined})" if self.norm == "after" else f"h = {joined}"
        return f"{whole}\nF: attention({given}), then {in_words(self.activation)} MLP({given})"

    def inapplicable(self) -> dict[str, str]:
        """Return the fields that have no effect given the others, each with the reason in words."""
        rules = {
            "leaky_slope": (self.activation == "leaky_relu", "for leaky ReLU only"),
            "layer_scale": (self.shortcut == "layer_scale", "for layer_scale only"),
        }
        return {name: reason for name, (holds, reason) in rules.items() if not holds}
