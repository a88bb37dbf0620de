"""Weights that do not move, bit by bit, against numpy on whole numbers."""

import math

import numpy as np
import pytest
import torch
from covering import pairwise
from plain_oracle import experiment, made_up_trace

from gradviz.experiment.presets import load_preset
from gradviz.probes.fused.updates import Weights
from gradviz.recording.frame import Frame
from gradviz.training.loop import train
from gradviz.training.run import TrainingRun

BITS = {"float32": np.uint32, "float64": np.uint64}


def same_bits(before: torch.Tensor, after: torch.Tensor) -> np.ndarray:
    """The share of equal bit patterns per layer, one number at a time."""
    shares = []
    for old, new in zip(before.detach().numpy(), after.detach().numpy(), strict=True):
        whole = BITS[old.dtype.name]
        pairs = zip(old.ravel().view(whole).tolist(), new.ravel().view(whole).tolist(), strict=True)
        shares.append(sum(a == b for a, b in pairs) / old.size)
    return np.array(shares)


def unchanged(before: torch.Tensor, after: torch.Tensor) -> np.ndarray:
    probe, weights = Weights(), before.clone()
    trace = made_up_trace(weights=weights)
    assert len(probe.measure(trace)) == 1  # of an update there is nothing yet
    probe.before_update(trace)
    weights.copy_(after)
    probe.after_update(trace)
    return probe.measure(trace)[2].numpy()


# of width 400 there are less than two layers in a slice
@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimizer", "precision", "width"), pairwise(["sgd", "adam"], ["float32", "float64"], [8, 400])
)
def test_the_share_is_that_of_a_naive_comparison(optimizer: str, precision: str, width: int) -> None:
    # steps about as large as the last bits, so that some weights move and some do not; Adam begins with the rate itself
    rate = {"float32": 1e-6, "float64": 2e-15}[precision] * (0.06 / width**0.5 if optimizer == "adam" else 3.0)
    depth = 40 if width == 8 else 3
    e = experiment(optimizer=optimizer, precision=precision, learning_rate=rate, depth=depth, width=width, sigma_w=1.0)
    run, expected = TrainingRun(e), None
    for step in range(3):
        run.measure(step)
        (frame,) = run.frames(wait=True)
        if expected is None:
            assert "unchanged_fraction" not in frame.rows
        else:
            np.testing.assert_array_equal(frame.rows["unchanged_fraction"], expected.astype(np.float32))
        before = run.network.weights.detach().clone()
        run.update()
        expected = same_bits(before, run.network.weights)
        assert ((expected > 0.02) & (expected < 0.98)).any(), expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_bits_count_and_not_values(dtype: torch.dtype) -> None:
    nan, smallest = math.nan, {torch.float32: 2.0**-149, torch.float64: 2.0**-1074}[dtype]
    before = torch.tensor([[0.0, nan, 1.0, math.inf], [0.0, smallest, 1.0, -math.inf]], dtype=dtype)[:, None]
    after = torch.tensor([[-0.0, nan, 1.0, math.inf], [smallest, smallest, 1.0, math.inf]], dtype=dtype)[:, None]
    # -0 is another bit than 0, and a NaN that stayed is no change; the smallest of all numbers is one
    np.testing.assert_array_equal(unchanged(before, after), [0.75, 0.5])
    np.testing.assert_array_equal(unchanged(before, after), same_bits(before, after))


def test_a_nan_of_another_payload_is_a_change() -> None:
    before = torch.tensor([0x7FC00000, 0x7FC00001], dtype=torch.int32).view(torch.float32).reshape(1, 1, 2)
    after = torch.tensor([0x7FC00000, 0x7FC00002], dtype=torch.int32).view(torch.float32).reshape(1, 1, 2)
    assert unchanged(before, after)[0] == 0.5


def test_a_step_to_nowhere_and_back_is_no_change() -> None:
    weights = torch.randn(3, 4, 4)
    np.testing.assert_array_equal(unchanged(weights, weights), 1.0)
    np.testing.assert_array_equal(unchanged(weights, weights + 1.0), 0.0)


def test_the_first_layers_of_thirty_sigmoids_stand_still_and_the_last_moves() -> None:
    """C3, with the preset: w - lr * g is w, bit for bit, in front."""
    e = load_preset("sigmoid-30").changed(steps=12, device="cpu")
    rows = [event.rows for event in train(e) if isinstance(event, Frame)]
    assert "unchanged_fraction" not in rows[0]
    for row in rows[1:]:
        np.testing.assert_array_equal(row["unchanged_fraction"][:10], 1.0)
        assert row["unchanged_fraction"][-1] < 0.05
