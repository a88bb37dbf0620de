"""Round numbers around a span, and the unit in which they are written."""

from __future__ import annotations

import math
import sys

from gradviz.plots.parts.limits import Span

LOG10_2 = math.log10(2.0)
# where an axis may end
ENDS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
# numbers of these sizes are written as they are, others in units of a power of ten
SMALLEST_PLAIN, LARGEST_PLAIN = 1e-3, 1e5
# what differs by less of its size cannot be told apart on an axis
NARROWEST = 1e-6


def decades_around(span: Span) -> Span:
    """Return whole decades around `span`, exponents of ten, at least one."""
    low, high = math.floor(span[0]), math.ceil(span[1])
    return float(low), float(max(high, low + 1))


def ends_around(span: Span) -> Span:
    """Return round numbers around `span`, which take in zero where that is not far."""
    low, high = span
    half = high / 2 - low / 2
    if half <= NARROWEST * max(abs(low), abs(high)):
        # next to nothing is spread; what there is stands in the middle
        half = max(abs(low), abs(high), 1e-300) / 2
        return low - half, high + half
    if low > 2 * half or high < -2 * half:
        # too far from zero for that to be on the axis
        leap = 10.0 ** math.floor(math.log10(half) + LOG10_2)
        return _finite(math.floor(low / leap) * leap), _finite(math.ceil(high / leap) * leap)
    return -_end_above(-low), _end_above(high)


def _end_above(value: float) -> float:
    """Return the next of ENDS, times a power of ten, at or above `value`; 0 for what is not positive."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(value))
    # the last is there for logarithms that rounded up
    return _finite(next((end * unit for end in ENDS if end * unit >= value), 10.0 * unit))


def _finite(value: float) -> float:
    """Return `value`, or the largest float in its place if it is beyond that."""
    return min(max(value, -sys.float_info.max), sys.float_info.max)


def unit_of(reach: float) -> float:
    """Return the power of ten in units of which numbers up to `reach` are written."""
    return 1.0 if SMALLEST_PLAIN <= reach < LARGEST_PLAIN else 10.0 ** math.floor(math.log10(reach))
