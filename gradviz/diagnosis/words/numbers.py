"""Numbers and lists as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradviz.counting import counted as counted
from gradviz.recording.powers import scientific

# between these powers of ten a number is written out
SMALLEST_WRITTEN_OUT, LARGEST_WRITTEN_OUT = -3.0, 5.0
_PARTS = {3: "a thousandth", 6: "a millionth", 9: "a billionth"}
_FOLDS = {10.0: "tenfold", 100.0: "a hundredfold", 1000.0: "a thousandfold"}


def power(log10: float) -> str:
    """Return 10 to the power of `log10` with two digits, however far beyond every float: 0.032, 3.2e-600."""
    if math.isnan(log10):
        return "not a number"
    if math.isinf(log10):
        return "infinite" if log10 > 0 else "exactly zero"
    if SMALLEST_WRITTEN_OUT <= log10 < LARGEST_WRITTEN_OUT:
        return plain(float(f"{10.0**log10:.2g}"))
    mantissa, exponent = scientific(log10, digits=1).split("e")
    return f"{mantissa}e{int(exponent)}"


def plain(value: float) -> str:
    """Return a number with three digits as a person writes it; words for what is no number."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value and not 1e-5 < abs(value) < 1e9:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{float(f'{value:.3g}'):,.10f}".rstrip("0").rstrip(".")


def share(value: float) -> str:
    """Return a share as a percentage; 100% only for all of it."""
    if not math.isfinite(value):
        return "an unknown share"
    percent = f"{value:.0%}"
    return "nearly 100%" if percent == "100%" and value < 1.0 else percent


def part(decades: float) -> str:
    """Say what part of something lies so many decades below it: a millionth, 1/32,000."""
    for exponent, words in _PARTS.items():
        if abs(decades - exponent) < 0.15:
            return words
    if decades > 9.0:
        return f"10^-{decades:.0f}"
    # two digits at most: nobody wants to know more about it
    return f"1/{float(f'{10.0**decades:.1e}'):,.0f}"


def fold(factor: float) -> str:
    """Say a factor: tenfold, by a factor of 12,000."""
    return _FOLDS.get(factor, f"by a factor of {plain(factor)}")


def listed(words: Sequence[str]) -> str:
    """Join words: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
