"""Normalisation of what enters the activation, written for the fused stack: forward, backward, inference.

All layers' gains and offsets are one parameter each, [layers, width]. The mathematics is torch's: nn.LayerNorm (Ba et
al. 2016), nn.RMSNorm (Zhang & Sennrich 2019), nn.BatchNorm1d (Ioffe & Szegedy 2015), all with eps 1e-5.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gradviz.experiment import Mlp
from gradviz.network.activation_kernels import Op

aten = torch.ops.aten

EPSILON = 1e-5
BATCH_MOMENTUM = 0.1


class Normalization(nn.Module):
    """What all kinds share: a learnt gain per layer and unit, and places for its gradient.

    A forward op reads [batch, width] and writes its normalised form; the backward op, run after it, turns the gradient
    at its result into the gradient at its input and keeps the gradients of gain and offset.
    """

    def __init__(self, layers: int, width: int, **factory: Any) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(layers, width, **factory))
        self.saved: list[tuple[Tensor, ...]] = [()] * layers

    def prepare(self) -> None:
        """Allocate the gradients of one backward pass."""
        self.gain_grad = torch.empty_like(self.gain)

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradients in the order of `parameters()`."""
        return [self.gain_grad]

    def forward_op(self, layer: int, x: Tensor, out: Tensor) -> Op:
        """Prepare norm(x) -> out."""
        raise NotImplementedError

    def backward_op(self, layer: int, x: Tensor, grad: Tensor, out: Tensor) -> Op:
        """Prepare the gradient at x -> out, from the gradient at norm(x)."""
        raise NotImplementedError

    def infer(self, layer: int, x: Tensor) -> Tensor:
        """Return norm(x) as it is used on validation samples."""
        raise NotImplementedError


class RmsNormalization(Normalization):
    """x / rms(x) * gain, over the units of each sample."""

    def infer(self, layer: int, x: Tensor) -> Tensor:
        """Return norm(x)."""
        return x * torch.rsqrt(x.square().mean(1, keepdim=True) + EPSILON) * self.gain[layer]

    def forward_op(self, layer: int, x: Tensor, out: Tensor) -> Op:
        """Prepare norm(x) -> out."""

        def op() -> None:
            scale = torch.rsqrt(x.square().mean(1, keepdim=True).add_(EPSILON))
            unit = x * scale
            torch.mul(unit, self.gain[layer], out=out)
            self.saved[layer] = (unit, scale)

        return op

    def backward_op(self, layer: int, x: Tensor, grad: Tensor, out: Tensor) -> Op:
        """Prepare the gradient at x -> out."""

        def op() -> None:
            unit, scale = self.saved[layer]
            torch.sum(grad * unit, 0, out=self.gain_grad[layer])
            inner = grad * self.gain[layer]
            torch.mul(inner - unit * (inner * unit).mean(1, keepdim=True), scale, out=out)

        return op


class LayerNormalization(Normalization):
    """(x - mean) / std * gain + offset, over the units of each sample."""

    def __init__(self, layers: int, width: int, **factory: Any) -> None:
        super().__init__(layers, width, **factory)
        self.offset = nn.Parameter(torch.zeros(layers, width, **factory))

    def prepare(self) -> None:
        """Allocate the gradients of one backward pass."""
        super().prepare()
        self.offset_grad = torch.empty_like(self.offset)

    def parameter_grads(self) -> list[Tensor]:
        """Return the gradients in the order of `parameters()`."""
        return [self.gain_grad, self.offset_grad]

    def infer(self, layer: int, x: Tensor) -> Tensor:
        """Return norm(x)."""
        return nn.functional.layer_norm(x, x.shape[1:], self.gain[layer], self.offset[layer], EPSILON)

    def forward_op(self, layer: int, x: Tensor, out: Tensor) -> Op:
        """Prepare norm(x) -> out."""
        shape = list(x.shape[1:])

        def op() -> None:
            result, mean, inverse_std = aten.native_layer_norm.default(
                x, shape, self.gain[layer], self.offset[layer], EPSILON
            )
            out.copy_(result)
            self.saved[layer] = (mean, inverse_std)

        return op

    def backward_op(self, layer: int, x: Tensor, grad: Tensor, out: Tensor) -> Op:
        """Prepare the gradient at x -> out."""
        shape = list(x.shape[1:])

        def op() -> None:
            mean, inverse_std = self.saved[layer]
            x_grad, gain_grad, offset_grad = aten.native_layer_norm_backward.default(
                grad, x, shape, mean, inverse_std, self.gain[layer], self.offset[layer], [True, True, True]
            )
            out.copy_(x_grad)
            self.gain_grad[layer].copy_(gain_grad)
            self.offset_grad[layer].copy_(offset_grad)

        return op


class BatchNormalization(LayerNormalization):
    """(x - mean) / std * gain + offset, over the batch of each unit; running statistics on validation samples."""

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, layers: int, width: int, **factory: Any) -> None:
        super().__init__(layers, width, **factory)
        self.register_buffer("running_mean", torch.zeros(layers, width, **factory))
        self.register_buffer("running_variance", torch.ones(layers, width, **factory))

    def infer(self, layer: int, x: Tensor) -> Tensor:
        """Return norm(x) by the running statistics."""
        return nn.functional.batch_norm(
            x,
            self.running_mean[layer],
            self.running_variance[layer],
            self.gain[layer],
            self.offset[layer],
            False,
            BATCH_MOMENTUM,
            EPSILON,
        )

    def forward_op(self, layer: int, x: Tensor, out: Tensor) -> Op:
        """Prepare norm(x) -> out, moving the running statistics."""

        def op() -> None:
            result, mean, inverse_std = aten.native_batch_norm.default(
                x,
                self.gain[layer],
                self.offset[layer],
                self.running_mean[layer],
                self.running_variance[layer],
                True,
                BATCH_MOMENTUM,
                EPSILON,
            )
            out.copy_(result)
            self.saved[layer] = (mean, inverse_std)

        return op

    def backward_op(self, layer: int, x: Tensor, grad: Tensor, out: Tensor) -> Op:
        """Prepare the gradient at x -> out."""

        def op() -> None:
            mean, inverse_std = self.saved[layer]
            x_grad, gain_grad, offset_grad = aten.native_batch_norm_backward.default(
                grad,
                x,
                self.gain[layer],
                self.running_mean[layer],
                self.running_variance[layer],
                mean,
                inverse_std,
                True,
                EPSILON,
                [True, True, True],
            )
            out.copy_(x_grad)
            self.gain_grad[layer].copy_(gain_grad)
            self.offset_grad[layer].copy_(offset_grad)

        return op


def normalization(network: Mlp, **factory: Any) -> Normalization | None:
    """Return the normalisation of `network` for all its hidden layers; None if there is none."""
    kinds = {"layer": LayerNormalization, "rms": RmsNormalization, "batch": BatchNormalization}
    if network.normalization == "none":
        return None
    return kinds[network.normalization](network.depth, network.width, **factory)
