"""How many units pass no gradient on, and how many inputs lie where an activation is nearly flat."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.stack.layer_chunks import LayerChunk
from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.quantities import DEAD_FRACTION, SATURATED_FRACTION

# an input is saturated where |phi'| is below this share of the least upper bound of |phi'|
SATURATED_BELOW = 0.01


class Slopes(Probe):
    """Shares of dead units and of saturated inputs of each layer, on the probe batch.

    A unit is dead if phi' is exactly zero, in the network's precision, at its pre-activation of every sample: then no
    gradient reaches it. Saturated are those of all samples x units whose |phi'| is below a hundredth of its supremum; a
    ReLU is saturated wherever it is off. Both are NaN in a layer with a pre-activation that is not a number.
    """

    quantities = (DEAD_FRACTION, SATURATED_FRACTION)

    def __init__(self) -> None:
        # two places for a chunk's numbers
        self._room: Tensor | None = None
        self._parts: list[tuple[Tensor, Tensor, Tensor]] = []

    def look_at(self, chunk: LayerChunk) -> None:
        """Keep of some layers each unit's steepest slope, the share of flat places, and the largest pre-activation."""
        layers = len(chunk.given)
        if self._room is None or self._room.shape[1] < layers:
            self._room = chunk.given[0].new_empty(2, layers, *chunk.given[0].shape)
        given, slopes = self._room[:, :layers]
        chunk.pre_activations(out=given)
        largest = given.amax((1, 2))
        chunk.activation.write_derivative(given, slopes)
        steepest = slopes.abs_().amax(1)
        # as numbers, because torch adds truth values several times slower
        flat = slopes.lt_(SATURATED_BELOW * chunk.activation.supremum).mean((1, 2))
        self._parts.append((steepest, flat, largest))

    def measure(self, trace: Trace) -> Tensor | None:
        """Return [2, layers]."""
        if not self._parts:
            return None
        steepest, flat, largest = (torch.cat(parts) for parts in zip(*self._parts, strict=True))
        self._parts.clear()
        dead = (steepest == 0).to(flat.dtype).mean(1)
        # NaN is the largest of all; some activations have a slope there all the same
        return torch.stack([dead, flat]).masked_fill_(largest.isnan(), torch.nan)
