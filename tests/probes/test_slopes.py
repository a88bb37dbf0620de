"""Dead units and saturated inputs against autograd on an ordinary network, unit by unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from plain_oracle import CLASSES, FEATURES, batch, experiment
from torch import Tensor, nn
from trained_runs import events_of

from gradviz.experiment import Experiment, choices
from gradviz.experiment.presets import load_preset
from gradviz.network.activation_kernels import activation
from gradviz.network.catalogue import build_network
from gradviz.network.stack.layer_chunks import LayerChunk
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.network.stack.stack import Network
from gradviz.probes.fused.slopes import Slopes
from gradviz.probes.observer import Due
from gradviz.recording.frame import Frame
from gradviz.training.loop import train
from gradviz.training.run import TrainingRun

# least upper bounds of |phi'|: CLAIMS.md and textbooks, SELU's from its own constants, mish's by a fine grid elsewhere
SUPREMA = {"sigmoid": 0.25, "silu": 1.09984, "gelu": 1.12890, "selu": 1.0507009873554805 * 1.6732632423543772}
MODULES = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "elu": nn.ELU, "silu": nn.SiLU, "gelu": nn.GELU}


def measured(network: Network, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    probe = Slopes()
    for chunk in network.chunks(x):
        probe.look_at(chunk)
    dead, saturated = probe.measure(network.trace if network.weights.grad is not None else None)
    return dead.numpy(), saturated.numpy()


def by_autograd(e: Experiment, network: Network, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Each activation's derivative at each of its inputs: of the sum of its outputs, one layer after the other."""
    plain = reference_network(e, FEATURES, CLASSES)
    copy_weights(network, plain)
    dead, saturated = [], []
    for module in plain:
        if isinstance(module, MODULES[e.network.activation]):
            z = x.detach().requires_grad_()
            module(z).sum().backward()
            slopes = z.grad.abs().numpy()
            dead.append(np.mean([all(slope == 0 for slope in unit) for unit in slopes.T]))
            saturated.append(np.mean(slopes < 0.01 * SUPREMA.get(e.network.activation, 1.0)))
        x = module(x)
    return np.array(dead), np.array(saturated)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", MODULES)
def test_shares_are_those_of_autograd(name: str, precision: str) -> None:
    # wide weights: units far out on both sides, some of which no sample brings back
    e = experiment(activation=name, precision=precision, width=40, sigma_w=6.0, sigma_b=6.0, depth=5)
    network, x = build_network(e, (FEATURES,), CLASSES), batch(12)[0].to(getattr(torch, precision))
    dead, saturated = measured(network, x)
    expected_dead, expected_saturated = by_autograd(e, network, x)
    np.testing.assert_allclose(dead, expected_dead, atol=1e-7)
    # a pre-activation may round to the other side of the one per cent
    np.testing.assert_allclose(saturated, expected_saturated, atol=1.5 / (12 * 40))
    assert expected_saturated.max() > 0.05
    if name == "relu":
        assert expected_dead.max() > 0.1


def chunk(name: str, values: object, precision: str = "float32", **settings: object) -> tuple[float, float]:
    """Both shares of one layer whose activations are given `values` [samples, units]."""
    given = torch.tensor(values, dtype=getattr(torch, precision))
    probe = Slopes()
    probe.look_at(LayerChunk((given,), (given,), activation(experiment(activation=name, **settings).network.phi)))
    dead, saturated = probe.measure(None)
    return float(dead[0]), float(saturated[0])


def test_a_unit_is_dead_only_if_every_sample_finds_it_so() -> None:
    # by unit: dead; at exactly 0, where torch's ReLU has slope 0; alive for one sample; alive
    assert chunk("relu", [[-1.0, 0.0, -1.0, 2.0], [-2.0, -3.0, 1e-30, 1.0]]) == (0.5, 5 / 8)


def test_a_slope_of_zero_in_its_precision_is_dead() -> None:
    """At 20 the sigmoid's slope is 2e-9, which float32 does not tell from zero, for 1 - phi is: float64 does."""
    values = [[20.0, -20.0, 0.0], [30.0, -200.0, 0.0]]
    assert chunk("sigmoid", values) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert chunk("sigmoid", values, "float64") == (0.0, pytest.approx(2 / 3))
    assert chunk("sigmoid", [[200.0, -800.0]], "float64")[0] == 1.0


def test_what_is_linear_is_never_dead_and_never_saturated() -> None:
    assert chunk("linear", [[-1e30, 0.0, 1e30]]) == (0.0, 0.0)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_leaky_relu_of_slope_one_per_cent_is_not_below_one_per_cent(precision: str) -> None:
    values = [[-1.0, -5.0, -1e9, 1.0]]
    assert chunk("leaky_relu", values, precision, leaky_slope=0.01) == (0.0, 0.0)
    assert chunk("leaky_relu", values, precision, leaky_slope=0.009) == (0.0, 0.75)
    assert chunk("leaky_relu", values, precision, leaky_slope=0.0) == (0.75, 0.75)


@pytest.mark.parametrize("name", choices("activation"))
def test_what_is_not_a_number_is_neither(name: str) -> None:
    assert np.isnan(chunk(name, [[0.5, float("nan")]])).all()
    assert not np.isnan(chunk(name, [[0.5, 0.0]])).any()


def test_the_probe_batch_is_held_out_and_stays_the_same() -> None:
    """Weights that do not move (a learning rate of almost nothing): other training batches change no share."""
    run = TrainingRun(experiment(activation="relu", depth=4, width=16, learning_rate=1e-30, precision="float32"))
    rows = []
    for step in range(3):
        run.measure(step, Due())
        rows += [(frame.rows["dead_fraction"], frame.rows["saturated_fraction"]) for frame in run.frames(wait=True)]
        run.update()
    assert all(np.array_equal(rows[0], later) for later in rows[1:])
    data = run.data
    x = torch.from_numpy(data.test_inputs[:256]).float()
    assert len(x) == 256
    np.testing.assert_array_equal(rows[0], np.array(measured(run.network, x), np.float32))


def test_shares_come_on_schedule_for_every_layer() -> None:
    e = experiment(depth=3, width=4, steps=5, probe_every=2, batch_size=16, precision="float32")
    frames = [event for event in train(e) if isinstance(event, Frame)]
    for name in ("dead_fraction", "saturated_fraction"):
        assert [frame.step for frame in frames if name in frame.rows] == [0, 2, 4, 5]
        assert all(frame.rows[name].shape == (3,) for frame in frames if name in frame.rows)


def dead_shares(preset: str) -> list[float]:
    """The mean share of dead units over all layers, at every measurement."""
    frames = [event for event in events_of(load_preset(preset).changed(device="cpu")) if isinstance(event, Frame)]
    return [float(frame.rows["dead_fraction"].mean()) for frame in frames if "dead_fraction" in frame.rows]


@pytest.mark.slow
def test_a_high_learning_rate_kills_relus_and_no_leaky_relu() -> None:
    """C7, with both presets as they are."""
    relu = dead_shares("dying-relu")
    assert relu[0] < 0.05
    assert relu[-1] > 0.5
    assert set(dead_shares("leaky-relu-rescue")) == {0.0}
