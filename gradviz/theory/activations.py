"""The activations and their derivatives in numpy, float64, for the averages that the theory takes over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment import Mlp

Array = NDArray[np.float64]
Row = NDArray[np.floating[Any]]
Function = Callable[[Array], Array]

# the network's own: see gradviz/network/activation_kernels.py
PRELU_SLOPE = 0.25
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805

# erf at points this close together; between them five terms of its Taylor series are exact to the last bits
_STEP = 1 / 64
_POINTS = np.arange(-7.0, 7.0 + _STEP / 2, _STEP)
_ERF = np.array([math.erf(point) for point in _POINTS])


@dataclass(frozen=True, slots=True)
class Curve:
    """phi and phi', element by element, and `supremum`, the least upper bound of |phi'|."""

    value: Function
    slope: Function
    supremum: float


def curve(network: Mlp) -> Curve:
    """Return the activation of `network`."""
    return named_curve(network.activation, network.leaky_slope)


def is_known(activation: str) -> bool:
    """Whether there are formulas for the activation of that name."""
    return activation == "leaky_relu" or activation in _CURVES


def named_curve(activation: str, leaky_slope: float = 0.01) -> Curve:
    """Return an activation by its name in the recipe."""
    if activation == "leaky_relu":
        return Curve(lambda z: np.where(z > 0, z, leaky_slope * z), lambda z: np.where(z > 0, 1.0, leaky_slope), 1.0)
    return _CURVES[activation]


def points(activation: str, leaky_slope: float, inputs: Sequence[float]) -> list[float]:
    """Return what an activation makes of each of the inputs."""
    values: list[float] = named_curve(activation, leaky_slope).value(np.array(inputs, np.float64)).tolist()
    return values


def erf(x: Array) -> Array:
    """Return the error function, to 1e-15."""
    inside = np.clip(x, -6.5, 6.5)
    index = np.rint((inside - _POINTS[0]) / _STEP).astype(np.intp)
    near = _POINTS[index]
    d = inside - near
    slope = 2 / math.sqrt(math.pi) * np.exp(-near * near)
    # Taylor: the derivatives of exp(-x^2) are Hermite polynomials times it
    n2 = near * near
    series = 1 + d * (
        -near + d * ((2 * n2 - 1) / 3 + d * (near * (3 - 2 * n2) / 6 + d * ((4 * n2 * n2 - 12 * n2 + 3) / 30)))
    )
    sixth = near * (-4 * n2 * n2 + 20 * n2 - 15) / 90
    return np.asarray(_ERF[index] + slope * d * (series + sixth * d**5))


def sigmoid(z: Array) -> Array:
    """Return the logistic function."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def softplus(z: Array) -> Array:
    """Return log(1 + exp(z))."""
    return np.logaddexp(0.0, z)


def _sigmoid_slope(z: Array) -> Array:
    e = np.exp(-np.abs(z))
    return np.asarray(e / (1 + e) ** 2)


def _tanh_slope(z: Array) -> Array:
    return 4 * _sigmoid_slope(2 * z)


def _exponential(alpha: float, scale: float, supremum: float) -> Curve:
    """ELU and SELU: scale * z above 0, scale * alpha * (exp(z) - 1) below."""
    return Curve(
        lambda z: scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
        lambda z: scale * np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0))),
        supremum,
    )


def _silu_slope(z: Array) -> Array:
    return np.asarray(sigmoid(z) + z * _sigmoid_slope(z))


def _gelu(z: Array) -> Array:
    return np.asarray(z * _normal_below(z))


def _gelu_slope(z: Array) -> Array:
    return np.asarray(_normal_below(z) + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi))


def _normal_below(z: Array) -> Array:
    """The probability that a standard normal number is below z."""
    return np.asarray(0.5 * (1 + erf(z / math.sqrt(2))))


def _mish_slope(z: Array) -> Array:
    bent = softplus(z)
    return np.asarray(np.tanh(bent) + z * _tanh_slope(bent) * sigmoid(z))


_CURVES = {
    "linear": Curve(lambda z: z, np.ones_like, 1.0),
    "sigmoid": Curve(sigmoid, _sigmoid_slope, 0.25),
    "tanh": Curve(np.tanh, _tanh_slope, 1.0),
    "relu": Curve(lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0), 1.0),
    # as it begins
    "prelu": Curve(lambda z: np.where(z > 0, z, PRELU_SLOPE * z), lambda z: np.where(z > 0, 1.0, PRELU_SLOPE), 1.0),
    "elu": _exponential(1.0, 1.0, 1.0),
    "selu": _exponential(SELU_ALPHA, SELU_SCALE, SELU_ALPHA * SELU_SCALE),
    "silu": Curve(lambda z: z * sigmoid(z), _silu_slope, 1.0998393201288669),
    "gelu": Curve(_gelu, _gelu_slope, 1.1289041451851547),
    "softplus": Curve(softplus, sigmoid, 1.0),
    "mish": Curve(lambda z: z * np.tanh(softplus(z)), _mish_slope, 1.0884981612517279),
}
