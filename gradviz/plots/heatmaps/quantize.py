"""From a measured value to the index of its colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.colour_indices import (
    ABOVE,
    BELOW,
    COLOURS,
    EXACTLY_ZERO,
    FIRST_COLOUR,
    NOT_FINITE,
    NOT_MEASURED,
)

HALF = 0.5


def quantize(
    values: NDArray[np.floating[Any]], measured: NDArray[np.bool_], low: float, high: float, *, logarithmic: bool
) -> NDArray[np.uint8]:
    """Return the indices, uint8 [columns, layers], of `values` [columns, layers].

    Of them those hold that were `measured`: [columns], or [columns, layers] where layers differ.

    `low` gets the first colour and `high` the last; what lies beyond them by more than half a colour is BELOW or ABOVE.
    Minus infinity is an exact zero where values are logarithms; every other value that is not finite is NOT_FINITE.
    """
    number = values.dtype.type
    # far outside narrow limits the position overflows to infinity, which the clipping turns back
    with np.errstate(over="ignore"):
        position = (values - number(low)) * number((COLOURS - 1) / (high - low))
    finite = np.isfinite(values)
    if finite.all():
        indices = _nearest(position)
    else:
        indices = _nearest(np.where(finite, position, number(0)))
        indices[~finite] = NOT_FINITE
        if logarithmic:
            indices[np.isneginf(values)] = EXACTLY_ZERO
    indices[~measured] = NOT_MEASURED
    return indices


def _nearest(position: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    below, above = position < -HALF, position > COLOURS - 1 + HALF
    np.clip(position, 0, COLOURS - 1, out=position)
    np.rint(position, out=position)
    indices = position.astype(np.uint8)
    indices += np.uint8(FIRST_COLOUR)
    indices[below], indices[above] = BELOW, ABOVE
    return indices
