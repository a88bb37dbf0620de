"""The cost of measuring: an instrumented step of the engine against an ordinary step that measures nothing.

Both steps do forward, loss, backward and update with the same mathematics from the same weights; ours measures every
probe on its default schedule and delivers frames besides. The ordinary one is what a person would write: modules,
autograd, torch's optimiser as it comes. The two take turns in one run, so that a busy machine slows both and each finds
its own numbers in the cache, as it would in training. A turn is one round of the schedule, so that what is measured
only every few steps counts with its share.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from gradviz.experiment import Experiment
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.network.stack.stack import Network
from gradviz.training.run import TrainingRun


@dataclass(frozen=True, slots=True)
class Case:
    """One network to compare on."""

    depth: int
    width: int
    shortcut: str = "identity"


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one comparison, per step."""

    case: Case
    reference_ms: float
    gradviz_ms: float

    @property
    def ratio(self) -> float:
        """The instrumented step's share of the ordinary step's time."""
        return self.gradviz_ms / self.reference_ms


CASES = (
    Case(30, 32),
    Case(100, 32, "none"),
    Case(100, 32),
    Case(100, 128),
    Case(1000, 32, "none"),
    Case(1000, 32),
)


def compare(case: Case, rounds: int) -> Row:
    """Time `rounds` turns of each kind on one thread, after one of each that does not count; return the medians."""
    experiment = _experiment(case)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ours, ordinary = _instrumented_step(experiment), _ordinary_step(experiment)
        times: tuple[list[float], list[float]] = ([], [])
        steps = experiment.training.probe_every
        for turn in range(rounds + 1):
            for step, taken in zip((ours, ordinary), times, strict=True):
                seconds = _timed(step, range(turn * steps, (turn + 1) * steps)) / steps
                if turn:
                    taken.append(seconds)
        gradviz_ms, reference_ms = (1e3 * statistics.median(taken) for taken in times)
        return Row(case, reference_ms, gradviz_ms)
    finally:
        torch.set_num_threads(threads)


def _experiment(case: Case) -> Experiment:
    """Weights and steps under which the numbers stay finite and normal at any depth, as in a network that trains."""
    # the means of ReLU branches add up from layer to layer
    small = {"initialization": "gaussian", "sigma_w": 2.0 / case.depth, "learning_rate": 1e-3 / case.depth}
    return Experiment.parse(
        {
            "depth": case.depth,
            "width": case.width,
            "shortcut": case.shortcut,
            "activation": "relu",
            "optimizer": "momentum",
            "learning_rate": 1e-4,
            "device": "cpu",
        }
        | ({"initialization": "he_normal"} if case.shortcut == "none" else small)
    )


def _timed(step: Callable[[int], None], numbers: range) -> float:
    begin = time.perf_counter()
    for number in numbers:
        step(number)
    return time.perf_counter() - begin


def _instrumented_step(experiment: Experiment) -> Callable[[int], None]:
    run = TrainingRun(experiment)

    def step(number: int) -> None:
        run.measure(number)
        list(run.frames(wait=True))
        run.update()

    return step


def _ordinary_step(experiment: Experiment) -> Callable[[int], None]:
    run = TrainingRun(experiment)
    network = reference_network(experiment, run.data.features, run.data.classes)
    assert isinstance(run.network, Network)
    copy_weights(run.network, network)
    rule = torch.optim.SGD(
        network.parameters(), lr=experiment.training.learning_rate, momentum=experiment.training.momentum
    )
    inputs = torch.from_numpy(run.data.train_inputs[: run.batch_size]).float()
    labels = torch.from_numpy(run.data.train_labels[: run.batch_size])

    def step(_number: int) -> None:
        rule.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(network(inputs), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        rule.step()

    return step
