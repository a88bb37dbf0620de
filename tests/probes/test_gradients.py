"""Gradient probes against one backward pass per sample of an ordinary network."""

import numpy as np
import pytest
import torch
from plain_oracle import batch, experiment, made_up_trace, measured_network, truth

from gradviz.experiment import choices
from gradviz.probes.fused.gradients import ActivationGradRms, WeightGradNorm

BATCH = 7


def rms(grads: list[np.ndarray]) -> np.ndarray:
    return np.sqrt([np.mean(np.square(layer)) for layer in grads])


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_weight_gradient_norms_are_autograds(shortcut: str, activation: str) -> None:
    e, (x, y) = experiment(shortcut=shortcut, activation=activation), batch(BATCH)
    network = measured_network(e, x, y)
    expected = [np.linalg.norm(grad) for grad in truth(e, network, x, y).weight_grads]
    np.testing.assert_allclose(WeightGradNorm().measure(network.trace)[0].numpy(), expected, rtol=1e-10, atol=1e-300)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_activation_gradients_are_the_rms_over_samples_and_units_of_each_samples_own(
    shortcut: str, activation: str
) -> None:
    e, (x, y) = experiment(shortcut=shortcut, activation=activation), batch(BATCH)
    network = measured_network(e, x, y)
    expected = rms(truth(e, network, x, y).sample_grads)
    np.testing.assert_allclose(ActivationGradRms().measure(network.trace)[0].numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_normalisation_over_units_keeps_samples_apart(normalization: str) -> None:
    e, (x, y) = experiment(normalization=normalization), batch(BATCH)
    network = measured_network(e, x, y)
    expected = truth(e, network, x, y)
    np.testing.assert_allclose(
        ActivationGradRms().measure(network.trace)[0].numpy(), rms(expected.sample_grads), rtol=1e-9
    )


def test_float32_measures_what_float64_would() -> None:
    e, (x, y) = experiment(precision="float32", depth=20, shortcut="scaled"), batch(BATCH)
    network = measured_network(e, x, y)
    expected = truth(e, network, x.float().double(), y)
    np.testing.assert_allclose(
        WeightGradNorm().measure(network.trace)[0].numpy(),
        [np.linalg.norm(grad) for grad in expected.weight_grads],
        rtol=1e-4,
    )
    np.testing.assert_allclose(
        ActivationGradRms().measure(network.trace)[0].numpy(), rms(expected.sample_grads), rtol=1e-4
    )


def test_batch_size_does_not_change_the_activation_gradient() -> None:
    """The same five samples once, and forty times over; and two halves have the mean square of the whole."""
    e, (x, y) = experiment(), batch(10)

    def measured(inputs: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
        return ActivationGradRms().measure(measured_network(e, inputs, labels).trace)[0].numpy()

    once, often = measured(x[:5], y[:5]), measured(x[:5].repeat(40, 1), y[:5].repeat(40))
    np.testing.assert_allclose(often, once, rtol=1e-11)
    whole, other = measured(x, y), measured(x[5:], y[5:])
    np.testing.assert_allclose(np.square(whole), (np.square(once) + np.square(other)) / 2, rtol=1e-11)
    single = [measured(x[i : i + 1], y[i : i + 1]) for i in range(10)]
    np.testing.assert_allclose(np.square(whole), np.mean(np.square(single), 0), rtol=1e-11)


def test_width_does_not_change_it_either() -> None:
    """A gradient of 3 at every unit of every sample is 3, however many there are; the backward pass delivers 3 / n."""
    for samples, width in ((1, 2), (4, 3), (64, 128)):
        delivered = torch.full((2, samples, width), 3.0 / samples)
        trace = made_up_trace(output_grads=delivered)
        np.testing.assert_allclose(ActivationGradRms().measure(trace)[0].numpy(), [3.0, 3.0], rtol=1e-6)
