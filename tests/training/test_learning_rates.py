"""Schedules of the learning rate against those of torch; resumed within one, and drawn."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from fingerprints import fingerprint
from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, SequentialLR, StepLR

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment
from gradviz.plots.further_numbers import families, number_line
from gradviz.recording.frame import Checkpoint, Event, Frame, Started
from gradviz.recording.history import History
from gradviz.training.control import Control
from gradviz.training.loop import train

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
@pytest.mark.parametrize(("values", "scheduler"), SCHEDULES, ids=lambda value: str(value) if value else "")
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
