"""How large the weights are and how far each step moves them."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.trace import Trace
from gradviz.probes.probe import Probe
from gradviz.probes.reduction import norms
from gradviz.recording.frame import Quantity


class WeightNorm(Probe):
    """L2 norm of each layer's weight matrix."""

    quantities = (Quantity("weight_norm", "Weight norm", "|W|₂", "Length of all weights of a layer"),)

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        return norms(trace.weights)[None]


class UpdateRatio(Probe):
    """Norm of the optimiser's latest step over the norm of the weights that it moved; 0 where nothing moved.

    The value at step t belongs to the update that led from t - 1 to t, so there is none at step 0. It is infinite
    where weights that were all zero began to move.
    """

    quantities = (
        Quantity(
            "update_ratio",
            "Update ratio",
            "|ΔW|₂ / |W|₂",
            "Length of the latest step over the length of the weights it moved: near 0.001 a layer learns, "
            "below a millionth it stands still",
        ),
    )

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._ratio: Tensor | None = None

    def measure(self, trace: Trace) -> Tensor | None:
        """Return [1, layers] from the second state on."""
        return self._ratio

    def before_update(self, trace: Trace) -> None:
        """Remember the weights."""
        if self._before is None:
            self._before = torch.empty_like(trace.weights)
        self._before.copy_(trace.weights)

    def after_update(self, trace: Trace) -> None:
        """Compare the weights with what they were."""
        assert self._before is not None, "before_update comes first"
        length = norms(self._before)
        step = norms(self._before.sub_(trace.weights))
        self._ratio = torch.where(step > 0, step / length, step)[None]
