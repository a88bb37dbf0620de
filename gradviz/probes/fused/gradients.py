"""How strong the gradient is at each layer: at its weights and at its output."""

from __future__ import annotations

import math

from torch import Tensor

from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import row_norms
from gradviz.probes.quantities import ACTIVATION_GRAD_RMS, WEIGHT_GRAD_NORM


class WeightGradNorm(Probe):
    """L2 norm of the derivative of the batch-mean loss with respect to each layer's weight matrix."""

    quantities = (WEIGHT_GRAD_NORM,)

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        return row_norms(trace.weight_grads)[None]


class ActivationGradRms(Probe):
    """Root mean square, over samples and units, of the per-sample loss gradient at each layer's output.

    The loss is a mean over the batch, so that the gradient of one sample's own loss is batch size times what the
    backward pass delivers; batch size then does not change the value. (With batch normalisation samples depend on each
    other, and the value is batch size times the delivered gradient all the same.)
    """

    quantities = (ACTIVATION_GRAD_RMS,)

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        batch, width = trace.output_grads.shape[1:]
        return (row_norms(trace.output_grads) * (batch / math.sqrt(batch * width)))[None]
