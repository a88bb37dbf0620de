"""What lives how long: recorders that nobody closes, and parameters that are replaced."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

from gradviz.recording.store import open_run
from gradviz.watching.watch import watch


def small() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))


def train(model: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> None:
    for _ in range(steps):
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def hooks() -> int:
    return len(_global_optimizer_pre_hooks) + len(_global_optimizer_post_hooks)


def test_a_recorder_that_nobody_closes_keeps_no_model_alive(tmp_path: Path) -> None:
    before, models = hooks(), []
    scaler = GradScaler("cpu", enabled=False)
    for number in range(3):
        model = small()
        recorder = watch(model, tmp_path / f"{number}.gradviz", scaler=scaler)
        train(model, torch.optim.SGD(model.parameters(), lr=0.1), 4)
        models.append(weakref.ref(model))
        del model, recorder
    gc.collect()
    assert [model() for model in models] == [None] * 3
    assert hooks() == before
    # and what they did is in their files, up to the last step
    for number in range(3):
        run = open_run(tmp_path / f"{number}.gradviz")
        assert run.history.frames == 4


def test_a_recorder_that_the_script_does_not_keep_lives_as_long_as_its_model(tmp_path: Path) -> None:
    model = small()
    watch(model, tmp_path / "kept.gradviz")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    train(model, optimizer, 3)
    gc.collect()
    train(model, optimizer, 3)
    before = hooks()
    del model, optimizer
    gc.collect()
    assert hooks() == before - 2
    assert open_run(tmp_path / "kept.gradviz").history.frames == 6


def test_a_copy_of_a_watched_model_takes_nothing_along() -> None:
    model = small()
    with watch(model, None) as recorder:
        copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
        for other in copies:
            assert not any(vars(other)[name] for name in vars(other).keys() - vars(small()).keys())
            train(other, torch.optim.SGD(other.parameters(), lr=0.1), 2)
        assert recorder.steps == 0
        train(model, torch.optim.SGD(model.parameters(), lr=0.1), 2)
    assert recorder.steps == 2
    assert vars(model).keys() == vars(small()).keys()


@pytest.mark.filterwarnings("ignore:gradviz.watch. the parameters of:RuntimeWarning")
def test_replaced_parameters_are_watched_with_the_new_optimiser_from_its_first_step() -> None:
    torch.manual_seed(0)
    model, norms = small(), []

    def loss() -> Tensor:
        out: Tensor = model(torch.randn(8, 4)).square().mean()
        return out

    with watch(model, None) as recorder:
        for _ in range(3):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(4):
                loss().backward()  # type: ignore[no-untyped-call]
                norms.append(model[0].weight.grad.double().norm().log10().item())
                optimizer.step()
                optimizer.zero_grad()
            model.load_state_dict({name: value.clone() for name, value in model.state_dict().items()}, assign=True)
    history = recorder.history
    assert history is not None
    assert history.frames == 12
    found = [history.row("weight_grad_norm", step) for step in range(12)]
    assert [float(row[0]) for row in found if row is not None] == pytest.approx(norms, rel=1e-5)


@pytest.mark.filterwarnings("ignore:gradviz.watch. nothing was recorded:RuntimeWarning")
def test_an_optimiser_of_another_network_is_none_of_ours() -> None:
    model, other = small(), small()
    with watch(model, None) as recorder:
        train(other, torch.optim.SGD(other.parameters(), lr=0.1), 2)
        train(model, torch.optim.SGD(model.parameters(), lr=0.1), 2)
        train(other, torch.optim.SGD(other.parameters(), lr=0.1), 2)
    assert recorder.steps == 2
