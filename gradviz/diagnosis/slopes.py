"""How a value rises and falls from the last layer to the first: ranges and rates, robust against single layers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# fewer values than this are taken as they are
SMOOTHED_FROM = 5


@dataclass(frozen=True, slots=True)
class Drift:
    """By how many decades (never negative) a value changes on its way from layer `begin` down to layer `end`.

    `rate` is decades per layer, positive in the direction that was asked for; `steepest` the layer in which
    most of it happens, and `step` by how many decades.
    """

    decades: float
    begin: int
    end: int
    rate: float
    steepest: int
    step: float

    @property
    def even(self) -> bool:
        """Whether the rate tells what happened: from layer to layer, not in one place."""
        span = self.begin - self.end
        in_one_place = span > 2 and self.step > 0.5 * self.decades
        return not in_one_place and 0.5 <= self.rate * span / max(self.decades, 1e-9) <= 2.0

    def in_words(self, *, forward: bool = False) -> str:
        """Say by how much, and from where to where: towards the input, or `forward`."""
        first, last = (self.end, self.begin) if forward else (self.begin, self.end)
        if self.even:
            return (
                f"by {self.rate:.2g} decades per layer from layer {first} to layer {last}, by {self.decades:.1f} "
                "decades in all"
            )
        return (
            f"by {self.decades:.1f} decades from layer {first} to layer {last}, the most of it in layer {self.steepest}"
        )


def largest_fall(layers: NDArray[np.int64], values: NDArray[np.float64]) -> Drift | None:
    """Return the largest fall of `values` (log10, finite) towards the input; None for fewer than two layers.

    It begins at the highest point before its end, coming from the output. `layers` ascend.
    """
    if values.size < 2:
        return None
    way, numbers = _without_outliers(values)[::-1], layers[::-1]
    fall = np.maximum.accumulate(way) - way
    end = int(np.argmax(fall))
    begin = int(np.flatnonzero(way[: end + 1] == way[: end + 1].max())[-1])
    low, high = values.size - 1 - end, values.size - begin
    steps = np.diff(values[low:high])
    return Drift(
        decades=float(fall[end]),
        begin=int(numbers[begin]),
        end=int(numbers[end]),
        rate=rate(layers[low:high], values[low:high]),
        steepest=int(layers[low + 1 + int(np.argmax(steps))]) if steps.size else int(numbers[begin]),
        step=float(steps.max()) if steps.size else 0.0,
    )


def largest_rise(layers: NDArray[np.int64], values: NDArray[np.float64]) -> Drift | None:
    """Return the largest growth of `values` towards the input, as `largest_fall` does."""
    return largest_fall(layers, -values)


def rate(layers: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Return the slope of `values` over ascending `layers`: their fall per layer towards the input; 0 for one layer.

    The median slope of the pairs half the range apart (Theil 1950, the incomplete method): exact on a line, unmoved by
    up to a quarter of the layers, and linear in their number where all pairs would be quadratic.
    """
    half = values.size // 2
    if half == 0:
        return 0.0
    return float(np.median((values[half:] - values[:-half]) / (layers[half:] - layers[:-half])))


def _without_outliers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running median of three; the two ends stay."""
    if values.size < SMOOTHED_FROM:
        return values
    left, middle, right = values[:-2], values[1:-1], values[2:]
    smooth = values.copy()
    smooth[1:-1] = np.maximum(np.minimum(left, middle), np.minimum(np.maximum(left, middle), right))
    return smooth
