"""How large the weights are, how far each step moves them, and how many of them at all."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.cache import layer_slices
from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import row_norms
from gradviz.probes.quantities import UNCHANGED_FRACTION, UPDATE_RATIO, WEIGHT_NORM

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


class Weights(Probe):
    """How large each layer's weights are, and what the optimiser's latest step did to them.

    `weight_norm` is the L2 norm of the weight matrix. `update_ratio` is the norm of the step over the norm of the
    weights that it moved: 0 where nothing moved, infinite where weights that were all zero began to move.
    `unchanged_fraction` is the share of weights whose bits are the same as before, so that it tells -0 from 0 and finds
    a NaN that stayed as it was unchanged. Both at step t belong to the update that led from t - 1 to t: there are none
    at step 0. The three share one norm of the weights and one copy of them.
    """

    quantities = (WEIGHT_NORM, UPDATE_RATIO, UNCHANGED_FRACTION)

    carried_rows = 2

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._same: Tensor | None = None
        self._norm: Tensor | None = None

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers] at first, [3, layers] from the second state on."""
        self._norm = row_norms(trace.weights)
        return torch.stack([self._norm, *(self.carried if self.carried is not None else ())])

    def before_update(self, trace: Trace) -> None:
        """Remember the weights."""
        if self._before is None:
            self._before = torch.empty_like(trace.weights)
        self._before.copy_(trace.weights)

    def after_update(self, trace: Trace) -> None:
        """Compare the weights with what they were when they were measured."""
        assert self._before is not None, "before_update comes first"
        assert self._norm is not None, "measure comes first"
        same = self._unchanged(self._before, trace.weights)
        step = row_norms(self._before.sub_(trace.weights))
        self.carried = torch.stack([torch.where(step > 0, step / self._norm, step), same.to(step.dtype)])

    def _unchanged(self, before: Tensor, after: Tensor) -> Tensor:
        """Return the share of equal bit patterns in each layer [layers]."""
        whole = BITS[before.dtype]
        old, new = before.view(whole), after.view(whole)
        chunks = layer_slices(old)
        if self._same is None:
            self._same = torch.empty_like(old[chunks[0]])
        # as whole numbers of the same size, because torch makes and adds truth values three times slower
        counts = [
            torch.eq(old[layers], new[layers], out=self._same[: layers.stop - layers.start]).sum((1, 2), dtype=whole)
            for layers in chunks
        ]
        return torch.cat(counts) / before[0].numel()
