"""Weight norms and update ratios against copies of the weights taken before and after every step."""

import numpy as np
import pytest
import torch
from covering import pairwise
from plain_oracle import batch, experiment, made_up_trace, measured_network

from gradviz.experiment import Experiment, choices
from gradviz.probes.fused.updates import Weights
from gradviz.recording.frame import Frame
from gradviz.training.run import TrainingRun

RATES = {"sgd": 0.5, "momentum": 0.1, "adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3}


def lengths(weights: torch.Tensor) -> np.ndarray:
    return np.array([np.linalg.norm(layer) for layer in weights.detach().numpy().astype(np.float64)])


def only(run: TrainingRun) -> Frame:
    (frame,) = run.frames(wait=True)
    return frame


@pytest.mark.parametrize(
    ("optimizer", "precision", "decay"), pairwise(choices("optimizer"), ["float32", "float64"], [0.0, 0.1])
)
def test_ratios_and_norms_are_those_of_explicit_copies(optimizer: str, precision: str, decay: float) -> None:
    run = TrainingRun(
        experiment(optimizer=optimizer, learning_rate=RATES[optimizer], precision=precision, weight_decay=decay)
    )
    expected = None
    for step in range(4):
        before = run.network.weights.detach().clone()
        run.measure(step)
        rows = only(run).rows
        np.testing.assert_allclose(10.0 ** rows["weight_norm"], lengths(before), rtol=2e-6)
        if expected is None:
            assert "update_ratio" not in rows
        else:
            np.testing.assert_allclose(10.0 ** rows["update_ratio"], expected, rtol=1e-5)
        run.update()
        after = run.network.weights.detach()
        assert (lengths(after - before) > 0).all()
        # float32 weights a step apart subtract without rounding, or nearly so
        expected = lengths(after.double() - before.double()) / lengths(before)


def probe_over(before: torch.Tensor, after: torch.Tensor) -> np.ndarray:
    probe = Weights()
    weights = before.clone()
    trace = made_up_trace(weights=weights)
    assert len(probe.measure(trace)) == 1  # of an update there is nothing yet
    probe.before_update(trace)
    weights.copy_(after)
    probe.after_update(trace)
    return probe.measure(trace)[1].numpy()


def test_standing_still_is_zero_and_leaving_zero_is_infinite() -> None:
    before = torch.ones(5, 2, 2)
    before[1:3] = 0.0
    after = before.clone()
    after[2] += 1.0
    after[3] *= 1.5
    after[4, 0, 0] = torch.nan
    ratio = probe_over(before, after)
    assert ratio[0] == 0.0  # nothing moved
    assert ratio[1] == 0.0  # nothing moved, and there was nothing to move
    assert ratio[2] == np.inf
    assert ratio[3] == pytest.approx(0.5, rel=1e-6)
    assert np.isnan(ratio[4])


def test_steps_too_small_for_a_float32_norm_are_measured() -> None:
    """Squares of 1e-25 are nothing in float32: a norm that squares first would read a standstill."""
    before = torch.full((1, 3, 3), 1e-22)
    assert probe_over(before, before + 1e-25)[0] == pytest.approx(1e-3, rel=1e-3)


def test_one_moved_bit_is_measured() -> None:
    before = torch.ones(1, 4, 4)
    after = before.clone()
    after[0, 3, 3] = torch.nextafter(after[0, 3, 3], torch.tensor(2.0))
    assert probe_over(before, after)[0] == pytest.approx(2.0**-23 / 4, rel=1e-6)


def test_a_sigmoid_stack_whose_gradient_is_lost_in_rounding_stands_still_in_front() -> None:
    """Depth 30, C3: w - lr * g is w, bit for bit, at the input side; the last layers move."""
    e = Experiment.parse({"depth": 30, "width": 8, "activation": "sigmoid", "learning_rate": 0.1, "device": "cpu"})
    run = TrainingRun(e)
    run.measure(0)
    before = run.network.weights.detach().clone()
    run.update()
    run.measure(1)
    *_, frame = run.frames(wait=True)
    still = np.array([torch.equal(a, b) for a, b in zip(before, run.network.weights.detach(), strict=True)])
    assert still[:10].all()
    assert not still[-1]
    np.testing.assert_array_equal(np.isneginf(frame.rows["update_ratio"]), still)


def test_weight_norm_is_numpys() -> None:
    network = measured_network(experiment(precision="float32"), *batch(3))
    measured = Weights().measure(network.trace)
    np.testing.assert_allclose(measured[0].numpy(), lengths(network.weights), rtol=1e-6)
