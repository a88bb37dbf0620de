"""Numbers and layers in words, for sentences that a person reads."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.powers import scientific

MOST_RANGES = 3


def power(log10: float) -> str:
    """Return 10 to the power of `log10` with two digits, however far beyond every float: 3.2e-600."""
    if math.isnan(log10):
        return "not a number"
    if math.isinf(log10):
        return "infinite" if log10 > 0 else "exactly zero"
    return scientific(log10, digits=1)


def plain(value: float) -> str:
    """Return a number as a person writes it; words for what is no number."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return f"{value:.3g}"


def share(value: float) -> str:
    """Return a share as a percentage; 100% only for all of it."""
    if not math.isfinite(value):
        return "an unknown share"
    percent = f"{value:.0%}"
    return "nearly 100%" if percent == "100%" and value < 1.0 else percent


def layers_in_words(layers: NDArray[np.int64]) -> str:
    """Name ascending layer numbers: `layer 5`, `layers 1 to 12 and 40`, or `31 layers between 1 and 90`."""
    if layers.size == 1:
        return f"layer {layers[0]}"
    breaks = np.flatnonzero(np.diff(layers) > 1)
    firsts, lasts = layers[np.r_[0, breaks + 1]], layers[np.r_[breaks, layers.size - 1]]
    if firsts.size > MOST_RANGES:
        return f"{layers.size:,} layers between {layers[0]} and {layers[-1]}"
    parts = [f"{a}" if a == b else f"{a} to {b}" for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
    return "layers " + (parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}")


def sentences(*parts: str) -> str:
    """Join what there is to say."""
    return " ".join(part for part in parts if part)


def capitalised(sentence: str) -> str:
    """Return the sentence with a capital at its beginning, and everything else as it is."""
    return sentence[:1].upper() + sentence[1:]
