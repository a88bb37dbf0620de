"""An architecture of ordinary modules is one recipe, one network and one line: training asks for nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

import numpy as np
import pytest
import torch
from pydantic import Field
from resuming import assert_resumes_bit_by_bit
from torch import Tensor, nn

from gradviz.experiment import NETWORKS, Experiment, NetworkRecipe, Row, fields
from gradviz.experiment.fields import FieldSpec
from gradviz.network.architecture import Architecture, Plan, Size, Trainable
from gradviz.network.catalogue import ARCHITECTURES
from gradviz.recording.frame import Evaluation, Frame, Started
from gradviz.training.loop import train
from gradviz.training.run import TrainingRun

CHANNELS = 4


class ConvRecipe(NetworkRecipe):
    """Convolutions with batch normalisation, one after the other."""

    architecture: ClassVar[str] = "convolutions"

    depth: Annotated[int, Field(description="Blocks", ge=1, le=400), FieldSpec("Blocks", "Network", "d", "blocks")] = 4

    def rows(self) -> tuple[Row, ...]:
        return tuple(Row(f"body.{block}.{part}", f"body.{block}") for block in range(self.depth) for part in (0, 1, 2))

    @property
    def summary(self) -> str:
        return f"{self.depth} convolutions"


class ConvNet(Trainable):
    """Takes the flat samples for pictures of one channel."""

    def __init__(self, recipe: ConvRecipe, plan: Plan) -> None:
        super().__init__()
        _, height, width = plan.sample_shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.shape = nn.Unflatten(1, (1, height, width))
            self.body = nn.Sequential(*(self._block(index) for index in range(recipe.depth)))
            self.head = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * height * width, plan.classes))
        self.to(plan.device, plan.dtype)

    @staticmethod
    def _block(index: int) -> nn.Sequential:
        conv = nn.Conv2d(CHANNELS if index else 1, CHANNELS, 3, padding=1)
        return nn.Sequential(conv, nn.BatchNorm2d(CHANNELS), nn.Sigmoid())

    @property
    def chain(self) -> Sequence[nn.Module]:
        return [self.shape, *self.body, self.head]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.shape(x)))


def size(recipe: ConvRecipe, batch_size: int, _sample_shape: tuple[int, ...]) -> Size:
    return Size(recipe.depth * 9 * CHANNELS**2, 6 * recipe.depth * batch_size * 64 * CHANNELS, 9 * CHANNELS**2 * 64)


@pytest.fixture(autouse=True)
def second_architecture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(NETWORKS, "convolutions", ConvRecipe)  # type: ignore[misc]
    monkeypatch.setitem(ARCHITECTURES, "convolutions", Architecture(ConvNet, size))  # type: ignore[misc]
    fields.cache_clear()
    yield
    monkeypatch.undo()
    fields.cache_clear()


def experiment(**values: object) -> Experiment:
    base = {"architecture": "convolutions", "depth": 3, "data": "digits", "device": "cpu", "batch_size": 32}
    return Experiment.parse(base | {"optimizer": "momentum", "learning_rate": 0.05, "probe_every": 4} | values)


def test_it_trains_and_is_observed_module_by_module() -> None:
    events = list(train(experiment(steps=40, evaluate_every=40)))
    started, frames = events[0], [event for event in events if isinstance(event, Frame)]
    assert isinstance(started, Started)
    assert started.row_names[:4] == ("body.0.0", "body.0.1", "body.0.2", "body.1.0")
    assert [frame.step for frame in frames] == list(range(41))
    every_step = {name for frame in frames for name in frame.rows} & set(frames[1].rows)
    assert every_step == {"weight_grad_norm"}
    # the exact gradient in every fifth of the thorough steps
    assert {quantity.name for quantity in started.quantities} == set(frames[20].rows)
    evaluations = [event.accuracy for event in events if isinstance(event, Evaluation)]
    assert evaluations[-1] > 0.5 > evaluations[0]


def test_its_numbers_are_those_of_autograd_in_float64() -> None:
    e = experiment()
    run = TrainingRun(e)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    run.measure(0)
    [frame] = run.frames(wait=True)
    again = TrainingRun(e)
    chosen = again.batches.take()
    x = torch.from_numpy(again.data.train_inputs)[chosen]
    y = torch.from_numpy(again.data.train_labels)[chosen]
    oracle = ConvNet(e.network, Plan((1, 8, 8), 10, 0, torch.float64, torch.device("cpu")))
    oracle.load_state_dict(before)
    outputs = []
    for block in oracle.body:
        for module in block:
            module.register_forward_hook(lambda _m, _a, output: (output.retain_grad(), outputs.append(output))[0])
    nn.functional.cross_entropy(oracle(x), y).backward()
    rms = [math.log10(output.grad.square().mean().sqrt().item() * len(x)) for output in outputs]
    np.testing.assert_allclose(frame.rows["activation_grad_rms"], rms, atol=1e-4)
    np.testing.assert_allclose(frame.rows["exact_log10_activation_grad_rms"], rms, atol=1e-4)
    weights = [math.log10(oracle.body[block][part].weight.grad.norm().item()) for block in range(3) for part in (0, 1)]
    known = frame.measured["exact_log10_weight_grad_norm"]
    assert known.tolist() == [True, True, False] * 3
    np.testing.assert_allclose(frame.rows["exact_log10_weight_grad_norm"][known], weights, atol=1e-4)


@pytest.mark.parametrize("step", [5, 8])
def test_it_resumes_bit_by_bit(step: int) -> None:
    assert_resumes_bit_by_bit(experiment(steps=12), step)
