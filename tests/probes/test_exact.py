"""Exact gradients against multi-precision arithmetic, scaled float64, and the ordinary probes where those suffice."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from covering import pairwise
from plain_oracle import backward, batch, experiment, measured_network

from gradviz.experiment import Experiment, choices
from gradviz.network.catalogue import build_network
from gradviz.network.stack.stack import Network
from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.exact import ExactGradients
from gradviz.probes.fused.gradients import ActivationGradRms, WeightGradNorm
from gradviz.probes.fused.observer import PROBES

DECADES = 1e-3


def exact_logs(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    activation, weight = ExactGradients().measure(trace).numpy()
    return activation, weight


def delivered_logs(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore"):
        return tuple(np.log10(probe().measure(trace)[0].numpy()) for probe in (ActivationGradRms, WeightGradNorm))


def deep(depth: int, **values: object) -> tuple[Network, torch.Tensor]:
    """A deep network after one pass; and the gradient that came into its last state."""
    e = experiment(**{"depth": depth, "width": 4} | values)
    x, y = batch(5)
    network = measured_network(e, x, y)
    return network, network.trace.output_grads[-1].double().clone()


def scaled_backward(network: Network, grad: torch.Tensor, slope_of_output) -> tuple[list[float], list[float]]:
    """The recursion in float64 numpy with a factor taken off at every layer: log10 of both quantities per layer."""
    outputs = network.trace.outputs.double().numpy()
    weights = network.weights.detach().double().numpy()
    g, log, activation, weight = grad.numpy().copy(), 0.0, [], []
    for layer in reversed(range(len(weights))):
        largest = np.abs(g).max()
        g, log = g / largest, log + math.log10(largest)
        activation.append(math.log10(math.sqrt((g**2).mean()) * len(g)) + log)
        inner = g * slope_of_output(outputs[layer])
        if layer:
            weight.append(math.log10(np.linalg.norm(inner.T @ outputs[layer - 1])) + log)
        g = inner @ weights[layer]
    return activation[::-1], weight[::-1]


SLOPES = {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}
FAR = [
    ("sigmoid", 1000, {"initialization": "glorot_normal"}, -600),
    ("sigmoid", 2000, {"initialization": "pytorch_default"}, -1200),
    ("tanh", 2000, {"sigma_w": 20.0, "width": 64}, 600),
]


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(("activation", "depth", "values", "beyond"), FAR)
def test_far_beyond_every_float_it_follows_scaled_float64(
    activation: str, depth: int, values: dict[str, object], beyond: int, precision: str
) -> None:
    network, grad = deep(depth, activation=activation, precision=precision, **values)
    activation_log, weight_log = exact_logs(network.trace)
    expected, expected_weight = scaled_backward(network, grad, SLOPES[activation])
    assert np.isfinite(activation_log).all()
    assert (expected[0] < beyond) if beyond < 0 else (expected[0] > beyond), expected[0]
    np.testing.assert_allclose(activation_log, expected, atol=DECADES, rtol=0)
    np.testing.assert_allclose(weight_log[1:], expected_weight, atol=DECADES, rtol=0)


def test_a_thousand_sigmoid_layers_follow_multi_precision_arithmetic() -> None:
    network, grad = deep(1000, activation="sigmoid", initialization="pytorch_default")
    outputs, weights = network.trace.outputs.numpy(), network.weights.detach().numpy()
    activation_log, _ = exact_logs(network.trace)
    with mpmath.workdps(30):
        samples, width = grad.shape
        g = [[mpmath.mpf(float(v)) for v in row] for row in grad]
        for layer in range(999, 0, -1):
            a = outputs[layer]
            inner = [[g[s][j] * float(a[s, j]) * (1 - float(a[s, j])) for j in range(width)] for s in range(samples)]
            w = weights[layer]
            g = [
                [mpmath.fsum(inner[s][j] * float(w[j, i]) for j in range(width)) for i in range(width)]
                for s in range(samples)
            ]
        square = mpmath.fsum(v**2 for row in g for v in row)
        expected = mpmath.log10(samples * mpmath.sqrt(square / (samples * width)))
    assert expected < -600
    assert activation_log[0] == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize(
    ("shortcut", "normalization", "span"), pairwise(choices("shortcut"), choices("normalization"), [1, 3])
)
def test_where_nothing_underflows_it_is_the_ordinary_gradient(shortcut: str, normalization: str, span: int) -> None:
    # 40 layers: more than one chunk of weights, and no multiple of the span
    e = experiment(depth=40, shortcut=shortcut, normalization=normalization, shortcut_span=span, activation="gelu")
    x, y = batch(7)
    trace = measured_network(e, x, y).trace
    ordinary = delivered_logs(trace)
    for exact, delivered in zip(exact_logs(trace), ordinary, strict=True):
        # a gate, a factor of zero: what is exactly zero is so in both
        np.testing.assert_array_equal(np.isneginf(exact), np.isneginf(delivered))
        there = np.isfinite(delivered)
        np.testing.assert_allclose(exact[there], delivered[there], atol=1e-10, rtol=0)


@pytest.mark.parametrize("activation", choices("activation"))
def test_in_float32_it_differs_by_rounding_only(activation: str) -> None:
    e = experiment(depth=20, activation=activation, precision="float32", width=16)
    x, y = batch(7)
    trace = measured_network(e, x, y).trace
    for delivered, exact in zip(delivered_logs(trace), exact_logs(trace), strict=True):
        np.testing.assert_allclose(exact, delivered, atol=1e-5, rtol=0)


def test_the_true_network_without_a_signal_is_zero_here_too() -> None:
    e = experiment(depth=5, activation="relu", bias_shift=-10.0)
    x, y = batch(4)
    activation, weight = exact_logs(measured_network(e, x, y).trace)
    assert np.isneginf(activation[:-1]).all()
    assert np.isneginf(weight).all()


def test_it_leaves_the_gradients_that_the_optimiser_sees_alone() -> None:
    e = experiment(depth=40, shortcut="highway", normalization="layer")
    x, y = batch(7)
    network = measured_network(e, x, y)
    before = [parameter.grad.clone() for parameter in network.parameters()]
    ExactGradients().measure(network.trace)
    assert all(torch.equal(a, b.grad) for a, b in zip(before, network.parameters(), strict=True))
    # and the next pass is as it would have been
    again = build_network(e, (x.shape[1],), network.head.out_features)
    for each in (network, again):
        each.zero_grad()
        backward(each, x, y)
    assert all(torch.equal(a.grad, b.grad) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_it_comes_after_every_probe_that_reads_the_delivered_gradients() -> None:
    assert PROBES[-1] is ExactGradients


def test_gradients_that_are_infinite_in_float32_have_a_size() -> None:
    network, _ = deep(2000, activation="tanh", sigma_w=5.0, width=32, precision="float32")
    (delivered, _), (exact, _) = delivered_logs(network.trace), exact_logs(network.trace)
    assert not np.isfinite(delivered[0])
    assert np.isfinite(exact).all()


def test_it_is_measured_on_schedule_and_at_the_end() -> None:
    from gradviz.recording.frame import Frame
    from gradviz.training.loop import train

    e = Experiment(depth=3, width=4, steps=8, probe_every=3, batch_size=16, device="cpu")
    frames = [event for event in train(e) if isinstance(event, Frame)]
    there = [frame.step for frame in frames if "exact_log10_activation_grad_rms" in frame.rows]
    assert there == [0, 3, 6, 8]
