"""Moments of the units' outputs against numpy."""

import numpy as np
import pytest
import torch
from plain_oracle import batch, experiment, measured_network, truth
from torch import Tensor

from gradviz.experiment import choices
from gradviz.network.trace import Trace
from gradviz.probes.units import ActivationMoments


def moments(outputs: Tensor) -> np.ndarray:
    measured = ActivationMoments().measure(Trace(outputs, outputs, outputs, outputs, outputs, lambda: outputs))
    assert measured is not None
    return measured.numpy()


@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_moments_of_a_networks_outputs_are_numpys(shortcut: str) -> None:
    e, (x, y) = experiment(shortcut=shortcut), batch(9)
    network = measured_network(e, x, y)
    outputs = truth(e, network, x, y).outputs
    mean, std = ActivationMoments().measure(network.trace).numpy()
    np.testing.assert_allclose(mean, [output.mean() for output in outputs], rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(std, [output.std() for output in outputs], rtol=1e-11)


# 0.03 is where float32 sums barely suffice: 0.9 of the mean square is the mean's
@pytest.mark.parametrize("offset", [0.0, 0.01, 0.029, 0.031, 1.0, -30.0, 1000.0])
def test_a_spread_far_below_the_mean_is_still_measured(offset: float) -> None:
    generator = torch.Generator().manual_seed(1)
    outputs = torch.randn(3, 128, 32, generator=generator) * 0.01 + offset
    mean, std = moments(outputs)
    expected = outputs.numpy().astype(np.float64)
    np.testing.assert_allclose(mean, expected.mean((1, 2)), rtol=2e-6, atol=1e-8)
    np.testing.assert_allclose(std, expected.std((1, 2)), rtol=1e-5)


def test_a_layer_that_is_silent_has_no_mean_and_no_spread() -> None:
    np.testing.assert_array_equal(moments(torch.zeros(2, 16, 8)), 0.0)


def test_outputs_that_are_all_alike_spread_less_than_float32_tells_apart() -> None:
    mean, std = moments(torch.full((1, 128, 32), 0.7))
    assert mean[0] == pytest.approx(np.float32(0.7), rel=1e-6)
    assert std[0] < 4 * np.finfo(np.float32).eps * 0.7


def test_what_is_not_finite_shows() -> None:
    outputs = torch.ones(3, 4, 4)
    outputs[0, 1, 2], outputs[1, 0, 0] = torch.inf, torch.nan
    mean, std = moments(outputs)
    assert mean[0] == np.inf
    assert np.isnan(mean[1])
    assert not np.isfinite(std[:2]).any()
    assert (mean[2], std[2]) == (1.0, 0.0)
