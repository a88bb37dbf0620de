"""From an index to a colour: the look-up tables behind the heatmap and its colour bar.

Both maps are perceptually uniform and keep their order for every common kind of colour vision: viridis (Smith and
van der Walt 2015) for magnitudes, and for signed values the blue-grey-yellow map D7 of Kovesi ("Good Colour Maps: How
to Design Them", arXiv:1509.03700), whose lightness rises from end to end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from gradviz.plots.parts.colour_indices import (
    ABOVE,
    BELOW,
    COLOURS,
    EXACTLY_ZERO,
    FIRST_COLOUR,
    NOT_FINITE,
    NOT_MEASURED,
    NOT_YET,
    SOME_ZERO,
)
from gradviz.plots.parts.style import Style
from gradviz.recording.frame import Quantity

Table = NDArray[np.uint8]


def colour_table(quantity: Quantity | None) -> Table:
    """Return the colours of the scale of `quantity`, uint8 [COLOURS, 4], opaque, the lowest value first."""
    diverging = quantity is not None and quantity.signed and quantity.scale == "linear"
    colour_map: Any = pg.colormap.get("CET-D7" if diverging else "viridis")
    table: Table = colour_map.getLookupTable(nPts=COLOURS, alpha=True)
    return table


def lookup_table(quantity: Quantity | None, style: Style) -> Table:
    """Return what the indices of `quantize` look like, uint8 [256, 4]."""
    reserved = np.empty((FIRST_COLOUR, 4), np.uint8)
    for index, colour in (
        (NOT_YET, style.background),
        (NOT_MEASURED, style.not_measured_colour),
        (EXACTLY_ZERO, style.zero_colour),
        (NOT_FINITE, style.nan_colour),
        (SOME_ZERO, style.some_zero_colour),
        (BELOW, style.below_colour),
        (ABOVE, style.above_colour),
    ):
        reserved[index] = pg.mkColor(colour).getRgb()
    return np.concatenate([reserved, colour_table(quantity)])


def rgb_of(colour: str) -> NDArray[np.float64]:
    """Return red, green and blue [3], from 0 to 255, of a colour `#rrggbb`."""
    value = pg.mkColor(colour)
    return np.array([value.red(), value.green(), value.blue()], np.float64)
