"""The ceiling of the derivatives against the chain rule itself."""

import numpy as np
import pytest
import torch
from networks import ACTIVATIONS

from gradviz.experiment import Experiment
from gradviz.theory.bounds import Bound, NoBound, supremum_bound

SUPREMA = {"linear": 1.0, "sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "leaky_relu": 1.0, "elu": 1.0, "selu": 1.75810,
           "silu": 1.09984, "gelu": 1.12890, "softplus": 1.0, "mish": 1.08850}  # fmt: skip


def bound(**values: object) -> Bound:
    found = supremum_bound(Experiment.parse(values).network)
    assert isinstance(found, Bound)
    return found


def test_thirty_sigmoids_pass_at_most_a_quarter_each() -> None:
    found = bound(activation="sigmoid", depth=30)
    assert 10**found.through_all == pytest.approx(8.67e-19, rel=1e-3)
    assert "0.25^30 = 8.67e-19" in found.text
    np.testing.assert_allclose(10**found.log10_derivative_product, [0.25**n for n in range(29, -1, -1)], rtol=1e-12)


def test_a_thousand_layers_do_not_underflow() -> None:
    found = bound(activation="sigmoid", depth=1000)
    assert found.through_all == pytest.approx(-602.06, abs=0.01)
    assert "8.71e-603" in found.text


@pytest.mark.parametrize(("activation", "supremum"), SUPREMA.items())
def test_no_chain_of_derivatives_passes_more(activation: str, supremum: float) -> None:
    """Any unit of any layer at any input: the largest product along a path, found in torch at the steepest places."""
    found = bound(activation=activation, depth=7, leaky_slope=0.1)
    assert found.through_all == pytest.approx(7 * np.log10(supremum), abs=7e-5)
    z = torch.cat([torch.linspace(-30, 30, 200_001, dtype=torch.float64), torch.tensor([-1e-9], dtype=torch.float64)])
    z.requires_grad_()
    (slopes,) = torch.autograd.grad(ACTIVATIONS[activation](z).sum(), z)
    largest = float(slopes.abs().max()) ** 7
    assert largest <= 10**found.through_all * (1 + 1e-12)
    assert largest == pytest.approx(10**found.through_all, rel=1e-6)


def test_it_is_a_bound_where_the_weights_do_nothing() -> None:
    """Weights of 1, one unit per layer: then the gradient is the product of derivatives and nothing else."""
    found = bound(activation="sigmoid", depth=12)
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    outputs = [x]
    for _ in range(12):
        outputs.append(torch.sigmoid(outputs[-1]))
    gradients = [float(g) for g in torch.autograd.grad(outputs[-1], outputs)]
    assert all(np.log10(gradients[1:]) <= found.log10_derivative_product + 1e-12)
    assert np.log10(gradients[0]) <= found.through_all


@pytest.mark.parametrize("values", [{"shortcut": "identity"}, {"shortcut": "highway"}, {"normalization": "layer"}])
def test_where_the_gradient_has_other_ways_there_is_a_reason_instead(values: dict[str, object]) -> None:
    found = supremum_bound(Experiment.parse(values).network)
    assert isinstance(found, NoBound)
    assert found.reason.startswith("no bound line: ")
