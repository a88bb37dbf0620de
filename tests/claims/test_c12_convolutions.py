"""C12a to C12d: convolutional networks, whose presets take from seconds to minutes; and what they begin with."""

from collections.abc import Callable

import numpy as np
import pytest

from gradviz.claims.claim import Outcome
from gradviz.experiment import load_preset
from gradviz.training.loop import first_frame


@pytest.mark.benchmark
@pytest.mark.usefixtures("shared_presets")
@pytest.mark.parametrize("name", ["C12a", "C12c", "C12d"])
def test_what_learns_and_what_does_not(name: str, outcome: Callable[[str], Outcome]) -> None:
    assert outcome(name).holds


@pytest.mark.slow
def test_batch_normalisation_does_not_save_a_deep_plain_network(outcome: Callable[[str], Outcome]) -> None:
    result = outcome("C12b")
    assert result.holds
    # held against autograd in float64 by tests/probes/test_resnet_rows.py
    assert result.numbers["plain_grows"] == pytest.approx(6.5, abs=1.0)


def test_sigmoid_convolutions_begin_without_a_gradient_at_the_front() -> None:
    _, frame = first_frame(load_preset("conv-sigmoid-20").changed(device="cpu"))
    row = frame.rows["activation_grad_rms"]
    assert row[-1] - row[0] > 12
    assert (np.diff(row[:-1]) > 0).all()
