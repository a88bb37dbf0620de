"""A network that predicts a number: its data, what is told of it, and what is kept of it in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import r2_score

from gradviz.diagnosis.diagnose import diagnose
from gradviz.diagnosis.guesses import guess_of
from gradviz.errors import DataError, ExperimentError
from gradviz.experiment import Data, Experiment
from gradviz.recording.frame import Evaluation, Frame, Started
from gradviz.recording.history import History
from gradviz.recording.store import open_run
from gradviz.training.control import Control
from gradviz.training.data import load_data
from gradviz.training.data_files import read_data_file
from gradviz.training.loop import train
from gradviz.training.run_recording import RunRecording

SINE = Experiment(
    data="sine", depth=2, width=16, activation="tanh", optimizer="adam", learning_rate=0.01, samples=200, noise=0.0,
    steps=30, device="cpu", precision="float64",
)  # fmt: skip


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Real-valued targets in the last column, in a unit of their own."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    y = 300_000.0 + 50_000.0 * (x[:, 0] - 0.5 * x[:, 1] ** 2)
    file = tmp_path / "prices.csv"
    rows = [f"{a:.6f},{b:.6f},{c:.6f},{price:.2f}" for (a, b, c), price in zip(x, y, strict=True)]
    file.write_text("\n".join(["rooms,age,tax,price", *rows]))
    return file


def events_of(e: Experiment) -> tuple[Started, list[Evaluation], list[Frame]]:
    events = list(train(e))
    assert isinstance(events[0], Started)
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    return events[0], evaluations, [event for event in events if isinstance(event, Frame)]


@pytest.mark.slow
def test_a_sine_is_learnt_with_the_loss_that_comes_with_it() -> None:
    assert SINE.training.loss == "mse"
    assert SINE.regression
    e = SINE.changed(steps=300)
    _, evaluations, frames = events_of(e)
    assert evaluations[0].accuracy < 0.5
    assert evaluations[-1].accuracy > 0.9
    assert frames[-1].batch_accuracy > 0.9
    data = load_data(e)
    np.testing.assert_allclose(data.held_out.targets, np.sin(data.held_out.inputs[:, 0]), atol=1e-5)


def test_other_data_bring_their_loss_along_and_what_contradicts_is_refused() -> None:
    assert SINE.changed(data="digits").training.loss == "cross_entropy"
    assert Experiment().changed(data="sine").training.loss == "mse"
    with pytest.raises(ExperimentError, match="loss"):
        Experiment(data="sine", loss="cross_entropy")
    # with classes the squared error is that of one-hot labels
    assert not Experiment(loss="mse").regression


def test_predictions_are_told_in_the_unit_of_the_targets(prices: Path) -> None:
    e = SINE.changed(data="file", data_file=str(prices), loss="mse", steps=60)
    started, evaluations, _ = events_of(e)
    held_out = started.held_out
    assert held_out is not None
    assert held_out.targets is not None
    assert held_out.target_name == "price"
    assert (held_out.class_names, started.class_shares, held_out.extent) == ((), (), None)
    assert 50_000 < held_out.targets.min() < held_out.targets.max() < 500_000
    for evaluation in evaluations:
        assert evaluation.values is not None
        assert evaluation.accuracy == pytest.approx(r2_score(held_out.targets, evaluation.values), abs=1e-6)
        # the loss is that of standardised targets
        scale = load_data(e).target_scale
        error = np.square(held_out.targets - evaluation.values).mean() / scale**2
        assert evaluation.loss == pytest.approx(error, rel=1e-5)


def test_targets_are_standardised_by_the_training_part(prices: Path) -> None:
    data = load_data(SINE.changed(data="file", data_file=str(prices), loss="mse"))
    assert data.train_targets is not None
    assert data.test_targets is not None
    assert data.held_out.targets is not None
    assert data.train_targets.mean() == pytest.approx(0.0, abs=1e-12)
    assert data.train_targets.std() == pytest.approx(1.0)
    np.testing.assert_allclose(data.test_targets * data.target_scale + data.target_mean, data.held_out.targets)
    assert len(data.test_targets) == round(0.2 * 120)


@pytest.mark.parametrize("wanted", ["age", "1", "first"])
def test_any_column_of_numbers_can_be_the_target(prices: Path, wanted: str) -> None:
    read = read_data_file(Data(source="file", data_file=str(prices), label_column=wanted), regression=True)
    assert read.targets is not None
    assert read.understood.label == {"age": "age"}.get(wanted, "rooms")
    assert read.understood.classes == ()
    assert read.inputs.shape == (120, 3)


def test_a_file_of_arrays_holds_numbers_too(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(20, 2)), np.linspace(-3.0, 8.5, 20)
    np.savez(tmp_path / "a.npz", x=x, y=y)
    read = read_data_file(Data(source="file", data_file=str(tmp_path / "a.npz")), regression=True)
    assert read.targets is not None
    np.testing.assert_array_equal(read.targets, y)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,x\n2,y\n3,x\n4,y\n5,x",
        "a,b\n1,3\n2,3\n3,3\n4,3\n5,3",
        "a,b\n1,3\n2,4",
        "a,b\n1,1e60\n2,3\n3,4\n4,5\n5,2",
    ],
    ids=["text", "constant", "few", "huge"],
)
def test_what_cannot_be_predicted_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(content)
    with pytest.raises(DataError):
        load_data(SINE.changed(data="file", data_file=str(file), loss="mse", label_column="b"))


def test_a_guess_is_the_mean_of_the_targets() -> None:
    started, *_ = events_of(SINE.changed(steps=1))
    guess = guess_of(started)
    assert guess is not None
    assert (guess.loss, guess.even_loss, guess.accuracy) == (1.0, 1.0, 0.0)


def test_the_verdict_speaks_of_r_squared_where_nothing_is_learnt() -> None:
    # a start that happens to be no better than the mean
    stuck = SINE.changed(learning_rate=1e-9, optimizer="sgd", steps=120, seed=2)
    history = History.of(train(stuck))
    found = {finding.kind: finding for finding in diagnose(history, history.frames - 1)}
    facts = {fact.fact: fact for fact in found["not_learning"].evidence}
    assert facts["r2_near_zero"].number("r2") == pytest.approx(history.accuracies()[1][-1])
    assert "accuracy_near_chance" not in facts
    assert "one_class" not in facts


def test_a_file_keeps_targets_and_predictions(tmp_path: Path) -> None:
    path, control = tmp_path / "run.gradviz", Control()
    recording = RunRecording(control, path)
    with recording.closed_at_the_end():
        for event in train(SINE, control):
            recording.take(event)
    assert recording.history is not None
    with open_run(path) as run:
        mine, kept = recording.history.started.held_out, run.history.started.held_out
        assert mine is not None
        assert kept is not None
        assert kept.targets is not None
        np.testing.assert_array_equal(kept.targets, mine.targets)
        assert (kept.target_name, kept.class_names) == ("sin x", ())
        for step in run.history.evaluation_steps.tolist():
            before, after = recording.history.evaluation_at(step), run.history.evaluation_at(step)
            assert before is not None
            assert after is not None
            assert after.values is not None
            np.testing.assert_array_equal(after.values, before.values)
            assert (after.accuracy, after.confidence.tolist()) == (before.accuracy, before.confidence.tolist())
