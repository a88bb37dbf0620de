"""Going on from a stored state: bit by bit as without the break, and never from what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fingerprints import fingerprint

from gradviz.errors import CheckpointError
from gradviz.experiment import Experiment, to_json
from gradviz.recording.frame import Checkpoint, Diverged, Event, Frame, Started
from gradviz.training import checkpoint as state
from gradviz.training.control import Control, pump
from gradviz.training.loop import train

# 2 batches an epoch (of 80 training samples), so that states lie within epochs and between them
BASE = {
    "depth": 4, "width": 6, "data": "moons", "samples": 100, "batch_size": 32, "device": "cpu", "steps": 9,
    "activation": "tanh", "evaluate_every": 3, "probe_every": 4,
}  # fmt: skip
VARIANTS: list[dict[str, object]] = [
    {"optimizer": "sgd"},
    {"optimizer": "momentum", "normalization": "batch", "shortcut": "scaled"},
    {"optimizer": "adam", "learning_rate": 0.01, "precision": "float64", "gradient_clip": 0.01},
    {"optimizer": "adamw", "weight_decay": 0.1, "shortcut": "highway", "normalization": "layer", "activation": "gelu"},
    {"optimizer": "rmsprop", "shortcut": "rezero", "shortcut_span": 2, "normalization": "rms", "learning_rate": 0.01},
    {"optimizer": "adam", "shortcut": "pre_activation", "normalization": "batch", "precision": "float64"},
    {"data": "digits", "batch_size": 700, "steps": 5, "optimizer": "momentum"},
    # wide enough that two threads share a product
    {"depth": 2, "width": 320, "batch_size": 64, "steps": 4, "optimizer": "adam", "learning_rate": 0.001},
]


def experiment(**values: object) -> Experiment:
    return Experiment.parse(BASE | values)


def name(values: dict[str, object]) -> str:
    return "-".join(str(value) for value in values.values())


def asked_at(e: Experiment, *steps: int) -> tuple[list[Event], dict[int, Checkpoint]]:
    """Train with a checkpoint asked for during each of these steps; return the other events, and the checkpoints."""
    control = Control()
    events, checkpoints = [], {}
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            checkpoints[event.step] = event
            continue
        events.append(event)
        if isinstance(event, Frame) and event.step in steps:
            control.ask_for_checkpoint()
    return events, checkpoints


def from_step(events: list[Event], step: int) -> list[str]:
    return fingerprint(event for event in events if not isinstance(event, Started) and event.step >= step)


@pytest.mark.slow
@pytest.mark.parametrize("values", VARIANTS, ids=name)
def test_a_run_goes_on_bit_by_bit_as_it_would_have(values: dict[str, object]) -> None:
    e = experiment(**values)
    whole = list(train(e))
    asked = range(e.training.steps)
    events, checkpoints = asked_at(e, *asked)
    # that states are taken changes nothing
    assert fingerprint(events) == fingerprint(whole)
    assert list(checkpoints) == [step + 1 for step in asked]
    for step, checkpoint in checkpoints.items():
        torch.rand(3)
        rest = list(train(e, checkpoint=checkpoint))
        assert isinstance(rest[0], Started)
        first = next(event for event in rest if isinstance(event, Frame))
        assert first.step == step
        # those speak of the update before the break
        assert {"update_ratio", "unchanged_fraction"} <= first.rows.keys()
        assert fingerprint(rest) == from_step(whole, step)


def test_a_run_that_was_gone_on_with_can_be_gone_on_with_again() -> None:
    e = experiment(optimizer="adam", normalization="batch", steps=20)
    whole = list(train(e))
    _, checkpoints = asked_at(e, 4)
    told: list[Event] = []
    control = Control(checkpoint_at_end=True)
    latest = checkpoints[5]
    while not told or told[-1].step < e.training.steps:  # type: ignore[union-attr]
        control = Control(checkpoint_at_end=True)
        for event in train(e, control, latest):
            if isinstance(event, Checkpoint):
                latest = event
            elif not isinstance(event, Started):
                told.append(event)
                if isinstance(event, Frame) and event.step % 6 == 0:
                    control.stop()
    assert fingerprint(told) == from_step(whole, 5)


def test_a_finished_run_goes_on_for_more_steps_as_if_it_had_been_meant_to() -> None:
    short, long = experiment(steps=5, optimizer="adam"), experiment(steps=11, optimizer="adam")
    *_, last = train(short, Control(checkpoint_at_end=True))
    assert isinstance(last, Checkpoint)
    assert last.step == 6
    rest = list(train(long, checkpoint=last))
    assert fingerprint(rest) == from_step(list(train(long)), 6)
    endless = train(experiment(steps=0, optimizer="adam"), checkpoint=last)
    frames = [next(event for event in endless if isinstance(event, Frame)).step for _ in range(3)]
    endless.close()
    assert frames == [6, 7, 8]


def test_a_state_before_the_first_step_begins_at_the_beginning() -> None:
    e = experiment(optimizer="adam")
    control = Control()
    control.ask_for_checkpoint()
    events = list(train(e, control))
    checkpoint = events[1]
    assert isinstance(checkpoint, Checkpoint)
    assert checkpoint.step == 0
    assert fingerprint(train(e, checkpoint=checkpoint)) == fingerprint(train(e))


def test_a_state_comes_right_before_the_frame_of_its_step() -> None:
    control = Control()
    order = []
    for event in train(experiment(evaluate_every=100, probe_every=100), control):
        order.append((type(event).__name__, getattr(event, "step", None)))
        if isinstance(event, Frame) and event.step in (3, 9):
            control.ask_for_checkpoint()
    at = order.index(("Checkpoint", 4))
    assert order[at - 1 : at + 2] == [("Frame", 3), ("Checkpoint", 4), ("Frame", 4)]
    assert order[-2:] == [("Frame", 9), ("Checkpoint", 10)]


def test_what_is_taken_stays_as_it_was_while_training_goes_on() -> None:
    e = experiment(optimizer="adam", normalization="batch")
    _, checkpoints = asked_at(e, 0, 1)
    early, later = checkpoints[1].arrays, checkpoints[2].arrays
    assert early.keys() == later.keys()
    moved = {key for key in early if not np.array_equal(early[key], later[key])}
    # in the same epoch, of the same run
    assert early.keys() - moved == {"experiment", "batches/generator"}
    # the state of PyTorch's own Adam, by its own names, of every parameter
    weights = {key.removeprefix("network/") for key in early if key.startswith("network/")}
    remembered = {key.removeprefix("optimizer/").rpartition("/")[0] for key in early if key.startswith("optimizer/")}
    assert weights - remembered == {
        "stack.normalization.running_mean",
        "stack.normalization.running_variance",
    }
    assert early["optimizer/stack.weights/step"] == 1.0
    assert early["optimizer/stack.weights/exp_avg"].shape == (4, 6, 6)


@pytest.mark.parametrize("how", ["stopped", "finished"])
def test_the_state_at_the_end_is_handed_over_where_it_is_wanted(how: str) -> None:
    e = experiment(steps=0 if how == "stopped" else 4)
    for wanted in (True, False):
        control = Control(checkpoint_at_end=wanted)
        events: list[Event] = []

        def sink(event: Event, events: list[Event] = events, control: Control = control) -> None:
            events.append(event)
            if isinstance(event, Frame) and event.step == 4 and how == "stopped":
                control.stop()

        pump(train(e, control), control, sink)
        steps = [(type(event), event.step) for event in events[1:]]
        assert steps[-2:-1] == [(Frame, 4)] if wanted else steps[-1] == (Frame, 4)
        assert (steps[-1] == (Checkpoint, 5)) is wanted


class Diary(Control):
    """Notes when the pump comes to hold, and never lets it wait."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[object] = []

    def wait_for_turn(self) -> bool:
        self.notes.append("hold")
        return True


def test_a_run_that_is_held_hands_its_state_over_first() -> None:
    control = Diary()

    def sink(event: Event) -> None:
        if isinstance(event, Frame | Checkpoint):
            control.notes.append((type(event), event.step))
        if isinstance(event, Frame) and event.step == 1:
            control.ask_for_checkpoint()

    pump(train(experiment(steps=3), control), control, sink)
    assert control.notes == [
        (Frame, 0), "hold", (Frame, 1), (Checkpoint, 2), "hold", (Frame, 2), "hold", (Frame, 3), "hold",
    ]  # fmt: skip


def test_a_run_stopped_while_held_makes_no_further_frame_and_no_second_state() -> None:
    control = Control(checkpoint_at_end=True)
    steps = []
    for event in train(experiment(steps=0), control):
        steps.append((type(event), getattr(event, "step", None)))
        if steps[-1] == (Frame, 2):
            control.ask_for_checkpoint()
        if isinstance(event, Checkpoint):
            control.stop()
    assert steps[-2:] == [(Frame, 2), (Checkpoint, 3)]


def test_a_run_that_diverged_hands_over_no_state() -> None:
    e = experiment(learning_rate=100.0, activation="linear", initialization="he_normal", steps=0, depth=8)
    control = Control(checkpoint_at_end=True)
    events = list(train(e, control))
    assert isinstance(events[-1], Diverged)
    assert not any(isinstance(event, Checkpoint) for event in events)


@pytest.fixture(scope="module")
def stored() -> Checkpoint:
    return asked_at(experiment(optimizer="adam", normalization="batch"), 3)[1][4]


def test_only_the_number_of_steps_may_change(stored: Checkpoint) -> None:
    e = experiment(optimizer="adam", normalization="batch")
    for changed, words in [
        ({"learning_rate": 0.2}, "learning_rate changed (learning_rate was 0.1, and is 0.2); only steps may be"),
        ({"seed": 5, "depth": 6}, "depth, seed changed (depth was 4, and is 6)"),
        ({"evaluate_every": 5}, "evaluate_every changed"),
    ]:
        with pytest.raises(CheckpointError) as refused:
            next(train(e.changed(**changed), checkpoint=stored))
        assert words in str(refused.value)
    with pytest.raises(CheckpointError, match="already has its 3 steps; ask for more"):
        next(train(e.changed(steps=3), checkpoint=stored))
    assert isinstance(next(train(e.changed(steps=4), checkpoint=stored)), Started)


def spoilt(stored: Checkpoint, key: str, change: Callable[[Any], Any]) -> Checkpoint:
    arrays = dict(stored.arrays)
    arrays[key] = change(arrays[key])
    return Checkpoint(stored.step, arrays)


def without(stored: Checkpoint, key: str) -> Checkpoint:
    return Checkpoint(stored.step, {name: array for name, array in stored.arrays.items() if name != key})


def refused(checkpoint: Checkpoint) -> str:
    with pytest.raises(CheckpointError) as error:
        next(train(experiment(optimizer="adam", normalization="batch"), checkpoint=checkpoint))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.slow
def test_every_array_has_to_be_there_in_its_shape_and_type(stored: Checkpoint) -> None:
    for key, array in stored.arrays.items():
        if key == "experiment":
            continue
        assert f"{key} is missing" in refused(without(stored, key))
        for change in (
            lambda array: np.stack([array, array]),
            lambda array: array.astype(np.complex128),
            lambda array: array.astype(np.float16),
            lambda array: array.astype(object),
            lambda array: array.astype(array.dtype.newbyteorder()) if array.itemsize > 1 else array[:-1],
            lambda array: array.tolist(),
        ):
            assert len(refused(spoilt(stored, key, change))) > 20
        assert array.dtype in (np.float32, np.float64, np.int64, np.uint8)
    message = refused(spoilt(stored, "network/stack.weights", lambda array: array[:2]))
    assert message.endswith("network/stack.weights is float32 (2, 6, 6) instead of float32 (4, 6, 6)")
    extra = Checkpoint(stored.step, dict(stored.arrays) | {"network/more": np.zeros(1)})
    assert "this run has no place for network/more" in refused(extra)


def twisted(**fields: int) -> Callable[[Any], Any]:
    """Change what follows the seed in torch's state: numbers left, seeded, the next one."""

    def change(array: Any) -> Any:
        kind = np.dtype([("seed", "u8"), ("left", "i4"), ("seeded", "i4"), ("next", "u8")])
        head = np.frombuffer(array.tobytes()[: kind.itemsize], kind).copy()
        for key, value in fields.items():
            head[key] = value
        return np.frombuffer(head.tobytes() + array.tobytes()[kind.itemsize :], np.uint8)

    return change


def test_a_place_in_the_batches_that_cannot_be_is_refused(stored: Checkpoint) -> None:
    for position in (-1, 3, 2**62):
        assert f"no batch {position} in an epoch of 2" in refused(
            spoilt(stored, "batches/position", lambda _: np.array(position, np.int64))  # noqa: B023
        )
    for change in (
        np.zeros_like,
        lambda array: np.full_like(array, 255),
        lambda array: array[:-1],
        # within what torch accepts, and beyond the end of its numbers
        twisted(left=624, next=624),
        twisted(left=-1, next=626),
        twisted(next=2**40),
        twisted(seeded=0),
    ):
        assert "where in the batches the run stands" in refused(spoilt(stored, "batches/generator", change))


def test_what_is_no_recipe_is_refused(stored: Checkpoint) -> None:
    other = np.frombuffer(b'{"depth": -4}', np.uint8)
    for change in (
        lambda _: other,
        lambda array: array[:-3],
        lambda array: array * 0 + 200,
        lambda _: np.zeros((3, 3)),
    ):
        assert "does not say which experiment" in refused(spoilt(stored, "experiment", change))
    assert "does not say which experiment" in refused(without(stored, "experiment"))
    assert "of no step that there is: -1" in refused(Checkpoint(-1, stored.arrays))


def test_a_state_of_the_beginning_does_not_pass_for_a_later_one(stored: Checkpoint) -> None:
    """The optimiser remembers something from the first update on."""
    assert "optimizer/head.bias/exp_avg is missing" in refused(
        Checkpoint(4, {key: value for key, value in stored.arrays.items() if not key.startswith("optimizer/")})
    )
    assert "no place for optimizer/head.bias/exp_avg" in refused(Checkpoint(0, stored.arrays))


def test_a_data_file_that_has_changed_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    rows = [f"{x},{x * x % 7},{'ab'[x % 2]}" for x in range(60)]
    path.write_text("\n".join(rows))
    e = experiment(data="file", data_file=str(path))
    _, checkpoints = asked_at(e, 3)
    assert fingerprint(train(e, checkpoint=checkpoints[4])) == from_step(list(train(e)), 4)
    rows[7] = "7,3.5,b"
    path.write_text("\n".join(rows))
    with pytest.raises(CheckpointError, match=r"points\.csv has changed since"):
        next(train(e, checkpoint=checkpoints[4]))


def test_a_state_too_large_to_keep_is_not_taken_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    e = experiment(optimizer="adam")
    started = next(train(e))
    assert isinstance(started, Started)
    # weights and two moments, float32
    assert state.state_bytes(started) == 12 * started.parameters
    assert state.why_not_kept(started) == ""
    _, checkpoints = asked_at(e, 3)
    held = sum(array.nbytes for key, array in checkpoints[4].arrays.items() if key.startswith(("network", "optimizer")))
    assert held == pytest.approx(state.state_bytes(started), abs=100)
    monkeypatch.setattr(state, "LARGEST_BYTES", 12 * started.parameters - 1)
    control = Control(checkpoint_at_end=True)
    control.pause()
    control.ask_for_checkpoint()
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        control.ask_for_checkpoint()
        if isinstance(event, Frame) and event.step == 0:
            assert not control.checkpoint_asked_for
            control.resume()

    pump(train(e, control), control, sink)
    assert not any(isinstance(event, Checkpoint) for event in events)
    assert isinstance(events[-1], Frame)
    assert "this run cannot be continued" in control.no_checkpoint_because


def test_the_recipe_is_bytes_of_json(stored: Checkpoint) -> None:
    assert bytes(stored.arrays["experiment"]).decode() == to_json(experiment(optimizer="adam", normalization="batch"))
