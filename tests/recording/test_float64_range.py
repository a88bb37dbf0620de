"""Rows of a float64 network keep the range of float64: in the frame, at every zoom, and from the file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gradviz.diagnosis import diagnose
from gradviz.experiment import Experiment
from gradviz.network.catalogue import build_network
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, open_run
from gradviz.training.data import load_data
from gradviz.training.loop import train

HUGE = Experiment().changed(
    precision="float64", activation="linear", initialization="gaussian", sigma_w=20.0, depth=60, steps=1,
    learning_rate=1e-300, device="cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def history() -> History:
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return History.of(train(HUGE))


def test_what_float32_does_not_hold_is_measured_right(history: History) -> None:
    """The product of the weights in float64, by plain matrices, is the oracle."""
    data = load_data(HUGE)
    network = build_network(HUGE, (data.features,), data.classes, torch.device("cpu"))
    inputs = torch.from_numpy(data.test_inputs[:256]).double()
    spread = history.row("activation_std", 0)
    assert spread is not None
    assert spread.dtype == np.float64
    assert np.isfinite(spread).all()
    assert spread[-1] > 1e70
    with torch.no_grad():
        logits = network.evaluate(inputs)
    # the head is LeCun normal: the size of the logits is that of the last layer's outputs, but for chance
    assert float(logits.std()) == pytest.approx(float(spread[-1]), rel=1.0)
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(data.held_out.labels[:256]))
    assert float(loss) == pytest.approx(history.loss(0), rel=1.0)


def test_every_zoom_keeps_it(history: History) -> None:
    both = np.stack([history.row("activation_std", step) for step in (0, 1)])
    for kind, expected in (("largest", both.max(0)), ("mean", both.mean(0))):
        np.testing.assert_array_equal(history.window("activation_std", 0, 1, 1, kind).values, both)
        np.testing.assert_allclose(history.window("activation_std", 0, 1, 2, kind).values[0], expected, rtol=1e-12)


def test_nothing_in_it_is_called_infinite(history: History) -> None:
    facts = {fact.fact for finding in diagnose(history) for fact in finding.evidence}
    assert "output_not_finite" not in facts
    assert "outputs_infinite" not in facts
    assert "outputs_grow" in facts


def test_the_file_keeps_it(history: History, tmp_path: Path) -> None:
    path = tmp_path / "huge.gradviz"
    troubles: list[str] = []
    # the writer frees what it has stored, so that it gets a history of its own
    StoreWriter(path, History.of(train(HUGE)), environment={}, on_trouble=troubles.append).close("finished")
    assert troubles == []
    with open_run(path) as run:
        for name in ("activation_std", "activation_mean", "activation_grad_rms"):
            again, row = run.history.row(name, 1), history.row(name, 1)
            assert again is not None
            assert row is not None
            assert again.dtype == row.dtype
            np.testing.assert_array_equal(again, row)


def test_a_float32_network_keeps_float32() -> None:
    history = History.of(train(HUGE.changed(precision="float32", sigma_w=1.0)))
    row = history.row("activation_std", 0)
    assert row is not None
    assert row.dtype == np.float32
