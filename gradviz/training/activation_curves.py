"""The activations as curves: phi and phi' over a range, in float64, by the same kernels that train."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gradviz.experiment import ActivationChoice
from gradviz.network.activation_kernels import activation
from gradviz.recording.activations import ActivationCurve

# every derivative here has come within 1e-12 of what it tends to by then
REACH = 30
PLACES_PER_UNIT = 100


def activation_curve(choice: ActivationChoice, x: NDArray[np.float64] | None = None) -> ActivationCurve:
    """Return the curves of `choice` at the places `x`, or at every hundredth from -30 to 30."""
    places = default_places() if x is None else x
    kind = activation(choice)
    z = torch.from_numpy(places)
    steepest = kind.steepest
    return ActivationCurve(
        name=kind.name,
        x=places,
        phi=kind.function(z).numpy(),
        derivative=kind.derivative(z).numpy(),
        supremum=steepest.supremum,
        steepest=(steepest.low, steepest.high),
        attained=steepest.attained,
        where=steepest.where,
    )


def default_places() -> NDArray[np.float64]:
    """Return the places from -30 to 30 in steps of 0.01, each the float next to its decimal; 0 among them."""
    count = REACH * PLACES_PER_UNIT
    return np.arange(-count, count + 1) / PLACES_PER_UNIT
