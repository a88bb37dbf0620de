"""How large the weights are and how far each step moves them."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.trace import Trace
from gradviz.probes.probe import Probe
from gradviz.probes.reduction import layer_slices, norms
from gradviz.recording.frame import Quantity

BITS = {torch.float32: torch.int32, torch.float64: torch.int64}


class WeightNorm(Probe):
    """L2 norm of each layer's weight matrix."""

    quantities = (Quantity("weight_norm", "Weight norm", "|W|₂", "Length of all weights of a layer"),)

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        return norms(trace.weights)[None]


class Updates(Probe):
    """What the optimiser's latest step did to the weights: how far it moved them, and how many of them at all.

    `update_ratio` is the norm of the step over the norm of the weights that it moved: 0 where nothing moved, infinite
    where weights that were all zero began to move. `unchanged_fraction` is the share of weights whose bits are the same
    as before, so that it tells -0 from 0 and finds a NaN that stayed as it was unchanged. Both at step t belong to the
    update that led from t - 1 to t: there are none at step 0. They share one copy of the weights and one look at it.
    """

    quantities = (
        Quantity(
            "update_ratio",
            "Update ratio",
            "|ΔW|₂ / |W|₂",
            "Length of the latest step over the length of the weights it moved: near 0.001 a layer learns, "
            "below a millionth it stands still",
        ),
        Quantity(
            "unchanged_fraction",
            "Unchanged weights",
            "share of weights",
            "Share of the weights of a layer whose bits the latest step did not change, because it was nothing next "
            "to them: 1 means that the layer stands still, whatever the gradient says",
            scale="linear",
            bounds=(0.0, 1.0),
        ),
    )

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._same: Tensor | None = None
        self._measured: Tensor | None = None

    def measure(self, trace: Trace) -> Tensor | None:
        """Return [2, layers] from the second state on."""
        return self._measured

    def before_update(self, trace: Trace) -> None:
        """Remember the weights."""
        if self._before is None:
            self._before = torch.empty_like(trace.weights)
        self._before.copy_(trace.weights)

    def after_update(self, trace: Trace) -> None:
        """Compare the weights with what they were."""
        assert self._before is not None, "before_update comes first"
        same = self._unchanged(self._before.flatten(1), trace.weights.flatten(1))
        length = norms(self._before)
        step = norms(self._before.sub_(trace.weights))
        ratio = torch.where(step > 0, step / length, step)
        self._measured = torch.stack([ratio, same.to(ratio.dtype)])

    def _unchanged(self, before: Tensor, after: Tensor) -> Tensor:
        """Return the share of equal bit patterns in each row [layers]."""
        whole = BITS[before.dtype]
        before, after = before.view(whole), after.view(whole)
        counts = before.new_empty(len(before))
        for layers in layer_slices(before):
            old = before[layers]
            if self._same is None:
                self._same = torch.empty_like(old)
            # as whole numbers of the same size, because torch makes and adds truth values three times slower
            same = torch.eq(old, after[layers], out=self._same[: len(old)])
            torch.sum(same, 1, dtype=whole, out=counts[layers])
        return counts / before.shape[1]
