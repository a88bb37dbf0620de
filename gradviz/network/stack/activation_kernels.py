"""The activations: function, derivative, the derivative's ceiling, and kernels that write where they are told.

An activation is one entry in `_KINDS`. The kernels are torch's own (`aten`), so that the fused engine computes bit for
bit what autograd would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gradviz.experiment import ActivationChoice

aten = torch.ops.aten

Op = Callable[[], object]
"""A prepared call: operands and destination are bound, running it allocates nothing."""

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation phi, element by element.

    `function(z)` is phi(z). `forward(z, out)` prepares phi(z) -> out. `backward(grad, z, a, out)` prepares
    grad * phi'(z) -> out, where a = phi(z); `out` may be `grad`. `supremum` is the least upper bound of |phi'|,
    which the chain rule multiplies once per layer. `from_output` says that phi' can be read off phi(z), so that z need
    not be kept: `forward` may then write over z, and `backward` does not look at it.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    forward: Callable[[Tensor, Tensor], Op]
    backward: Callable[[Tensor, Tensor, Tensor, Tensor], Op]
    supremum: float
    from_output: bool = False

    def derivative(self, z: Tensor) -> Tensor:
        """Return phi'(z)."""
        result = torch.empty_like(z)
        self.backward(torch.ones_like(z), z, self.function(z), result)()
        return result

    def write_derivative(self, z: Tensor, out: Tensor) -> None:
        """Write phi'(z) -> out, overwriting `z`: the same without new memory, which may cost more than phi'."""
        if self.from_output:
            self.forward(z, z)()
        self.backward(out.fill_(1.0), z, z, out)()


def activation(choice: ActivationChoice) -> Activation:
    """Return the kernels of an activation."""
    return _KINDS[choice.name](choice)


def _linear(_: ActivationChoice) -> Activation:
    return Activation(
        "linear",
        torch.clone,
        lambda z, out: partial(out.copy_, z),
        lambda grad, z, a, out: partial(out.copy_, grad),
        1.0,
        from_output=True,
    )


def _sigmoid(_: ActivationChoice) -> Activation:
    return Activation(
        "sigmoid",
        torch.sigmoid,
        lambda z, out: partial(torch.sigmoid, z, out=out),
        lambda grad, z, a, out: partial(aten.sigmoid_backward.grad_input, grad, a, grad_input=out),
        0.25,
        from_output=True,
    )


def _tanh(_: ActivationChoice) -> Activation:
    return Activation(
        "tanh",
        torch.tanh,
        lambda z, out: partial(torch.tanh, z, out=out),
        lambda grad, z, a, out: partial(aten.tanh_backward.grad_input, grad, a, grad_input=out),
        1.0,
        from_output=True,
    )


def _relu(_: ActivationChoice) -> Activation:
    return Activation(
        "relu",
        torch.relu,
        # in place there is a shorter way through torch
        lambda z, out: partial(torch.relu_, z) if out is z else partial(torch.clamp_min, z, 0.0, out=out),
        lambda grad, z, a, out: partial(aten.threshold_backward.grad_input, grad, a, 0, grad_input=out),
        1.0,
        from_output=True,
    )


def _leaky_relu(choice: ActivationChoice) -> Activation:
    slope = choice.leaky_slope
    return Activation(
        "leaky_relu",
        lambda z: torch.nn.functional.leaky_relu(z, slope),
        lambda z, out: partial(aten.leaky_relu.out, z, slope, out=out),
        lambda grad, z, a, out: partial(aten.leaky_relu_backward.grad_input, grad, z, slope, False, grad_input=out),
        1.0,
    )


def _exponential(name: str, alpha: float, scale: float, supremum: float) -> Activation:
    """ELU and SELU: scale * z above 0, scale * alpha * (exp(z) - 1) below."""
    return Activation(
        name,
        lambda z: aten.elu.default(z, alpha, scale, 1.0),
        lambda z, out: partial(aten.elu.out, z, alpha, scale, 1.0, out=out),
        lambda grad, z, a, out: partial(
            aten.elu_backward.grad_input, grad, alpha, scale, 1.0, False, z, grad_input=out
        ),
        supremum,
    )


def _silu(_: ActivationChoice) -> Activation:
    return Activation(
        "silu",
        torch.nn.functional.silu,
        lambda z, out: partial(aten.silu.out, z, out=out),
        lambda grad, z, a, out: partial(aten.silu_backward.grad_input, grad, z, grad_input=out),
        1.0998393201288669,
    )


def _gelu(_: ActivationChoice) -> Activation:
    return Activation(
        "gelu",
        torch.nn.functional.gelu,
        lambda z, out: partial(aten.gelu.out, z, out=out),
        lambda grad, z, a, out: partial(aten.gelu_backward.grad_input, grad, z, grad_input=out),
        1.1289041451851547,
    )


def _softplus(_: ActivationChoice) -> Activation:
    return Activation(
        "softplus",
        torch.nn.functional.softplus,
        lambda z, out: partial(aten.softplus.out, z, 1.0, 20.0, out=out),
        lambda grad, z, a, out: partial(aten.softplus_backward.grad_input, grad, z, 1.0, 20.0, grad_input=out),
        1.0,
    )


def _mish(_: ActivationChoice) -> Activation:
    def backward(grad: Tensor, z: Tensor, _a: Tensor, out: Tensor) -> Op:
        # torch has no mish_backward that writes to a given place
        return lambda: out.copy_(aten.mish_backward.default(grad, z))

    return Activation(
        "mish",
        torch.nn.functional.mish,
        lambda z, out: partial(aten.mish.out, z, out=out),
        backward,
        1.0884981612517279,
    )


_KINDS: dict[str, Callable[[ActivationChoice], Activation]] = {
    "linear": _linear,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": lambda _: _exponential("elu", 1.0, 1.0, 1.0),
    # below zero SELU's slope rises to alpha * scale, above its slope of scale on the other side
    "selu": lambda _: _exponential("selu", _SELU_ALPHA, _SELU_SCALE, _SELU_ALPHA * _SELU_SCALE),
    "silu": _silu,
    "gelu": _gelu,
    "softplus": _softplus,
    "mish": _mish,
}
