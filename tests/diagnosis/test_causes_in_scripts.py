"""Causes that are seen in the parts of a script beside its network: weights at the start, functions, schedule, loss."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from trainings.loops import Logged, adam, classify, points, sgd, train
from trainings.models import multilayer

from gradviz.diagnosis import Severity, diagnose
from gradviz.recording.history import History

pytestmark = pytest.mark.usefixtures("one_thread")


class WithFunctions(nn.Module):
    """Layers whose activations are called as functions, one of them twice."""

    def __init__(self, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(16, 24), nn.Linear(24, 24), nn.Linear(24, 10)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.activation(self.second(self.activation(self.first(x)))))


class Neck(nn.Module):
    """Everything passes through one number, and the layers are in no nn.Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.neck = nn.Linear(16, 32), nn.Linear(32, 1)
        self.behind, self.last = nn.Linear(1, 32), nn.Linear(32, 10)
        nn.init.constant_(self.neck.bias, -9.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.relu(self.behind(torch.relu(self.neck(torch.relu(self.wide(x)))))))


def constant(model: nn.Module, value: float) -> nn.Module:
    for parameter in model.parameters():
        nn.init.constant_(parameter, value)
    return model


def alike() -> History:
    model = constant(multilayer(), 0.05)
    return train(model, sgd(model), classify(model), steps=12)


def all_ones() -> History:
    """Of weights that are all one the outputs are huge as well."""
    model = multilayer()
    for parameter in model.parameters():
        nn.init.constant_(parameter, 1.0 if parameter.dim() > 1 else 0.0)
    return train(model, adam(model), classify(model), steps=12)


def dead_in_front_of_the_loss() -> History:
    """No gradient at all, though backward() is called: a ReLU behind the last layer lets nothing through."""
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 10), nn.ReLU())
    nn.init.constant_(model[2].bias, -9.0)
    return train(model, sgd(model), classify(model), steps=45)


def schedule_to_nothing() -> History:
    model = multilayer()
    optimizer = sgd(model)
    halving = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    return train(model, optimizer, classify(model), steps=45, scheduler=halving)


def no_gradient_of_the_loss() -> History:
    model = multilayer()

    def once() -> Logged:
        outputs = model(points()[0])
        return {"loss": (outputs - outputs.detach()).square().sum().sqrt()}

    return train(model, sgd(model), once, steps=4)


def guessed_labels() -> History:
    model = multilayer()

    def shuffled() -> tuple[Tensor, Tensor]:
        inputs, labels = points()
        return inputs, labels[torch.randperm(len(labels))]

    return train(model, adam(model), classify(model, shuffled), steps=130)


def through_a_neck() -> History:
    model = Neck()
    return train(model, sgd(model, 0.01), classify(model), steps=130)


def clipped_by_a_function_of_another_module() -> History:
    module = ModuleType("somebody_elses_loop")
    exec("from torch.nn.utils import clip_grad_value_", module.__dict__)
    sys.modules[module.__name__] = module
    model = multilayer()
    original = module.clip_grad_value_
    try:
        return train(
            model, sgd(model), classify(model), 45,
            before_step=lambda: module.clip_grad_value_(model.parameters(), 1e-6),
        )  # fmt: skip
    finally:
        # torch and all others are as they were
        assert module.clip_grad_value_ is original is nn.utils.clip_grad_value_
        del sys.modules[module.__name__]


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (alike, "units_alike"), (all_ones, "units_alike"), (dead_in_front_of_the_loss, "dead"),
        (schedule_to_nothing, "rate_gone"), (no_gradient_of_the_loss, "loss_function"),
        (guessed_labels, "not_learning"), (through_a_neck, "narrow"),
        (clipped_by_a_function_of_another_module, "clipped"),
    ],
)  # fmt: skip
def test_the_first_finding_names_the_cause(run: Callable[[], History], kind: str) -> None:
    torch.manual_seed(0)
    first = diagnose(run())[0]
    assert first.kind == kind
    assert first.severity >= Severity.WARNING
    assert first.remedies


@pytest.mark.parametrize(
    ("activation", "times"),
    [
        (functional.relu, {"relu": 2.0}), (torch.sigmoid, {"sigmoid": 2.0}), (Tensor.tanh, {"tanh": 2.0}),
        (functional.gelu, None), (nn.ReLU(), None),
    ],
)  # fmt: skip
def test_activations_that_are_functions_are_counted_and_said_not_to_be_measured(
    activation: Callable[[Tensor], Tensor], times: dict[str, float] | None
) -> None:
    model = WithFunctions(activation)
    findings = diagnose(train(model, adam(model), classify(model), steps=12))
    facts = [fact for each in findings for fact in each.evidence if fact.fact == "called_as_functions"]
    assert [dict(fact.numbers) for fact in facts] == ([] if times is None else [times])


def test_what_is_alike_by_design_is_no_fault() -> None:
    """Norms begin at one, a head at zero, filters of one channel each are given different things."""
    model = nn.Sequential(
        nn.Unflatten(1, (4, 4, 1)), nn.Conv2d(4, 4, 1, groups=4), nn.Flatten(), nn.LayerNorm(16),
        nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 10),
    )  # fmt: skip
    constant(model[1], 1.0)
    constant(model[-1], 0.0)
    torch.manual_seed(0)
    history = train(model, adam(model, 1e-2), classify(model), steps=60)
    assert history.observed("units_alike", 59) is None
    assert diagnose(history)[0].severity < Severity.WARNING


def test_behind_several_causes_nobody_is_told_what_to_do_against_what_follows() -> None:
    """All units begin alike, and each step is far too long: of what these do later on, no advice."""
    torch.manual_seed(0)
    model = constant(multilayer(), 0.05)
    findings = diagnose(train(model, sgd(model, 30.0), classify(model), steps=40))
    causes = [each for each in findings if each.is_cause and each.severity >= Severity.WARNING]
    later = [each for each in findings if not each.is_cause and each.first_step]
    assert len(causes) >= 2
    assert later
    assert all(each.remedies for each in causes)
    assert not any(each.remedies for each in later if each.severity >= Severity.WARNING)
