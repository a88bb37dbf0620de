"""How the Hugging Face callback ends, against a trainer of the same protocol: the library itself is not needed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim.optimizer import _global_optimizer_pre_hooks

from gradviz.recording.store import read_info

HERE = "gradviz.watching.hugging_face"


class BoomError(Exception):
    pass


@pytest.fixture
def callback_class(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The callback of a library that offers nothing but its names."""
    fake = ModuleType("transformers")
    for name in ("TrainerCallback", "TrainerControl", "TrainerState", "TrainingArguments"):
        setattr(fake, name, type(name, (), {}))
    known = sys.modules.pop(HERE, None)
    monkeypatch.setitem(sys.modules, "transformers", fake)
    yield importlib.import_module(HERE).GradvizCallback
    del sys.modules[HERE]
    if known is not None:
        sys.modules[HERE] = known


class Handler:
    def __init__(self, callbacks: list[Any]) -> None:
        self.callbacks = callbacks

    def call(self, event: str, **known: Any) -> None:
        for callback in self.callbacks:
            if (told := getattr(callback, event, None)) is not None:
                told(None, None, None, **known)


class Trainer:
    """Calls its callbacks as the library does, and raises in the step, or between two of them, when it is told to."""

    def __init__(self, model: nn.Module, callbacks: list[Any], fails: str) -> None:
        self.model, self.fails = model, fails
        self.callback_handler = Handler(callbacks)
        self.callback_handler.call("on_init_end")

    def train(self) -> SimpleNamespace:
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        self.callback_handler.call("on_train_begin", model=self.model, optimizer=optimizer)
        for step in range(6):
            if step == 4 and self.fails == "between":
                raise BoomError
            loss = self.training_step(step)
            optimizer.step()
            optimizer.zero_grad()
            self.callback_handler.call("on_log", logs={"loss": loss})
        self.callback_handler.call("on_train_end")
        return SimpleNamespace(steps=6)

    def training_step(self, step: int) -> float:
        if step == 4 and self.fails == "step":
            raise BoomError
        if step == 4 and self.fails == "interrupt":
            raise KeyboardInterrupt
        loss = self.model(torch.randn(4, 3)).square().mean()
        loss.backward()
        return float(loss.detach())


def test_what_an_evaluation_came_to_is_recorded_as_validation(callback_class: Any) -> None:
    callback = callback_class(None)
    trainer = Trainer(nn.Linear(3, 2), [callback], "")
    step = trainer.training_step

    def with_evaluation(number: int) -> float:
        if number == 4:
            told = {"eval_loss": 0.25, "eval_accuracy": 0.75, "eval_runtime": 1.0}
            trainer.callback_handler.call("on_evaluate", metrics=told)
        return step(number)

    trainer.training_step = with_evaluation  # type: ignore[method-assign]
    trainer.train()
    history = callback.recorder.history
    values = {name: history.scalar_part(name, 0, 6) for name in ("validation_loss", "validation_accuracy")}
    assert {name: each[~torch.tensor(each).isnan().numpy()].tolist() for name, each in values.items()} == {
        "validation_loss": [0.25],
        "validation_accuracy": [0.75],
    }


@pytest.mark.parametrize(
    ("fails", "late", "ending"),
    [
        ("step", False, "failed"), ("between", False, "failed"), ("interrupt", False, "stopped"),
        ("step", True, "failed"), ("", False, "finished"), ("", True, "finished"),
    ],
)  # fmt: skip
def test_the_recording_ends_as_the_training_does(
    callback_class: Any, fails: str, late: bool, ending: str, tmp_path: Path
) -> None:
    hooks = len(_global_optimizer_pre_hooks)
    callback = callback_class(tmp_path / "run.gradviz")
    trainer = Trainer(nn.Linear(3, 2), [] if late else [callback], fails)
    if late:
        trainer.callback_handler.callbacks.append(callback)
    if fails:
        with pytest.raises(KeyboardInterrupt if fails == "interrupt" else BoomError):
            trainer.train()
    else:
        assert trainer.train().steps == 6
    info = read_info(tmp_path / "run.gradviz")
    assert (info.ending, callback.recorder.steps) == (ending, 4 if fails else 6)
    assert len(_global_optimizer_pre_hooks) == hooks
