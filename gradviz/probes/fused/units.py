"""What the units of each layer put out."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import row_sums_and_norms
from gradviz.probes.quantities import ACTIVATION_MEAN, ACTIVATION_STD

# variance over squared mean, below which rounding is more than a thousandth of the difference of the two
NEARLY_NOTHING = 1e-8


class ActivationMoments(Probe):
    """Mean and standard deviation of each layer's output, over samples and units.

    The standard deviation is sqrt(E[x²] - E[x]²) in float64. On the CPU, layers where that difference is next to
    nothing are measured again around their mean; elsewhere it is uncertain by about a millionth of the mean.
    """

    quantities = (ACTIVATION_MEAN, ACTIVATION_STD)

    def measure(self, trace: Trace) -> Tensor:
        """Return [2, layers]."""
        count = trace.outputs[0].numel()
        total, norm = row_sums_and_norms(trace.outputs)
        mean = total / count
        variance = (norm.square() / count - mean.square()).clamp_min(0.0)
        if trace.outputs.device.type == "cpu":
            _mend(variance, mean, trace.outputs)
        return torch.stack([mean, variance.sqrt()])


def _mend(variance: Tensor, mean: Tensor, outputs: Tensor) -> None:
    # layer by layer, because a float64 copy of all layers may be gigabytes
    for layer in torch.nonzero(variance < NEARLY_NOTHING * mean.square()).flatten().tolist():
        variance[layer] = (outputs[layer].double() - mean[layer]).square_().mean()
