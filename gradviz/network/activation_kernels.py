"""The activations: function, derivative, the derivative's ceiling, and kernels that write where they are told.

An activation is one entry in `_KINDS`. The kernels are torch's own (`aten`), so that the fused engine computes bit for
bit what autograd would.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from gradviz.experiment import ActivationChoice

aten = torch.ops.aten

Op = Callable[[], object]
"""A prepared call: operands and destination are bound, running it allocates nothing."""

# torch's, and that of He et al. 2015 (1502.01852), section 2.1
PRELU_SLOPE = 0.25
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@dataclass(frozen=True, slots=True)
class Steepest:
    """The least upper bound of |phi'|, and the interval (`low`, `high`) to which it belongs: `where`, in words.

    It is taken there if it is `attained`, else only approached.
    """

    supremum: float
    low: float
    high: float
    where: str
    attained: bool = True


_EVERYWHERE = Steepest(1.0, -math.inf, math.inf, "at every x")
_RIGHT_SIDE = Steepest(1.0, 0.0, math.inf, "at every x > 0")


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation phi, element by element.

    `function(z)` is phi(z). `forward(z, out)` prepares phi(z) -> out. `backward(grad, z, a, out)` prepares
    grad * phi'(z) -> out, where a = phi(z); `out` may be `grad`. `steepest`: the least upper bound of |phi'|, which
    the chain rule multiplies once per layer. `from_output` says that phi' can be read off phi(z), so that z need not be
    kept: `forward` may then write over z, and `backward` does not look at it.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    forward: Callable[[Tensor, Tensor], Op]
    backward: Callable[[Tensor, Tensor, Tensor, Tensor], Op]
    steepest: Steepest
    from_output: bool = False

    @property
    def supremum(self) -> float:
        """The least upper bound of |phi'|."""
        return self.steepest.supremum

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
        _EVERYWHERE,
        from_output=True,
    )


def _sigmoid(_: ActivationChoice) -> Activation:
    return Activation(
        "sigmoid",
        torch.sigmoid,
        lambda z, out: partial(torch.sigmoid, z, out=out),
        lambda grad, z, a, out: partial(aten.sigmoid_backward.grad_input, grad, a, grad_input=out),
        Steepest(0.25, 0.0, 0.0, "at x = 0"),
        from_output=True,
    )


def _tanh(_: ActivationChoice) -> Activation:
    return Activation(
        "tanh",
        torch.tanh,
        lambda z, out: partial(torch.tanh, z, out=out),
        lambda grad, z, a, out: partial(aten.tanh_backward.grad_input, grad, a, grad_input=out),
        Steepest(1.0, 0.0, 0.0, "at x = 0"),
        from_output=True,
    )


def _relu(_: ActivationChoice) -> Activation:
    return Activation(
        "relu",
        torch.relu,
        # in place there is a shorter way through torch
        lambda z, out: partial(torch.relu_, z) if out is z else partial(torch.clamp_min, z, 0.0, out=out),
        lambda grad, z, a, out: partial(aten.threshold_backward.grad_input, grad, a, 0, grad_input=out),
        _RIGHT_SIDE,
        from_output=True,
    )


def leaky_steepest(slope: float) -> Steepest:
    """Return where an activation is steepest that has a slope of 1 above zero and this one below."""
    return _EVERYWHERE if slope == 1.0 else _RIGHT_SIDE


def _leaky_relu(choice: ActivationChoice) -> Activation:
    return _leaky("leaky_relu", choice.leaky_slope)


def _leaky(name: str, slope: float) -> Activation:
    return Activation(
        name,
        lambda z: torch.nn.functional.leaky_relu(z, slope),
        lambda z, out: partial(aten.leaky_relu.out, z, slope, out=out),
        lambda grad, z, a, out: partial(aten.leaky_relu_backward.grad_input, grad, z, slope, False, grad_input=out),
        leaky_steepest(slope),
    )


def _exponential(name: str, alpha: float, scale: float, steepest: Steepest) -> Activation:
    """ELU and SELU: scale * z above 0, scale * alpha * (exp(z) - 1) below."""
    return Activation(
        name,
        lambda z: aten.elu.default(z, alpha, scale, 1.0),
        lambda z, out: partial(aten.elu.out, z, alpha, scale, 1.0, out=out),
        lambda grad, z, a, out: partial(
            aten.elu_backward.grad_input, grad, alpha, scale, 1.0, False, z, grad_input=out
        ),
        steepest,
    )


def _silu(_: ActivationChoice) -> Activation:
    return Activation(
        "silu",
        torch.nn.functional.silu,
        lambda z, out: partial(aten.silu.out, z, out=out),
        lambda grad, z, a, out: partial(aten.silu_backward.grad_input, grad, z, grad_input=out),
        Steepest(1.0998393201288669, *(2.3993572805154677,) * 2, "at x = 2.399"),
    )


def _gelu(_: ActivationChoice) -> Activation:
    return Activation(
        "gelu",
        torch.nn.functional.gelu,
        lambda z, out: partial(aten.gelu.out, z, out=out),
        lambda grad, z, a, out: partial(aten.gelu_backward.grad_input, grad, z, grad_input=out),
        Steepest(1.1289041451851547, *(math.sqrt(2),) * 2, "at x = √2"),
    )


def _softplus(_: ActivationChoice) -> Activation:
    return Activation(
        "softplus",
        torch.nn.functional.softplus,
        lambda z, out: partial(aten.softplus.out, z, 1.0, 20.0, out=out),
        lambda grad, z, a, out: partial(aten.softplus_backward.grad_input, grad, z, 1.0, 20.0, grad_input=out),
        Steepest(1.0, math.inf, math.inf, "approached as x → ∞", attained=False),
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
        Steepest(1.0884981612517279, *(1.4905711794854285,) * 2, "at x = 1.491"),
    )


# below zero SELU's slope rises to alpha * scale, above its slope of scale on the other side
_SELU_STEEPEST = Steepest(_SELU_ALPHA * _SELU_SCALE, 0.0, 0.0, "approached as x → 0 from below", attained=False)

_KINDS: dict[str, Callable[[ActivationChoice], Activation]] = {
    "linear": _linear,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    # as it begins: networks learn the slope, each in its own way
    "prelu": lambda _: _leaky("prelu", PRELU_SLOPE),
    "elu": lambda _: _exponential("elu", 1.0, 1.0, _RIGHT_SIDE),
    "selu": lambda _: _exponential("selu", _SELU_ALPHA, _SELU_SCALE, _SELU_STEEPEST),
    "silu": _silu,
    "gelu": _gelu,
    "softplus": _softplus,
    "mish": _mish,
}
