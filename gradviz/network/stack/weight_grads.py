"""Gradients of all layers' weights and biases, made chunk by chunk while the backward pass comes down the stack.

One batched product serves a chunk of layers: few calls, and what they read is still in the cache.
"""

from __future__ import annotations

import torch
from torch import Tensor

LAYERS_PER_CHUNK = 32


class WeightGrads:
    """Turns gradients at the affine maps into those of their weights [layers, out, in] and biases [layers, out].

    `inputs` [layers, batch, in] are what the affine maps read. `affine_grads` [layers, batch, out] hold the gradients
    at their outputs; with fewer layers than `inputs` they are a chunk's worth, filled anew for each chunk.
    """

    def __init__(self, inputs: Tensor, affine_grads: Tensor) -> None:
        self._inputs, self._affine_grads = inputs, affine_grads
        self._whole = len(affine_grads) == len(inputs)
        self._results: tuple[Tensor, Tensor] | None = None

    def at(self, layer: int) -> Tensor:
        """Return where the gradient at the affine map of `layer` belongs [batch, out]."""
        return self._affine_grads[layer if self._whole else layer % LAYERS_PER_CHUNK]

    def begin(self) -> None:
        """Make room for the results of one backward pass."""
        layers, _, fan_in = self._inputs.shape
        fan_out = self._affine_grads.shape[2]
        self._results = self._inputs.new_empty(layers, fan_out, fan_in), self._inputs.new_empty(layers, fan_out)

    def finish_chunk(self, first: int) -> None:
        """Make the gradients from layer `first`, a chunk's lowest, to the end of the chunk."""
        assert self._results is not None, "begin comes first"
        weights, biases = self._results
        inputs = self._inputs[first : first + LAYERS_PER_CHUNK]
        begin = first if self._whole else 0
        grads = self._affine_grads[begin : begin + len(inputs)]
        torch.bmm(grads.transpose(1, 2), inputs, out=weights[first : first + len(inputs)])
        torch.sum(grads, 1, out=biases[first : first + len(inputs)])

    def take(self) -> tuple[Tensor, Tensor]:
        """Hand over the gradients of weights and biases; autograd keeps them without a copy if nobody else does."""
        assert self._results is not None, "begin comes first"
        results, self._results = self._results, None
        return results
