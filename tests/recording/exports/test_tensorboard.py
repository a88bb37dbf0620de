"""Event files read back by TensorBoard's own reader."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gradviz.errors import ExportError
from gradviz.experiment import from_json
from gradviz.recording.exports import tensorboard
from gradviz.recording.exports.tensorboard import save_events
from gradviz.recording.frame import Evaluation, Frame, Observation, Started
from gradviz.recording.history import History

STEPS = 300


@pytest.fixture
def history(
    make_started: Callable[..., Started], make_frame: Callable[..., Frame], make_evaluation: Callable[..., Evaluation]
) -> History:
    """The mean is measured at multiples of ten only."""
    history = History(make_started())
    for step in range(STEPS):
        history.append(make_frame(step, **({} if step % 10 == 0 else {"mean": None})))
        if step % 100 == 0:
            history.append(make_evaluation(step))
    return history


def read(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def series(accumulator: EventAccumulator, tag: str) -> dict[int, float]:
    return {event.step: event.value for event in accumulator.Scalars(tag)}


def test_every_scalar_of_the_run_is_there(
    history: History, make_frame: Callable[..., Frame], make_evaluation: Callable[..., Evaluation], tmp_path: Path
) -> None:
    assert save_events(tmp_path / "logs" / "run", history) is True
    found = read(tmp_path / "logs" / "run")
    for tag in ("loss", "batch_accuracy", "learning_rate"):
        wanted = {step: getattr(make_frame(step), tag) for step in range(STEPS)}
        assert series(found, tag) == pytest.approx(wanted, rel=1e-6)
    assert series(found, "held_out_accuracy") == {step: make_evaluation(step).accuracy for step in (0, 100, 200)}
    assert series(found, "held_out_loss") == pytest.approx({step: 1 / (step + 1) for step in (0, 100, 200)}, rel=1e-6)


def test_layers_have_tags_of_their_own_and_own_values(
    history: History, make_frame: Callable[..., Frame], tmp_path: Path
) -> None:
    save_events(tmp_path, history)
    found = read(tmp_path)
    names = ("grad_norm", "mean", "share", "exact_log10_norm")
    layered = {f"{name}/layer_000{layer}" for name in names for layer in (1, 2, 3)}
    assert {tag for tag in found.Tags()["scalars"] if "/" in tag} == layered
    norms = {step: math.pow(10.0, float(make_frame(step).rows["grad_norm"][1])) for step in range(STEPS)}
    assert series(found, "grad_norm/layer_0002") == pytest.approx(norms, rel=1e-6)
    shares = {step: float(make_frame(step).rows["share"][2]) for step in range(STEPS)}
    assert series(found, "share/layer_0003") == shares
    assert set(series(found, "mean/layer_0001")) == set(range(0, STEPS, 10))


def test_of_a_long_run_only_every_so_many_steps_of_the_layers(history: History, tmp_path: Path) -> None:
    save_events(tmp_path, history, every=7)
    found = read(tmp_path)
    assert sorted(series(found, "share/layer_0001")) == list(range(0, STEPS, 7))
    # measured every ten steps, and due every seven: each measurement is the first after a step that was due
    assert sorted(series(found, "mean/layer_0001")) == list(range(0, STEPS, 10))
    assert len(series(found, "loss")) == STEPS


def test_the_limit_chooses_how_many_steps(history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "MOST_VALUES", 3 * 4 * STEPS // 5)
    assert tensorboard.suited_every(history) == 5
    save_events(tmp_path, history)
    assert sorted(series(read(tmp_path), "share/layer_0001")) == list(range(0, STEPS, 5))


def test_the_experiment_stands_among_the_texts(history: History, tmp_path: Path) -> None:
    save_events(tmp_path, history)
    found = read(tmp_path)
    assert found.SummaryMetadata("experiment").plugin_data.plugin_name == "text"
    (event,) = found.Tensors("experiment")
    assert from_json(event.tensor_proto.string_val[0].decode()) == history.started.experiment


def test_exporting_again_replaces_and_cancelling_leaves_what_was_there(history: History, tmp_path: Path) -> None:
    save_events(tmp_path, history)
    save_events(tmp_path, history)
    (path,) = tmp_path.iterdir()
    before = path.read_bytes()
    assert save_events(tmp_path, history, progress=lambda done, _total: done < 200) is False
    assert path.read_bytes() == before
    assert len(read(tmp_path).Scalars("loss")) == STEPS


def test_places_that_cannot_be_written_to(history: History, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot make the folder"):
        save_events(tmp_path / "file" / "logs", history)


def test_without_tensorboard_it_names_the_command(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(ExportError, match=r'pip install "gradviz-desktop\[tensorboard\]"'):
        save_events(tmp_path / "logs", history)
    assert list(tmp_path.iterdir()) == []


def test_further_numbers_and_observations_are_there(
    make_started: Callable[..., Started], make_frame: Callable[..., Frame], tmp_path: Path
) -> None:
    history = History(make_started())
    for step in range(20):
        more = {"reward": step / 4} if step % 2 else {}
        history.append(replace(make_frame(step), scalars=more))
    history.append(Observation(7, "frozen", rows=(2,)))
    save_events(tmp_path, history)
    found = read(tmp_path)
    assert series(found, "reward") == {step: step / 4 for step in range(1, 20, 2)}
    (text,) = found.Tensors("observed/frozen")
    assert text.step == 7
    assert json.loads(text.tensor_proto.string_val[0])["rows"] == [2]
