"""Experiments side by side: each is what it is alone, whatever the others do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from fingerprints import fingerprint

from gradviz.errors import DataError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint, Diverged, Event, Frame
from gradviz.training import loop
from gradviz.training.control import Control
from gradviz.training.loop import train
from gradviz.training.race import Race

BASE = Experiment(
    depth=4, width=6, data="moons", samples=100, batch_size=32, device="cpu", steps=7, activation="tanh",
    evaluate_every=3, probe_every=4,
)  # fmt: skip
VARIANTS = [
    BASE,
    BASE.changed(normalization="batch", optimizer="adam", steps=4),
    # uses two threads where there are two
    BASE.changed(depth=2, width=320, batch_size=80, activation="relu", steps=2),
    BASE.changed(precision="float64", shortcut="highway"),
]
RUNAWAY = BASE.changed(learning_rate=100.0, activation="linear", initialization="he_normal", depth=8, steps=0)


def run(race: Race, at: dict[tuple[int, int], Callable[[], None]] | None = None) -> list[list[Event]]:
    """Let a race run to its end, doing `at` (lane, step) what stands there; return the events of each lane."""
    events: list[list[Event]] = [[] for _ in race.experiments]
    for lane, event in race.events():
        events[lane].append(event)
        if isinstance(event, Frame):
            (at or {}).get((lane, event.step), lambda: None)()
    return events


def frames(events: list[Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, Frame)]


@pytest.mark.slow
def test_each_is_bit_by_bit_what_it_is_alone() -> None:
    together = run(Race(VARIANTS))
    for experiment, events in zip(VARIANTS, together, strict=True):
        assert fingerprint(events) == fingerprint(train(experiment))


@pytest.mark.slow
def test_each_takes_its_steps_with_its_own_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[int, set[int]] = {}

    class Watched(loop.TrainingRun):
        def update(self) -> None:
            seen.setdefault(self.experiment.network.depth, set()).add(torch.get_num_threads())
            super().update()

    monkeypatch.setattr(loop, "TrainingRun", Watched)
    monkeypatch.setattr("gradviz.training.devices.os.cpu_count", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run(Race([VARIANTS[2], VARIANTS[0], VARIANTS[2]]))
        assert seen == {2: {2}, 4: {1}}
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_they_go_in_turn_a_frame_at_a_time() -> None:
    race = Race([BASE, BASE.changed(seed=1, steps=3)])
    order = [(lane, event.step) for lane, event in race.events() if isinstance(event, Frame)]
    assert order == [(lane, step) for step in range(4) for lane in (0, 1)] + [(0, step) for step in range(4, 8)]


def test_one_that_diverges_drops_out_and_the_others_go_on() -> None:
    alone = list(train(RUNAWAY))
    assert isinstance(alone[-1], Diverged)
    runaway, other = run(Race([RUNAWAY, BASE.changed(steps=len(frames(alone)) + 3)]))
    assert fingerprint(runaway) == fingerprint(alone)
    assert frames(other) == list(range(len(frames(alone)) + 4))


def test_a_stop_ends_all_within_the_round_and_a_lane_may_be_stopped_alone() -> None:
    control = Control()
    race = Race([BASE.changed(steps=0), BASE.changed(steps=0, seed=1)], control)
    first, second = run(race, {(0, 3): race.lanes[1].stop, (0, 9): control.stop})
    assert frames(first) == list(range(10))
    # the frame of that round had not been made
    assert frames(second) == list(range(3))


class Diary(Control):
    """Notes when the race comes to hold, and carries out what is to be done then."""

    def __init__(self, *then: Callable[[Control], None]) -> None:
        super().__init__(checkpoint_at_end=True)
        self.then = list(then)
        self.held_after: list[int] = []
        self.frames = 0

    def wait_for_turn(self) -> bool:
        if self.paused and not self._steps:
            self.held_after.append(self.frames)
            self.then.pop(0)(self)
        return super().wait_for_turn()


def test_a_held_race_shows_every_network_as_initialised_and_steps_all_at_once() -> None:
    control = Diary(Control.step, Control.step, Control.stop)
    control.pause()
    race = Race([BASE, BASE.changed(seed=1), BASE.changed(seed=2)], control)
    for _, event in race.events():
        control.frames += isinstance(event, Frame)
    assert control.held_after == [3, 6, 9]


def test_states_are_handed_over_before_a_hold_and_at_the_end_of_each() -> None:
    control = Diary(Control.resume)
    race = Race([BASE, BASE.changed(seed=1, steps=3)], control)
    order: list[tuple[int, str, int]] = []
    for lane, event in race.events():
        if not isinstance(event, Frame | Checkpoint):
            continue
        order.append((lane, type(event).__name__, event.step))
        control.frames += isinstance(event, Frame)
        if event.step == 2 and isinstance(event, Frame):
            control.pause()
            race.lanes[lane].ask_for_checkpoint()
    assert control.held_after == [6]
    at = order.index((0, "Frame", 2))
    assert order[at : at + 4] == [(0, "Frame", 2), (0, "Checkpoint", 3), (1, "Frame", 2), (1, "Checkpoint", 3)]
    assert (1, "Checkpoint", 4) in order
    assert order[-2:] == [(0, "Frame", 7), (0, "Checkpoint", 8)]


def test_a_closer_look_is_taken_at_all() -> None:
    control = Control()
    race = Race([BASE.changed(probe_every=100), BASE.changed(probe_every=100, seed=1)], control)
    events = run(race, {(1, 2): control.look_closer})
    for lane in events:
        assert [event.step for event in lane if type(event).__name__ == "Distributions"] == [0, 3, 7]


def test_an_error_ends_the_race_and_leaves_nothing_open() -> None:
    before = torch.get_num_threads(), torch.is_grad_enabled()
    race = Race([BASE, BASE.changed(data="file", data_file="/no/such/file.csv")])
    with pytest.raises(DataError, match=r"cannot read /no/such/file\.csv"):
        run(race)
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == before
