"""One layer of a distribution: where its numbers lie, and how many have no place on the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.plots.parts.limits import Span
from gradviz.recording.activations import Floats
from gradviz.recording.frame import Distribution, Distributions, Kind


@dataclass(frozen=True, slots=True, eq=False)
class LayerSpread:
    """One layer of a distribution: `edges` [bins + 1], on the scale of the kind, and `counts` [bins] between them."""

    kind: Kind
    layer: int
    step: int
    edges: Floats
    counts: Floats
    zeros: int
    not_finite: int

    @classmethod
    def of(cls, distributions: Distributions, kind: str, layer: int) -> LayerSpread:
        """Take `layer` (from 1) out of the distributions of all layers."""
        every: Distribution = distributions.by_kind[kind]
        row = layer - 1
        counts = every.counts[row].astype(np.float64)
        # plain numbers that nobody changes any more
        zeros, not_finite = int(every.zeros[row]), int(every.not_finite[row])
        return cls(every.kind, layer, distributions.step, every.edges[row], counts, zeros, not_finite)

    @property
    def total(self) -> int:
        """Numbers in the layer, with and without a bin."""
        return int(self.counts.sum()) + self.zeros + self.not_finite

    @property
    def span(self) -> Span | None:
        """The ends of what has a bin; None if nothing has, or if no float can hold the ends."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        return (low, high) if self.counts.sum() > 0 and math.isfinite(low) and math.isfinite(high) else None

    def density(self, unit: float) -> Floats:
        """Return [bins] the share of all numbers per `unit`; the bins are equally wide."""
        # halves, because the difference of two numbers may be infinite where neither is
        width = 2 * (float(self.edges[-1]) / unit / 2 - float(self.edges[0]) / unit / 2) / len(self.counts)
        shares: Floats = self.counts / max(self.total, 1)
        # of numbers that differ in their last bits alone no width is left
        return shares / max(width, float(np.finfo(np.float64).eps))
