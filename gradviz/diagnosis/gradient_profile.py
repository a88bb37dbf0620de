"""The gradient from the last layer to the first: as much of it as is known, and where it ends for good.

It is followed at the layers where shortcuts arrive, because inside a scaled residual branch a smaller gradient is
meant. The delivered gradient is used where floating point kept all of it, else the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.readings import EXACT, GRADIENT, Gradients, Mask, Readings, Row
from gradviz.experiment import Experiment, stack_of

# a gradient that ends higher above the smallest normal number than this did not sink through the floor: it was cut off
CUT_OFF_DECADES = 3.0


@dataclass(frozen=True, slots=True)
class Profile:
    """The finite part of the gradient along the spine, log10, ascending layers; `quantity` says which of the two."""

    layers: NDArray[np.int64]
    values: Row
    step: int
    quantity: str


def profile_of(readings: Readings, gradients: Gradients) -> Profile | None:
    """Return the gradient along the spine; None if there is none, or nothing of it is finite."""
    delivered, exact = gradients.delivered, gradients.exact
    if delivered is not None:
        kept = np.isfinite(delivered.row) & (delivered.row >= readings.floor)
        if exact is None or kept[readings.spine].all():
            return _profile(readings, kept, delivered.row, delivered.step, GRADIENT)
    if exact is not None:
        return _profile(readings, np.isfinite(exact.row), exact.row, exact.step, EXACT)
    return None


def cut_off(readings: Readings) -> int | None:
    """Return the highest layer whose gradient is zero in mathematics, too: none gets past the layers above it.

    None if there is no such layer, or if it is the last: then there is nothing to hand down in the first place.
    Without an exact measurement a gradient that ends far above the smallest number counts as cut off.
    """
    delivered, exact = readings.now.delivered, readings.now.exact
    if delivered is None:
        return None
    zero = np.isneginf(delivered.row) & readings.spine
    if exact is not None:
        zero &= np.isneginf(exact.row)
    if not zero.any():
        return None
    highest = int(np.flatnonzero(zero)[-1])
    above = np.flatnonzero(readings.spine[highest + 1 :])
    if not above.size:
        return None
    last_value = delivered.row[highest + 1 + above[0]]
    if exact is None and not last_value > readings.floor + CUT_OFF_DECADES:
        return None
    return int(readings.layers[highest])


def units_are_to_blame(readings: Readings) -> bool:
    """Whether a gradient that is cut off ends at units without a slope: they can be, and no weights are all zero."""
    weights = readings.weights
    weightless = weights is not None and bool(np.isneginf(weights.row).any())
    return not weightless and (can_die(readings.experiment) or can_saturate(readings.experiment))


def can_die(experiment: Experiment) -> bool:
    """Whether a unit can have no slope at all: ReLU, and leaky ReLU that does not leak."""
    return stack_of(experiment).activation == "relu" or (
        stack_of(experiment).activation == "leaky_relu" and stack_of(experiment).leaky_slope == 0.0
    )


def can_saturate(experiment: Experiment) -> bool:
    """Whether the slope can fade without being zero: not for what is made of straight lines."""
    return stack_of(experiment).activation not in ("linear", "relu", "leaky_relu")


def _profile(readings: Readings, kept: Mask, row: Row, step: int, quantity: str) -> Profile | None:
    kept = kept & readings.spine
    return Profile(readings.layers[kept], row[kept], step, quantity) if kept.any() else None
