"""How a value rises and falls from the last row to the first: ranges and rates, robust against single rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# fewer values than this are taken as they are
SMOOTHED_FROM = 5


@dataclass(frozen=True, slots=True)
class Drift:
    """By how many decades (never negative) a value changes on its way from row `begin` down to row `end`.

    `rate` is decades per row, positive in the direction that was asked for; `steepest` is the row in which most of it
    happens, and `largest_step` how many decades that is.
    """

    decades: float
    begin: int
    end: int
    rate: float
    steepest: int
    largest_step: float

    @property
    def even(self) -> bool:
        """Whether the rate tells what happened: from row to row, not in one place."""
        span = self.begin - self.end
        in_one_place = span > 2 and self.largest_step > 0.5 * self.decades
        return not in_one_place and 0.5 <= self.rate * span / max(self.decades, 1e-9) <= 2.0


def largest_fall(numbers: NDArray[np.int64], values: NDArray[np.float64]) -> Drift | None:
    """Return the largest fall of `values` (log10, finite) towards the input; None for fewer than two rows.

    It begins at the highest point before its end, coming from the output. The row `numbers` ascend.
    """
    if values.size < 2:
        return None
    way, back = _without_outliers(values)[::-1], numbers[::-1]
    fall = np.maximum.accumulate(way) - way
    end = int(np.argmax(fall))
    begin = int(np.flatnonzero(way[: end + 1] == way[: end + 1].max())[-1])
    low, high = values.size - 1 - end, values.size - begin
    steps = np.diff(values[low:high])
    return Drift(
        decades=float(fall[end]),
        begin=int(back[begin]),
        end=int(back[end]),
        rate=rate(numbers[low:high], values[low:high]),
        steepest=int(numbers[low + 1 + int(np.argmax(steps))]) if steps.size else int(back[begin]),
        largest_step=float(steps.max()) if steps.size else 0.0,
    )


def largest_rise(numbers: NDArray[np.int64], values: NDArray[np.float64]) -> Drift | None:
    """Return the largest growth of `values` towards the input, as `largest_fall` does."""
    return largest_fall(numbers, -values)


def rate(numbers: NDArray[np.int64], values: NDArray[np.float64]) -> float:
    """Return the slope of `values` over ascending row `numbers`: their fall per row towards the input; 0 for one row.

    The median slope of the pairs half the range apart (Theil 1950, the incomplete method): exact on a line, unmoved by
    up to a quarter of the rows, and linear in their number where all pairs would be quadratic.
    """
    half = values.size // 2
    if half == 0:
        return 0.0
    slopes = (values[half:] - values[:-half]) / (numbers[half:] - numbers[:-half])
    # the median, which numpy's own function takes ten times as long for
    low, high = (slopes.size - 1) // 2, slopes.size // 2
    middle = np.partition(slopes, (low, high))
    return float(0.5 * (middle[low] + middle[high]))


def _without_outliers(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the running median of three; the two ends stay."""
    if values.size < SMOOTHED_FROM:
        return values
    left, middle, right = values[:-2], values[1:-1], values[2:]
    smooth = values.copy()
    smooth[1:-1] = np.maximum(np.minimum(left, middle), np.minimum(np.maximum(left, middle), right))
    return smooth
