"""The gradient from the last row to the first: as much of it as is known, and where it ends for good.

It is followed along the path only, because inside a scaled residual branch a smaller gradient is meant. The delivered
gradient is used where floating point kept all of it, else the exact one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.measurements import Flow
from gradviz.diagnosis.readings import EXACT, GRADIENT, Mask, Readings, Values

# a gradient that ends higher above the smallest normal number than this did not sink through the floor: it was cut off
CUT_OFF_DECADES = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The finite part of the gradient along the path, log10, by row number; `quantity` says which of the two."""

    numbers: NDArray[np.int64]
    values: Values
    step: int
    quantity: str


def profile_of(readings: Readings, flow: Flow) -> Profile | None:
    """Return the gradient along the path; None if nothing of it is finite."""
    delivered, exact = flow.delivered, flow.exact
    if delivered is not None:
        kept = np.isfinite(delivered.values) & (delivered.values >= readings.floor)
        if exact is None or kept[readings.path].all():
            return _profile(readings, kept, delivered.values, delivered.step, GRADIENT)
    if exact is not None:
        return _profile(readings, np.isfinite(exact.values), exact.values, exact.step, EXACT)
    return None


def cut_off(readings: Readings, flow: Flow) -> int | None:
    """Return the highest row whose gradient is zero in mathematics, too: none gets past the rows above it.

    None if there is no such row, or if it is the last: then there is nothing to hand down in the first place. Without
    an exact measurement a gradient that ends far above the smallest number counts as cut off.
    """
    delivered, exact = flow.delivered, flow.exact
    if delivered is None:
        return None
    zero = np.isneginf(delivered.values) & readings.path
    if exact is not None:
        zero &= np.isneginf(exact.values)
    if not zero.any():
        return None
    highest = int(np.flatnonzero(zero)[-1])
    above = np.flatnonzero(readings.path[highest + 1 :])
    if not above.size:
        return None
    last_value = delivered.values[highest + 1 + above[0]]
    if exact is None and not last_value > readings.floor + CUT_OFF_DECADES:
        return None
    return int(readings.numbers[highest])


def units_to_blame(readings: Readings, cut: int) -> str | None:
    """Return what units above `cut` do (die, saturate) if they end the gradient there; None where zero weights do."""
    weights = readings.weights
    if weights is not None and (np.isneginf(weights.values) & readings.asked).any():
        return None
    slope = readings.rows[cut].slope
    return slope if slope in ("dies", "saturates") else None


def _profile(readings: Readings, kept: Mask, values: Values, step: int, quantity: str) -> Profile | None:
    kept = kept & readings.path
    return Profile(readings.numbers[kept], values[kept], step, quantity) if kept.any() else None
