"""The colours of heatmaps without a library for drawing: the same scales as in the window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.parts.colour_indices import (
    ABOVE,
    BELOW,
    COLOURS,
    FIRST_COLOUR,
    NOT_FINITE,
    NOT_MEASURED,
    NOT_YET,
    SOME_ZERO,
)
from gradviz.plots.parts.colour_indices import EXACTLY_ZERO as ZERO
from gradviz.plots.parts.style import LIGHT
from gradviz.recording.frame import Quantity
from gradviz.shades import D7, VIRIDIS, shades_at

Table = NDArray[np.uint8]

# a grey that is seen on white and on black alike
_NOT_MEASURED_ALPHA = 60


def colour_scale(quantity: Quantity) -> Table:
    """Return the colours of the scale of `quantity`, uint8 [COLOURS, 3], the lowest value first."""
    scale = D7 if quantity.signed and quantity.scale == "linear" else VIRIDIS
    return shades_at(scale, np.linspace(0.0, 1.0, COLOURS))


def palette(quantity: Quantity) -> tuple[Table, Table]:
    """Return what the indices of a heatmap look like: colours uint8 [256, 3] and how opaque they are, uint8 [256].

    What is not there yet is transparent, so that a picture fits a light page and a dark one.
    """
    colours, opacity = np.zeros((256, 3), np.uint8), np.full(256, 255, np.uint8)
    colours[FIRST_COLOUR:] = colour_scale(quantity)
    for index, colour in (
        (ZERO, LIGHT.zero_colour),
        (NOT_FINITE, LIGHT.nan_colour),
        (SOME_ZERO, LIGHT.some_zero_colour),
        (BELOW, LIGHT.below_colour),
        (ABOVE, LIGHT.above_colour),
    ):
        colours[index] = list(bytes.fromhex(colour[1:]))
    colours[NOT_MEASURED] = 128
    opacity[NOT_MEASURED], opacity[NOT_YET] = _NOT_MEASURED_ALPHA, 0
    return colours, opacity
