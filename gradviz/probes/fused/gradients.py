"""How strong the gradient is at each layer: at its weights and at its output."""

from __future__ import annotations

import math

from torch import Tensor

from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import norms
from gradviz.recording.frame import Quantity


class WeightGradNorm(Probe):
    """L2 norm of the derivative of the batch-mean loss with respect to each layer's weight matrix."""

    quantities = (
        Quantity(
            "weight_grad_norm",
            "Weight gradient norm",
            "|∂loss/∂W|₂",
            "Length of the loss gradient with respect to all weights of a layer: what the optimiser has to go by",
            beside="exact_log10_weight_grad_norm",
        ),
    )

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        return norms(trace.weight_grads)[None]


class ActivationGradRms(Probe):
    """Root mean square, over samples and units, of the per-sample loss gradient at each layer's output.

    The loss is a mean over the batch, so that the gradient of one sample's own loss is batch size times what the
    backward pass delivers; batch size then does not change the value. (With batch normalisation samples depend on each
    other, and the value is batch size times the delivered gradient all the same.)
    """

    quantities = (
        Quantity(
            "activation_grad_rms",
            "Activation gradient",
            "rms ∂loss/∂h",
            "How much one sample's loss would change if the output of a layer changed: root mean square over samples "
            "and units, whatever the batch size",
            beside="exact_log10_activation_grad_rms",
        ),
    )

    def measure(self, trace: Trace) -> Tensor:
        """Return [1, layers]."""
        batch, width = trace.output_grads.shape[1:]
        return (norms(trace.output_grads) * (batch / math.sqrt(batch * width)))[None]
