"""C1: the steepest slopes, against mpmath's maxima of the derivatives written out."""

from collections.abc import Callable

import mpmath
import pytest

from gradviz.claims.claim import Outcome


def sigmoid(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


DERIVATIVES = {
    "sigmoid": lambda x: sigmoid(x) * (1 - sigmoid(x)),
    "tanh": lambda x: 1 - mpmath.tanh(x) ** 2,
    "silu": lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    "gelu": lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x),
}
# where the second derivative is zero: 0, and for GELU sqrt(2)
STEEPEST = {"sigmoid": 0, "tanh": 0, "gelu": mpmath.sqrt(2)}


def test_ceilings(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C1")
    assert result.holds
    places = STEEPEST | {"silu": mpmath.findroot(lambda x: mpmath.diff(DERIVATIVES["silu"], x), 2.4)}
    for name, derivative in DERIVATIVES.items():
        assert result.numbers[name] == pytest.approx(float(derivative(places[name])), abs=1e-9)
    assert result.numbers["relu"] == result.numbers["leaky_relu"] == 1.0
    assert result.numbers["sigmoid"] == 0.25
    assert result.numbers["silu"] == pytest.approx(1.0998, abs=5e-5)
    assert result.numbers["gelu"] == pytest.approx(1.1289, abs=5e-5)
