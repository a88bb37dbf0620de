"""How the features of the data are scaled before a network is given them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment.data import Data

Floats = NDArray[np.float64]

MOST_AT_ONCE = 1 << 24


def scaling(inputs: Floats, data: Data) -> tuple[Floats, Floats]:
    """Return what to subtract from each feature of `inputs` [samples, features], and what to divide it by then."""
    if data.input_scaling == "raw":
        shift, divisor = np.zeros(inputs.shape[1]), np.ones(inputs.shape[1])
    else:
        shift, divisor = _moments(inputs) if data.input_scaling == "standardised" else _ends(inputs)
    return shift, divisor / data.input_factor


def _ends(inputs: Floats) -> tuple[Floats, Floats]:
    lowest, highest = inputs.min(0), inputs.max(0)
    return lowest, np.where(highest > lowest, highest - lowest, 1.0)


def _moments(inputs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what to subtract from each feature and what to divide it by: mean and standard deviation where it varies.

    A constant feature has a mean that may be off by its last bit and a deviation of that size: divided by it, nothing
    would become 1.
    """
    spread = _deviations(inputs)
    varies = (inputs != inputs[0]).any(0) & (spread > 0)
    return np.where(varies, inputs.mean(0), inputs[0]), np.where(varies, spread, 1.0)


def _deviations(inputs: Floats) -> Floats:
    """Return the standard deviation of each feature, of large data some samples at a time: NumPy makes a copy."""
    if inputs.size <= MOST_AT_ONCE:
        spread: Floats = inputs.std(0)
        return spread
    mean, squares = inputs.mean(0), np.zeros(inputs.shape[1])
    some = max(MOST_AT_ONCE // inputs.shape[1], 1)
    for first in range(0, len(inputs), some):
        squares += np.square(inputs[first : first + some] - mean).sum(0)
    return np.sqrt(squares / len(inputs))
