"""What the units of each layer put out."""

from __future__ import annotations

import torch
from torch import Tensor

from gradviz.network.trace import Trace
from gradviz.probes.probe import Probe
from gradviz.probes.reduction import sums_and_norms
from gradviz.recording.frame import Quantity


class ActivationMoments(Probe):
    """Mean and standard deviation of each layer's output, over samples and units.

    The standard deviation is sqrt(E[x²] - E[x]²) in float64: exact to about 1e-8 of the mean, finer than float32
    outputs can differ.
    """

    quantities = (
        Quantity(
            "activation_mean",
            "Activation mean",
            "mean h",
            "Mean of a layer's output over samples and units",
            scale="linear",
            signed=True,
        ),
        Quantity(
            "activation_std",
            "Activation spread",
            "std h",
            "Standard deviation of a layer's output over samples and units; 0 means that every sample looks the same",
            scale="linear",
        ),
    )

    def measure(self, trace: Trace) -> Tensor:
        """Return [2, layers]."""
        count = trace.outputs[0].numel()
        total, norm = sums_and_norms(trace.outputs)
        mean = total / count
        variance = (norm.square() / count - mean.square()).clamp_min(0.0)
        return torch.stack([mean, variance.sqrt()])
