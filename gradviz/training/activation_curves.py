"""The activations as curves: phi and phi' over a range, in float64, by the same kernels that train."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from gradviz.experiment import ActivationChoice
from gradviz.network.stack.activation_kernels import activation
from gradviz.recording.activations import ActivationCurve

# every derivative here has come within 1e-12 of what it tends to by then
REACH = 30
PLACES_PER_UNIT = 100

_EVERYWHERE = (-math.inf, math.inf), True, "at every x"
_RIGHT_SIDE = (0.0, math.inf), True, "at every x > 0"
_AT_ZERO = (0.0, 0.0), True, "at x = 0"

# Where |phi'| takes its supremum: the interval, whether it is taken or only approached there, and that in words.
# SiLU and Mish are steepest where their second derivative is zero, which has no closed form.
_STEEPEST: dict[str, tuple[tuple[float, float], bool, str]] = {
    "linear": _EVERYWHERE,
    "sigmoid": _AT_ZERO,
    "tanh": _AT_ZERO,
    "relu": _RIGHT_SIDE,
    "leaky_relu": _RIGHT_SIDE,
    "elu": _RIGHT_SIDE,
    "selu": ((0.0, 0.0), False, "approached as x → 0 from below"),
    "silu": ((2.3993572805154677,) * 2, True, "at x = 2.399"),
    "gelu": ((math.sqrt(2),) * 2, True, "at x = √2"),
    "softplus": ((math.inf,) * 2, False, "approached as x → ∞"),
    "mish": ((1.4905711794854285,) * 2, True, "at x = 1.491"),
}


def activation_curve(choice: ActivationChoice, x: NDArray[np.float64] | None = None) -> ActivationCurve:
    """Return the curves of `choice` at the places `x`, or at every hundredth from -30 to 30."""
    places = default_places() if x is None else x
    kind = activation(choice)
    z = torch.from_numpy(places)
    interval, attained, where = _steepest(choice)
    return ActivationCurve(
        name=kind.name,
        x=places,
        phi=kind.function(z).numpy(),
        derivative=kind.derivative(z).numpy(),
        supremum=kind.supremum,
        steepest=interval,
        attained=attained,
        where=where,
    )


def default_places() -> NDArray[np.float64]:
    """Return the places from -30 to 30 in steps of 0.01, each the float next to its decimal; 0 among them."""
    count = REACH * PLACES_PER_UNIT
    return np.arange(-count, count + 1) / PLACES_PER_UNIT


def _steepest(choice: ActivationChoice) -> tuple[tuple[float, float], bool, str]:
    if choice.name == "leaky_relu" and choice.leaky_slope == 1.0:
        return _EVERYWHERE
    return _STEEPEST[choice.name]
