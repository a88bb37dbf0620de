"""What is known of an activation by itself, apart from any run: its curves and its cost. Plain numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BYTES_PER_ELEMENT = 4
# a kernel reads the gradient and one more array, and writes a third
ARRAYS_AT_WORK = 3
REFERENCE = "relu"


@dataclass(frozen=True, slots=True, eq=False)
class ActivationCurve:
    """An activation phi and its derivative at the places `x` [points], which rise in even steps.

    `supremum` is the least upper bound of |phi'|. It belongs to every x in `steepest` (low, high), one place where both
    are the same, and `where` says so in words. It is taken there if it is `attained`, else only approached:
    `steepest` is then the limit, which may be infinite.
    """

    name: str
    x: Floats
    phi: Floats
    derivative: Floats
    supremum: float
    steepest: tuple[float, float]
    attained: bool
    where: str

    def nearest(self, x: float) -> int:
        """Return the index of the place next to `x`."""
        low, high = float(self.x[0]), float(self.x[-1])
        return round((min(max(x, low), high) - low) / (high - low) * (len(self.x) - 1))


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements: their median, and the quartiles between which half of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Spread:
        """Return the spread of `values` [measurements]."""
        low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
        return cls(float(median), float(low), float(high))


@dataclass(frozen=True, slots=True)
class ActivationCost:
    """What the activation `name` costs per element of arrays of `size` elements, in nanoseconds.

    Divided by ReLU's cost round by round, so that what slows a whole round down leaves the ratio alone, it is
    `forward_ratio` and `backward_ratio`. At size 1 it is the cost of the call.
    """

    name: str
    size: int
    forward_ns: Spread
    backward_ns: Spread
    forward_ratio: Spread
    backward_ratio: Spread


@dataclass(frozen=True, slots=True)
class ActivationCosts:
    """The costs of all activations on one device, after `rounds` rounds of measuring all of them.

    `cache_bytes` is the size of the device's largest cache; None where the system does not tell.
    """

    device: str
    threads: int
    cache_bytes: int | None
    rounds: int
    rows: tuple[ActivationCost, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of elements that were measured, the smallest first."""
        return tuple(sorted({row.size for row in self.rows}))

    def at(self, size: int) -> dict[str, ActivationCost]:
        """Return what was measured with `size` elements, by activation."""
        return {row.name: row for row in self.rows if row.size == size}

    def fit_in_words(self, size: int) -> str:
        """Say how much memory arrays of `size` elements take together, and whether they fit the cache, if known."""
        taken = ARRAYS_AT_WORK * BYTES_PER_ELEMENT * size
        if self.cache_bytes is None:
            return memory_in_words(taken)
        fits = "fit" if taken <= self.cache_bytes else "do not fit"
        return f"{memory_in_words(taken)} {fits} the cache of {memory_in_words(self.cache_bytes)}"


def elements_in_words(size: int) -> str:
    """Return what to call arrays of `size` elements."""
    return "1 element: the call itself" if size == 1 else f"{size:,} elements"


def memory_in_words(amount: int) -> str:
    """Return `amount` bytes in the largest unit of which there is at least one."""
    for factor, unit in ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if amount >= factor:
            return f"{amount / factor:.3g} {unit}"
    return f"{amount} B"
