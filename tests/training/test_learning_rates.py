"""Schedules of the learning rate against those of torch; resumed within one, and drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from fingerprints import fingerprint
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR, StepLR

from gradviz.errors import CheckpointError, ExperimentError
from gradviz.experiment import Experiment
from gradviz.plots.further_numbers import families, number_line
from gradviz.recording.frame import Checkpoint, Event, Frame, Observation, Started
from gradviz.recording.history import History
from gradviz.recording.observations import RATE_CHANGED
from gradviz.recording.store import open_run
from gradviz.training.control import Control
from gradviz.training.loop import train
from gradviz.training.race import Race
from gradviz.training.run_recording import RunRecording, resumed

RATE, STEPS = 0.05, 24
BASE = {
    "depth": 2, "width": 4, "data": "moons", "samples": 60, "device": "cpu", "steps": STEPS, "learning_rate": RATE,
    "optimizer": "adam", "evaluate_every": 50,
}  # fmt: skip


def experiment(**values: object) -> Experiment:
    return Experiment.parse(BASE | values)


def warmed_up(steps: int, then: Callable[[Optimizer], LRScheduler]) -> Callable[[Optimizer], LRScheduler]:
    def make(rule: Optimizer) -> LRScheduler:
        return SequentialLR(rule, [LinearLR(rule, 1 / steps, total_iters=steps - 1), then(rule)], [steps])

    return make


SCHEDULES: list[tuple[dict[str, object], Callable[[Optimizer], LRScheduler]]] = [
    ({}, lambda rule: StepLR(rule, 10**6)),
    ({"warmup_steps": 8}, warmed_up(8, lambda rule: StepLR(rule, 10**6))),
    ({"schedule": "cosine"}, lambda rule: CosineAnnealingLR(rule, STEPS)),
    ({"schedule": "cosine", "warmup_steps": 6}, warmed_up(6, lambda rule: CosineAnnealingLR(rule, STEPS - 6))),
    ({"schedule": "step", "decay_every": 7, "decay_factor": 0.3}, lambda rule: StepLR(rule, 7, 0.3)),
    (
        {"schedule": "step", "decay_every": 5, "warmup_steps": 4},
        warmed_up(4, lambda rule: StepLR(rule, 5, 0.1)),
    ),
]


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize(
    ("values", "scheduler"), SCHEDULES, ids=lambda each: str(each) if isinstance(each, dict) else ""
)
def test_the_rate_of_each_step_is_that_of_torchs_scheduler(
    values: dict[str, object], scheduler: Callable[[Optimizer], LRScheduler]
) -> None:
    rule = SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    schedule = scheduler(rule)
    expected = []
    for _ in range(STEPS):
        expected.append(rule.param_groups[0]["lr"])
        rule.step()
        schedule.step()
    told = [event.learning_rate for event in train(experiment(**values)) if isinstance(event, Frame)][:STEPS]
    np.testing.assert_allclose(told, expected, rtol=1e-9, atol=1e-15)


def test_a_step_is_as_long_as_its_rate_says() -> None:
    # plain gradient descent: what the weights moved by is the rate times the gradient
    e = experiment(optimizer="sgd", schedule="cosine", warmup_steps=5, precision="float64", probe_every=1)
    frames = [event for event in train(e) if isinstance(event, Frame)]
    for before, after in pairwise(frames):
        moved = after.rows["update_ratio"] + before.rows["weight_norm"]
        expected = np.log10(before.learning_rate) + before.rows["weight_grad_norm"]
        np.testing.assert_allclose(moved, expected, atol=1e-6)


@pytest.mark.parametrize("values", [{"schedule": "cosine", "warmup_steps": 6}, {"schedule": "step", "decay_every": 4}])
def test_a_run_is_resumed_within_its_schedule(values: dict[str, object]) -> None:
    e = experiment(**values)
    whole = list(train(e))
    control, kept = Control(), []
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            kept.append(event)
        elif isinstance(event, Frame) and event.step in (3, 13):
            control.ask_for_checkpoint()
    assert [checkpoint.step for checkpoint in kept] == [4, 14]
    for checkpoint in kept:
        later = [event for event in whole if not isinstance(event, Started) and event.step >= checkpoint.step]
        assert fingerprint(train(e, checkpoint=checkpoint)) == fingerprint(later)


def test_a_rate_that_changes_is_drawn() -> None:
    def history(**values: object) -> History:
        events: list[Event] = list(train(experiment(**values)))
        return History.of(events)

    assert families([history()]) == ()
    changing = history(schedule="step", decay_every=6)
    assert [family.name for family in families([changing])] == ["learning_rate"]
    steps, rates = number_line(changing, "learning_rate", (0, STEPS), 1000, lambda values: values)
    assert rates[steps == 7] == pytest.approx([RATE / 10])


def test_a_cosine_ends_somewhere() -> None:
    with pytest.raises(ExperimentError, match="schedule"):
        experiment(schedule="cosine", steps=0)


def changed_at(e: Experiment, rates: dict[int, float], *asked: int) -> tuple[list[Event], list[Checkpoint]]:
    """Train, and after the frame of some steps change the rate, or ask for a checkpoint."""
    control = Control()
    told: list[Event] = []
    kept = []
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            kept.append(event)
            continue
        told.append(event)
        if isinstance(event, Frame) and event.step in rates:
            control.change_rate(rates[event.step])
        if isinstance(event, Frame) and event.step in asked:
            control.ask_for_checkpoint()
    return told, kept


def test_a_rate_that_is_changed_holds_from_the_next_update_on_and_is_recorded() -> None:
    e = experiment(schedule="step", decay_every=10, decay_factor=0.5)
    told, _ = changed_at(e, {4: 0.01, 15: 0.2})
    rates = [event.learning_rate for event in told if isinstance(event, Frame)]
    assert rates == pytest.approx([RATE] * 5 + [0.01] * 5 + [0.005] * 6 + [0.1] * 4 + [0.05] * 5)
    history = History.of(told)
    (first, second) = history.observations
    assert (first.step, first.kind, dict(first.numbers)) == (5, RATE_CHANGED, {"before": RATE, "after": 0.01})
    assert (second.step, dict(second.numbers)) == (16, {"before": 0.01, "after": 0.2})


def test_a_run_whose_rate_was_changed_is_resumed_bit_by_bit() -> None:
    e = experiment(warmup_steps=3)
    told, kept = changed_at(e, {6: 0.001, 11: 0.3}, 8, 14)
    assert fingerprint(told) != fingerprint(train(e))
    for checkpoint, after in zip(kept, (1, 0), strict=True):
        rest_control = Control()
        rest: list[Event] = []
        for event in train(e, rest_control, checkpoint):
            rest.append(event)
            if after and isinstance(event, Frame) and event.step == 11:
                rest_control.change_rate(0.3)
        measured = [event for event in told if not isinstance(event, Started | Observation)]
        assert fingerprint(rest) == fingerprint(event for event in measured if event.step >= checkpoint.step)


@pytest.mark.parametrize("array", [np.array(0.0), np.array(1e9), np.array(np.nan), np.array([0.1]), np.array(1)])
def test_a_stored_rate_that_no_run_can_have_is_refused(array: np.ndarray) -> None:
    e = experiment()
    _, (checkpoint,) = changed_at(e, {2: 0.001}, 5)
    with pytest.raises(CheckpointError):
        list(train(e, checkpoint=Checkpoint(checkpoint.step, {**checkpoint.arrays, "learning_rate": array})))


def test_all_of_a_race_change_their_rate() -> None:
    race = Race([experiment(), experiment(seed=1)])
    rates: dict[int, list[float]] = {0: [], 1: []}
    for lane, event in race.events():
        if isinstance(event, Frame):
            rates[lane].append(event.learning_rate)
            if event.step == 3 and lane == 1:
                race.control.change_rate(0.5)
    assert rates[0] == rates[1] == [RATE] * 4 + [0.5] * (STEPS - 3)


def test_a_change_of_the_rate_is_kept_in_the_file_and_gone_where_the_run_goes_back_behind_it(tmp_path: Path) -> None:
    e, path, control = experiment(), tmp_path / "run.gradviz", Control()
    recording = RunRecording(control, path)
    with recording.closed_at_the_end():
        for event in train(e, control):
            recording.take(event)
            if isinstance(event, Frame) and event.step == 4:
                control.ask_for_checkpoint()
            if isinstance(event, Frame) and event.step == 9:
                control.change_rate(0.7)
    with open_run(path) as run:
        assert run.history.scalars(11, 12)[0, 2] == 0.7
        assert [(each.step, each.number("after")) for each in run.history.observations] == [(10, 0.7)]
    again, checkpoint = resumed(path, Control(), pytest.fail)
    assert checkpoint.step == 5
    assert again.history is not None
    assert again.history.observations == ()
