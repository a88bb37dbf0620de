"""Modules of a watched network in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_NAMED = 3
_ROUND = {-6: "a millionth", -9: "a billionth", -3: "a thousandth"}


def modules(names: tuple[str, ...], layers: NDArray[np.int64]) -> str:
    """Name ascending layer numbers by their modules: `a, b and c`, or `a, b and 5 more modules`."""
    told = [names[layer - 1] for layer in layers]
    if len(told) > MOST_NAMED:
        return f"{', '.join(told[: MOST_NAMED - 1])} and {len(told) - MOST_NAMED + 1:,} more modules"
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def share_of(decades: float) -> str:
    """Say what part of something lies so many decades below it: `a millionth`, `1/30,000`."""
    for exponent, words in _ROUND.items():
        if abs(decades + exponent) < 0.15:
            return words
    if decades > 9:
        return f"{decades:.0f} decades below"
    # two digits at most: nobody wants to know more about it
    number = float(f"{10.0**decades:.1e}")
    return f"1/{number:,.0f}"
