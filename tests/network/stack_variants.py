"""The variants of a layer that gradients are checked for: where the factors meet, and no more."""

from __future__ import annotations

from itertools import product
from typing import Any

from covering import each_value, pairwise

from gradviz.experiment import choices

SPANS = (1, 2, 3, 4)
# how a block is put together: all of these meet; the span means nothing without a shortcut
STRUCTURES = [
    (shortcut, span, normalization)
    for shortcut, span, normalization in product(choices("shortcut"), SPANS, choices("normalization"))
    if shortcut != "none" or span == 1
]


def variants() -> list[dict[str, Any]]:
    """Return every structure with one of the activations, and each activation with each shortcut, span and norm."""
    every_structure = [(name, *structure) for structure, name in each_value(STRUCTURES, choices("activation"))]
    pairs = [
        (name, shortcut, 1 if shortcut == "none" else span, normalization)
        for name, shortcut, span, normalization in pairwise(
            choices("activation"), choices("shortcut"), SPANS, choices("normalization")
        )
    ]
    names = ("activation", "shortcut", "shortcut_span", "normalization")
    return [dict(zip(names, values, strict=True)) for values in dict.fromkeys(every_structure + pairs)]


def variants_with(activation: str) -> list[dict[str, Any]]:
    """Return the variants with this activation."""
    return [variant for variant in variants() if variant["activation"] == activation]
