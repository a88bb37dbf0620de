"""The gradient as the mathematics has it, where floating point delivers zero or infinity."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import row_norms
from gradviz.probes.quantities import EXACT_ACTIVATION_GRAD, EXACT_WEIGHT_GRAD

LOG10_2 = math.log10(2.0)


class ExactGradients(Probe):
    """log10 of `activation_grad_rms` and `weight_grad_norm`, from a backward pass that never underflows or overflows.

    The forward pass, and so every activation's slope, is the network's own in its own precision. Overwrites the
    delivered gradients: it comes after all probes that read them.
    """

    logarithms = True
    quantities = (EXACT_ACTIVATION_GRAD, EXACT_WEIGHT_GRAD)

    def measure(self, trace: Trace) -> Tensor:
        """Return log10 values [2, layers]."""
        batch, width = trace.output_grads.shape[1:]
        exact = trace.exact_gradients()
        activation, weight = row_norms(exact.output_grads), row_norms(exact.weight_grads)
        shift = exact.exponents.to(activation.dtype) * LOG10_2
        return torch.stack([activation * (batch / math.sqrt(batch * width)), weight]).log10() + shift
