"""Moments of the units' outputs against numpy."""

import numpy as np
import pytest
import torch
from plain_oracle import batch, experiment, made_up_trace, measured_network, truth
from torch import Tensor

from gradviz.experiment import choices
from gradviz.probes.fused.units import ActivationMoments


def moments(outputs: Tensor) -> np.ndarray:
    measured = ActivationMoments().measure(made_up_trace(outputs=outputs))
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


@pytest.mark.parametrize("shape", [(1, 2), (128, 32), (512, 256)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_outputs_that_are_all_alike_do_not_spread(dtype: torch.dtype, shape: tuple[int, int]) -> None:
    """E[x²] - E[x]² alone would leave up to a millionth of the mean."""
    outputs = torch.tensor([0.7, -3.3, 1e-12, 1e9]).to(dtype)[:, None, None].expand(4, *shape)
    mean, std = moments(outputs)
    np.testing.assert_allclose(mean, outputs[:, 0, 0].double(), rtol=1e-12)
    assert (std <= 1e-14 * np.abs(mean)).all()


def test_one_unit_that_differs_by_its_last_bit_is_seen() -> None:
    outputs = torch.full((1, 128, 32), 0.7)
    outputs[0, 40, 5] = torch.nextafter(outputs[0, 40, 5], torch.tensor(1.0))
    expected = outputs.numpy().astype(np.float64).std()
    assert 0 < expected < 1e-9
    assert moments(outputs)[1][0] == pytest.approx(expected, rel=1e-6)


def test_what_is_not_finite_shows() -> None:
    outputs = torch.ones(3, 4, 4)
    outputs[0, 1, 2], outputs[1, 0, 0] = torch.inf, torch.nan
    mean, std = moments(outputs)
    assert mean[0] == np.inf
    assert np.isnan(mean[1])
    assert not np.isfinite(std[:2]).any()
    assert (mean[2], std[2]) == (1.0, 0.0)
