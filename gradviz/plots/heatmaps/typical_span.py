"""The range in which the values of a run lie, but for outliers: one step before a divergence is no reason to lose all
others in one colour.
"""

from __future__ import annotations

import numpy as np

from gradviz.plots.parts.limits import Span
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

# what is looked at: enough for quartiles, little enough for every refresh
MOST_COLUMNS, MOST_ROWS = 128, 64
# Tukey's outer fences: values farther than this many interquartile ranges outside of the quartiles are far out
FENCE = 3.0
# decades; a gradient that hardly moves has no outliers
NARROWEST = 0.5


def typical_span(history: History, quantity: Quantity) -> Span | None:
    """Return the ends of what was measured of `quantity`, without what lies far out; None before there is anything."""
    span = history.span(quantity.name)
    if span is None or quantity.bounds is not None:
        return span
    stride = 1
    while history.frames > MOST_COLUMNS * stride:
        stride *= 2
    values = history.window(quantity.name, 0, history.frames - 1, stride).values
    values = values[:, :: -(-values.shape[1] // MOST_ROWS)]
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        return span
    first, third = np.quantile(finite, (0.25, 0.75))
    width = third - first
    if quantity.scale == "log10":
        width = max(width, NARROWEST)
    if not width > 0.0:
        return span
    return max(span[0], float(first - FENCE * width)), min(span[1], float(third + FENCE * width))
