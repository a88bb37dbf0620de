"""The activations by name: what each is called and what its slope can do. Kernels are in `gradviz.network`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gradviz.experiment.rows import Slope


@dataclass(frozen=True, slots=True)
class ActivationSpec:
    """`label` as a person writes it, also inside of a formula; `slope` as in `Row`.

    `suited` is the initialisation whose weight variance keeps the signal level: He et al. 2015 for what lets half of it
    through, Glorot & Bengio 2010 for what is steep around zero, LeCun for SELU (Klambauer et al. 2017); None where
    nothing of the kind exists. `zero_mean` says that what it puts out for symmetric inputs has a mean of zero.
    """

    label: str
    slope: Slope | None = "saturates"
    suited: str | None = "he_normal"
    zero_mean: bool = False


@dataclass(frozen=True, slots=True)
class ActivationChoice:
    """The activation of a network: one of `ACTIVATIONS`, and the slope of leaky ReLU below zero."""

    name: str
    leaky_slope: float = 0.01

    @property
    def slope(self) -> Slope | None:
        """What its slope can do; a leak of 0 makes leaky ReLU an ordinary one, one of 1 a line."""
        if self.name == "leaky_relu":
            return _LEAKS.get(self.leaky_slope)
        return ACTIVATIONS[self.name].slope


_LEAKS: Mapping[float, Slope] = {0.0: "dies", 1.0: "straight"}

ACTIVATIONS: Mapping[str, ActivationSpec] = {
    "linear": ActivationSpec("linear", "straight", suited="orthogonal", zero_mean=True),
    "sigmoid": ActivationSpec("sigmoid", suited=None),
    "tanh": ActivationSpec("tanh", suited="glorot_normal", zero_mean=True),
    "relu": ActivationSpec("ReLU", "dies"),
    "leaky_relu": ActivationSpec("leaky ReLU", None),
    "prelu": ActivationSpec("PReLU", None),
    "elu": ActivationSpec("ELU"),
    "selu": ActivationSpec("SELU", suited="lecun_normal"),
    "silu": ActivationSpec("SiLU"),
    "gelu": ActivationSpec("GELU"),
    "softplus": ActivationSpec("softplus"),
    "mish": ActivationSpec("Mish"),
}

if TYPE_CHECKING:
    Activation = str
else:
    Activation = Literal[tuple(ACTIVATIONS)]
