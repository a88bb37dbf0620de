"""The activations by name: what each is called and what its slope can do. Kernels are in `gradviz.network`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gradviz.experiment.rows import Slope


@dataclass(frozen=True, slots=True)
class ActivationSpec:
    """`label` as a person writes it, also inside of a formula; `slope` as in `Row`."""

    label: str
    slope: Slope | None = "saturates"


ACTIVATIONS: Mapping[str, ActivationSpec] = {
    "linear": ActivationSpec("linear", "straight"),
    "sigmoid": ActivationSpec("sigmoid"),
    "tanh": ActivationSpec("tanh"),
    "relu": ActivationSpec("ReLU", "dies"),
    "leaky_relu": ActivationSpec("leaky ReLU", None),
    "elu": ActivationSpec("ELU"),
    "selu": ActivationSpec("SELU"),
    "silu": ActivationSpec("SiLU"),
    "gelu": ActivationSpec("GELU"),
    "softplus": ActivationSpec("softplus"),
    "mish": ActivationSpec("Mish"),
}

if TYPE_CHECKING:
    Activation = str
else:
    Activation = Literal[tuple(ACTIVATIONS)]


def slope_of(activation: str, leaky_slope: float) -> Slope | None:
    """Return what the slope of `activation` can do; a leak of 0 makes leaky ReLU an ordinary one, one of 1 a line."""
    if activation == "leaky_relu":
        return {0.0: "dies", 1.0: "straight"}.get(leaky_slope)  # type: ignore[return-value]
    return ACTIVATIONS[activation].slope
