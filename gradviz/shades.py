"""Colour scales as tables, for pictures that are made without a library for drawing.

Of each scale 33 colours are written down; those between are found on the straight line. VIRIDIS (van der Walt and
Smith, 2015) is for what goes from little to much, D7 (CET-D7 by Kovesi, 2015) for what goes both ways from zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VIRIDIS = (
    "440154 470d60 48186a 482374 472c7a 453681 423f85 3e4889 3a528b 365b8d 33628d 2f6a8e 2c718e 29798e 26818e 23888e "
    "20918c 1f978b 1f9f88 21a685 27ad80 31b57a 3ebc73 4bc16c 5bc863 6ece57 81d34c 96d83f abdc30 bedf25 d4e21a e9e419 "
    "fde725"
)
D7 = (
    "1431c1 2d37be 3b3dbb 4743b9 5048b6 584eb3 5f54b0 665aad 6d60aa 7266a7 776ca4 7c71a1 81789e 857e9b 898497 8d8a94 "
    "919190 98958b a09a86 a89f81 afa47c b6a977 bdae71 c3b36c cab866 d1be5e d7c357 dec950 e4ce47 ead33f f0d834 f6de24 "
    "fde409"
)


def shades_at(scale: str, places: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return the colours of `scale`, uint8 [..., 3], at `places` [...] from 0, its lowest end, to 1."""
    known = np.array([list(bytes.fromhex(word)) for word in scale.split()], np.float64)
    ends = np.linspace(0.0, 1.0, len(known))
    return np.rint(np.stack([np.interp(places, ends, known[:, part]) for part in range(3)], axis=-1)).astype(np.uint8)
