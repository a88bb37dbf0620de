"""PReLU in the fused stack: a slope below zero for each layer, learnt with the weights (He et al. 2015, 1502.01852)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gradviz.network.activation_kernels import PRELU_SLOPE, Activation, Op, leaky_steepest

aten = torch.ops.aten


class PReluSlopes(nn.Module):
    """The slopes [layers] of all layers as one parameter; `at(layer)` is the activation that a layer has with its own.

    The kernels are torch's own, as in nn.PReLU, which has no form that writes to a given place.
    """

    def __init__(self, layers: int, **factory: Any) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.full((layers,), PRELU_SLOPE, **factory))
        self._grads = torch.zeros_like(self.slopes.detach())

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradients in the order of `parameters()`."""
        return [self._grads.clone()]

    def at(self, layer: int) -> Activation:
        """Return the activation of a layer; its backward pass keeps the gradient of the slope, too."""
        slope = self.slopes.detach()[layer : layer + 1]

        def forward(z: Tensor, out: Tensor) -> Op:
            return lambda: out.copy_(aten._prelu_kernel.default(z, slope))

        def backward(grad: Tensor, z: Tensor, _a: Tensor, out: Tensor) -> Op:
            def op() -> None:
                below, of_slope = aten._prelu_kernel_backward.default(grad, z, slope)
                self._grads[layer] = of_slope.sum()
                out.copy_(below)

            return op

        return Activation(
            "prelu",
            lambda z: aten._prelu_kernel.default(z, slope),
            forward,
            backward,
            leaky_steepest(PRELU_SLOPE),
        )
