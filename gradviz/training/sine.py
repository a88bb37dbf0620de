"""A number to be learnt from a number: the smallest regression that needs a hidden layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# either side of zero
PERIODS = 1


def sine(samples: int, noise: float, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x [samples, 1], drawn evenly over two periods, and sin x [samples] with Gaussian noise added."""
    x = rng.uniform(-2.0 * np.pi * PERIODS, 2.0 * np.pi * PERIODS, samples)
    return x[:, None], np.sin(x) + noise * rng.standard_normal(samples)
