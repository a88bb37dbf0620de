"""Distributions made up bin by bin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradviz.recording.frame import KINDS, Distribution, Distributions

Bins = Sequence[tuple[Sequence[float], Sequence[int]]]


def distributions(step: int, layers: int, *, zeros: int = 0, not_finite: int = 0, **kinds: Bins) -> Distributions:
    """The kinds named get the (edges, counts) of each layer; every other kind ten numbers from 0 to 1 in each."""
    plain = [((0.0, 0.5, 1.0), (5, 5))] * layers
    by_kind = {}
    for kind in KINDS:
        bins = kinds.get(kind.name, plain)
        edges = np.array([edges for edges, _ in bins], np.float64)
        counts = np.array([counts for _, counts in bins], np.int64)
        few, none = (np.full(layers, number, np.int64) for number in (zeros, not_finite))
        by_kind[kind.name] = Distribution(kind, edges, counts, few, none)
    return Distributions(step, by_kind)
