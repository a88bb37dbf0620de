"""How the numbers of every layer of the stack are spread: histograms of all layers at once."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradviz.network.stack.layer_chunks import LayerChunk
from gradviz.network.stack.trace import Trace
from gradviz.probes.histograms import Histograms, Indices, distribution, enough
from gradviz.recording.frame import KINDS, Distribution


class DistributionProbe:
    """Takes the histograms of a step: `look_at` the probe batch chunk by chunk, then `measure`.

    Like a probe it keeps its numbers on the device and asks for none of them.
    """

    def __init__(self, layers: int) -> None:
        indices = Indices()
        self._given, self._outputs, self._weights = (Histograms(layers, indices) for _ in range(3))
        self._gradients = Histograms(layers, indices, magnitudes=True)

    def look_at(self, chunk: LayerChunk) -> None:
        """Count what some layers are given and hand on."""
        samples = enough(chunk.given[0].shape[1])
        self._given.add(chunk.pre_activations(samples))
        self._outputs.add(chunk.outputs(samples))

    def measure(self, trace: Trace) -> Tensor:
        """Return [kinds, layers, NUMBERS], which `distributions` makes sense of once it is on the host."""
        self._gradients.add(trace.output_grads[:, : enough(trace.output_grads.shape[2])])
        self._weights.add(trace.weights)
        # in the order of KINDS
        return torch.stack([part.take() for part in (self._given, self._outputs, self._gradients, self._weights)])


def distributions(numbers: NDArray[np.float64], batch_size: int) -> dict[str, Distribution]:
    """Turn what `DistributionProbe.measure` returned into what the views draw, by kind.

    Gradients are those of one sample's own loss, `batch_size` times what the backward pass of the mean delivers.
    """
    return {kind.name: distribution(kind, rows, batch_size) for kind, rows in zip(KINDS, numbers, strict=True)}
