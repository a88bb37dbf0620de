"""Powers of ten in scientific notation, also beyond the range of floats."""

from __future__ import annotations

import math


def scientific(log10: float, digits: int = 2) -> str:
    """Return 10 to the power of the finite `log10` with `digits` after the point: 3.21e-600."""
    exponent = math.floor(log10)
    mantissa = f"{10 ** (log10 - exponent):.{digits}f}"
    if mantissa.startswith("10."):
        mantissa, exponent = f"{1:.{digits}f}", exponent + 1
    return f"{mantissa}e{exponent:+03d}"
