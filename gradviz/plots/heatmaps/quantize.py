"""From a measured value to the index of its colour."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.colour_indices import COLOURS, EXACTLY_ZERO, FIRST_COLOUR, NOT_FINITE, NOT_MEASURED


def quantize(
    values: NDArray[np.floating[Any]], measured: NDArray[np.bool_], low: float, high: float, *, logarithmic: bool
) -> NDArray[np.uint8]:
    """Return the indices, uint8 [columns, layers], of `values` [columns, layers].

    Of them those hold that were `measured`: [columns], or [columns, layers] where layers differ.

    `low` gets the first colour and `high` the last, what lies beyond them the nearest. Minus infinity is an exact zero
    where values are logarithms; every other value that is not finite is NOT_FINITE.
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
    np.clip(position, 0, COLOURS - 1, out=position)
    np.rint(position, out=position)
    indices = position.astype(np.uint8)
    indices += np.uint8(FIRST_COLOUR)
    return indices
