"""The colours of heatmaps without a library for drawing: the same scales as in the window.

Of each scale every eighth colour is written down; those between are found on the straight line.
"""

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

Table = NDArray[np.uint8]

_VIRIDIS = (
    "440154 470d60 48186a 482374 472c7a 453681 423f85 3e4889 3a528b 365b8d 33628d 2f6a8e 2c718e 29798e 26818e 23888e "
    "20918c 1f978b 1f9f88 21a685 27ad80 31b57a 3ebc73 4bc16c 5bc863 6ece57 81d34c 96d83f abdc30 bedf25 d4e21a e9e419 "
    "fde725"
)
_D7 = (
    "1431c1 2d37be 3b3dbb 4743b9 5048b6 584eb3 5f54b0 665aad 6d60aa 7266a7 776ca4 7c71a1 81789e 857e9b 898497 8d8a94 "
    "919190 98958b a09a86 a89f81 afa47c b6a977 bdae71 c3b36c cab866 d1be5e d7c357 dec950 e4ce47 ead33f f0d834 f6de24 "
    "fde409"
)
# a grey that is seen on white and on black alike
_NOT_MEASURED_ALPHA = 60


def colour_scale(quantity: Quantity) -> Table:
    """Return the colours of the scale of `quantity`, uint8 [COLOURS, 3], the lowest value first."""
    words = (_D7 if quantity.signed and quantity.scale == "linear" else _VIRIDIS).split()
    known = np.array([list(bytes.fromhex(word)) for word in words], np.float64)
    places = np.rint(np.linspace(0, COLOURS - 1, len(words)))
    parts = [np.interp(np.arange(COLOURS), places, known[:, part]) for part in range(3)]
    return np.rint(np.stack(parts, axis=1)).astype(np.uint8)


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
