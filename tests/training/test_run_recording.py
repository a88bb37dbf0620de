"""A run into its file: whole, however it ends, with a state to go on from, and never at the cost of the training."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from gradviz.errors import CheckpointError, RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Event, Frame
from gradviz.recording.history import History
from gradviz.recording.runs.resuming import experiment_to_resume
from gradviz.recording.store import latest_checkpoint, open_run, read_info
from gradviz.training import checkpoint as state
from gradviz.training import run_recording
from gradviz.training.control import Control, pump
from gradviz.training.loop import train
from gradviz.training.run_recording import RunRecording, resumed

E = Experiment(
    depth=4, width=6, data="moons", samples=100, batch_size=32, device="cpu", steps=9, activation="tanh",
    evaluate_every=3, probe_every=4, optimizer="adam", learning_rate=0.01,
)  # fmt: skip
RUNAWAY = E.changed(learning_rate=100.0, activation="linear", initialization="he_normal", optimizer="sgd", depth=8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.gradviz"


def no_trouble(text: str) -> None:
    raise AssertionError(text)


def record(e: Experiment, path: Path | None, *, stop_at: int | None = None) -> History:
    """Train into `path`, stopped after the frame of a step."""
    control = Control(checkpoint_at_end=True)
    recording = RunRecording(control, path, on_trouble=no_trouble)
    pump_into(recording, control, e, None, stop_at)
    assert recording.history is not None
    return recording.history


def go_on(e: Experiment, path: Path, *, stop_at: int | None = None) -> None:
    control = Control(checkpoint_at_end=True)
    recording, checkpoint = resumed(path, control, no_trouble)
    pump_into(recording, control, e, checkpoint, stop_at)


def pump_into(
    recording: RunRecording, control: Control, e: Experiment, checkpoint: Checkpoint | None, stop_at: int | None
) -> None:
    def take(event: Event) -> None:
        recording.take(event)
        if isinstance(event, Frame) and event.step == stop_at:
            control.stop()

    with recording.closed_at_the_end():
        pump(train(e, control, checkpoint), control, take)


def assert_same(path: Path, expected: History) -> None:
    """The file holds what an uninterrupted run measured, down to the last bit."""
    with open_run(path) as run:
        assert run.history.frames == expected.frames
        assert run.history.losses()[1].tobytes() == expected.losses()[1].tobytes()
        for there, here in zip(run.history.accuracies(), expected.accuracies(), strict=True):
            assert there.tolist() == here.tolist()
        for quantity in expected.quantities:
            for step in range(expected.frames):
                there, here = run.history.row(quantity.name, step), expected.row(quantity.name, step)
                assert (there is None) == (here is None), (quantity.name, step)
                assert there is None or here is None or there.tobytes() == here.tobytes()


def test_the_file_holds_the_run_and_the_state_it_ended_in(path: Path) -> None:
    threads = threading.active_count()
    record(E, path)
    assert_same(path, History.of(train(E)))
    info = read_info(path)
    assert (info.ending, info.experiment, info.frames) == ("finished", E, 10)
    assert info.environment["torch"] == torch.__version__
    assert info.environment["device"] == "cpu"
    assert info.environment["threads"] == "1"
    assert "checkpoints" not in info.environment
    checkpoint = latest_checkpoint(path)
    assert checkpoint is not None
    assert checkpoint.step == 10
    assert threading.active_count() == threads
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_stopped_run_goes_on_in_its_file_as_if_it_had_not_been_stopped(path: Path) -> None:
    record(E, path, stop_at=4)
    assert (read_info(path).ending, read_info(path).frames) == ("stopped", 5)
    go_on(experiment_to_resume(path), path, stop_at=6)
    assert (read_info(path).ending, read_info(path).frames) == ("stopped", 7)
    go_on(experiment_to_resume(path), path)
    assert read_info(path).ending == "finished"
    assert_same(path, History.of(train(E)))


def test_a_finished_run_goes_on_for_more_steps(path: Path) -> None:
    # what a last step measures beyond the schedule stays, so one that is on it
    record(E.changed(steps=12), path)
    with pytest.raises(RecordingError, match="has made its 12 steps; ask for more"):
        experiment_to_resume(path)
    with pytest.raises(RecordingError, match="has made its 12 steps"):
        experiment_to_resume(path, 12)
    longer = experiment_to_resume(path, 20)
    assert longer == E.changed(steps=20)
    go_on(longer, path)
    assert_same(path, History.of(train(longer)))
    assert read_info(path).experiment == longer


def test_a_diverged_run_says_so_and_does_not_go_on(path: Path) -> None:
    record(RUNAWAY.changed(steps=0), path)
    assert read_info(path).ending == "diverged"
    with pytest.raises(RecordingError, match="diverged, and would again"):
        experiment_to_resume(path)


def test_a_failed_run_says_of_what(path: Path) -> None:
    control = Control()
    recording = RunRecording(control, path, on_trouble=no_trouble)

    def take(event: Event) -> None:
        recording.take(event)
        if isinstance(event, Frame) and event.step == 3:
            raise ArithmeticError("wrong sign")

    with pytest.raises(ArithmeticError), recording.closed_at_the_end():
        pump(train(E, control), control, take)
    info = read_info(path)
    assert (info.ending, info.why, info.frames) == ("failed", "wrong sign", 4)
    with pytest.raises(RecordingError, match="no checkpoint"):
        resumed(path, Control(), no_trouble)
    # known before anything that is under way is stopped for it
    with pytest.raises(RecordingError, match="no checkpoint"):
        experiment_to_resume(path)


def test_a_run_without_a_frame_leaves_no_file(path: Path) -> None:
    control = Control(checkpoint_at_end=True)
    control.stop()
    recording = RunRecording(control, path, on_trouble=no_trouble)
    with recording.closed_at_the_end():
        pump(train(E, control), control, recording.take)
    assert list(path.parent.iterdir()) == []


def test_a_file_that_cannot_be_made_is_told_once_and_costs_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    control = Control(checkpoint_at_end=True)
    recording = RunRecording(control, tmp_path / "missing" / "run.gradviz", on_trouble=told.append)
    with recording.closed_at_the_end():
        pump(train(E, control), control, recording.take)
    assert len(told) == 1
    assert str(tmp_path / "missing") in told[0]
    assert recording.history is not None
    assert recording.history.frames == E.training.steps + 1


def test_an_unfitting_state_in_the_file_leaves_the_file_as_it_is(path: Path) -> None:
    record(E, path, stop_at=4)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="seed changed"):
        go_on(E.changed(seed=3), path)
    assert path.read_bytes() == before


class Clock:
    """A monotonic clock that goes on a second with every frame."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(run_recording.time, "monotonic", lambda: self.now_s)


class Kept:
    """In place of the disk writer: notes which states it is given."""

    steps: list[int]

    def __init__(self, *_: object, **__: object) -> None:
        Kept.steps = []

    def keep(self, checkpoint: Checkpoint) -> None:
        Kept.steps.append(checkpoint.step)

    def close(self, *_: object) -> None:
        pass


def kept_at(e: Experiment, path: Path, monkeypatch: pytest.MonkeyPatch, pause_at: tuple[int, ...] = ()) -> list[int]:
    clock = Clock(monkeypatch)
    monkeypatch.setattr("gradviz.recording.store.StoreWriter", Kept)
    control = Control()
    monkeypatch.setattr(control, "wait_for_turn", lambda: control.resume() or True)
    recording = RunRecording(control, path)

    def take(event: Event) -> None:
        if isinstance(event, Frame):
            clock.now_s += 1.0
            if event.step in pause_at:
                control.pause()
        recording.take(event)

    pump(train(e, control), control, take)
    return Kept.steps


def test_states_are_kept_soon_and_then_every_half_minute(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the file is made at second 2, with frame 1; frame 3 comes 2 s later, and frame 33 30 s after that
    assert kept_at(E.changed(steps=100), path, monkeypatch) == [4, 34, 64, 94]


def test_large_states_are_kept_less_often(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(array.nbytes for array in record_state().arrays.values())
    monkeypatch.setattr(run_recording, "CHECKPOINT_BYTES_PER_S", size / 39.5)
    assert kept_at(E.changed(steps=120), path, monkeypatch) == [4, 44, 84]


def record_state() -> Checkpoint:
    control = Control()
    for event in train(E, control):
        if isinstance(event, Checkpoint):
            return event
        if isinstance(event, Frame):
            control.ask_for_checkpoint()
    raise AssertionError("no checkpoint came")


def test_a_pause_is_worth_a_state_unless_there_only_just_was_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_at(E.changed(steps=30), path, monkeypatch, pause_at=(10, 11, 12, 20)) == [4, 11, 21]


def test_where_states_are_too_large_the_file_says_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LARGEST_BYTES", 100)
    record(E, path)
    assert latest_checkpoint(path) is None
    assert "this run cannot be continued" in read_info(path).environment["checkpoints"]


def test_recording_changes_nothing_of_what_is_measured(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for period in ("FIRST_CHECKPOINT_S", "CHECKPOINT_EVERY_S"):
        monkeypatch.setattr(run_recording, period, 0.0)
    history = record(E, path)
    expected = History.of(train(E))
    assert history.losses()[1].tobytes() == expected.losses()[1].tobytes()
    for quantity in expected.quantities:
        np.testing.assert_array_equal(history.row(quantity.name, 8), expected.row(quantity.name, 8))
    checkpoint = latest_checkpoint(path)
    assert checkpoint is not None
    assert checkpoint.step == 10
