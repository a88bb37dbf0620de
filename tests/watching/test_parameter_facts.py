"""Which parameters are not trained, and why: said from the first step on, by name, and of nothing else."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer
from watched_training import cross_entropy, first, history_of, perceptron

from gradviz.recording.frame import Observation
from gradviz.recording.history import History
from gradviz.watching.watch import watch

FAULTS = ("in_no_optimizer", "never_called", "not_called_lately", "no_grad", "detached", "without_gradient")


def numbers_in(modules: Iterable[nn.Module]) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def faults(history: History) -> set[str]:
    return {one.kind for one in history.observations} & set(FAULTS)


def trained(
    model: nn.Module, optimizers: Iterable[Optimizer], loss: Callable[[int], Tensor], steps: int = 6
) -> History:
    optimizers = list(optimizers)
    with watch(model, None, thorough_every=1) as recorder:
        for step in range(steps):
            loss(step).backward()
            for optimizer in optimizers:
                optimizer.step()
            model.zero_grad()
    return history_of(recorder)


def test_modules_in_no_optimiser_and_frozen_ones_are_named_at_step_0() -> None:
    model = perceptron()
    model[0].requires_grad_(requires_grad=False)
    history = trained(model, [SGD(model[4].parameters(), 0.1)], cross_entropy(model))
    stray, frozen = first(history, "in_no_optimizer"), first(history, "frozen")
    assert stray == Observation(0, "in_no_optimizer", (3,), ("2",), stray.numbers)  # type: ignore[union-attr]
    assert stray is not None
    assert frozen is not None
    assert (stray.number("parameters"), stray.number("all_parameters")) == (
        numbers_in([model[2]]),
        numbers_in([model]),
    )
    assert (frozen.step, frozen.rows, frozen.names) == (0, (1,), ("0",))
    assert frozen.number("parameters") == numbers_in([model[0]])
    assert first(history, "without_weights").names == ("1", "3")  # type: ignore[union-attr]
    assert faults(history) == {"in_no_optimizer"}
    # said once, although there are six steps
    assert [one.kind for one in history.observations].count("in_no_optimizer") == 1


def test_the_gradient_of_what_no_optimiser_holds_is_measured() -> None:
    model = perceptron()
    optimizer = SGD(model[4].parameters(), 0.1)
    loss = cross_entropy(model)
    expected = []
    with watch(model, None) as recorder:
        for step in range(3):
            loss(step).backward()
            expected.append([model[i].weight.grad.double().norm().item() for i in (0, 2)])
            optimizer.step()
            model.zero_grad()
    for step in (1, 2):
        row = history_of(recorder).row("weight_grad_norm", step)
        assert row is not None
        assert (10.0 ** row[[0, 2]]).tolist() == pytest.approx(expected[step], rel=1e-5)


def test_single_parameters_are_named_where_the_rest_of_the_module_is_trained() -> None:
    model = perceptron()
    weights = [parameter for name, parameter in model.named_parameters() if name != "2.bias"]
    history = trained(model, [SGD(weights, 0.1)], cross_entropy(model))
    assert first(history, "in_no_optimizer").names == ("2.bias",)  # type: ignore[union-attr]


def test_what_is_put_right_is_not_said_any_more() -> None:
    model = perceptron()
    optimizer = SGD(model[:3].parameters(), 0.1)
    loss = cross_entropy(model)
    with watch(model, None, thorough_every=1) as recorder:
        for step in range(6):
            if step == 3:
                optimizer.add_param_group({"params": list(model[4].parameters())})
            loss(step).backward()
            optimizer.step()
            model.zero_grad()
    history = history_of(recorder)
    assert [history.observed("in_no_optimizer", step) is not None for step in range(6)] == [True] * 3 + [False] * 3


class Gan(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 6))
        self.critic = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))


@pytest.mark.parametrize("critic_steps", [1, 4])
def test_two_optimisers_that_take_turns_hold_everything_from_the_first_step(critic_steps: int) -> None:
    gan = Gan()
    of_generator, of_critic = Adam(gan.generator.parameters(), 1e-3), Adam(gan.critic.parameters(), 1e-3)
    with watch(gan, None, thorough_every=1) as recorder:
        for _, turn in itertools.product(range(3), range(critic_steps + 1)):
            fake = gan.generator(torch.randn(5, 3))
            optimizer, sign = (of_generator, -1) if turn == critic_steps else (of_critic, 1)
            optimizer.zero_grad()
            (sign * (gan.critic(fake).mean() - gan.critic(torch.randn(5, 6)).mean())).backward()
            optimizer.step()
    history = history_of(recorder)
    assert not faults(history)
    assert first(history, "gradients_kept") is None
    assert first(history, "no_gradient") is None
    names = [one.names for one in history.observations if one.kind == "optimizer"]
    assert names[-1] == ("Adam", "Adam")


class WithTarget(nn.Module):
    """A network with an average of itself, as in BYOL or DQN."""

    def __init__(self) -> None:
        super().__init__()
        self.online = perceptron()
        self.target = copy.deepcopy(self.online)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.target(x)
        return (self.online(x) - wanted - 1).square().mean()


def test_targets_that_no_optimiser_is_to_train_are_no_fault() -> None:
    model = WithTarget()
    history = trained(model, [SGD(model.online.parameters(), 0.1)], lambda _step: model(torch.randn(4, 6)))
    assert not faults(history)


class Adapted(nn.Module):
    """A frozen layer with a low-rank one beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(6, 6).requires_grad_(requires_grad=False)
        self.lora_A, self.lora_B = nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.lora_B(self.lora_A(x))


def test_adapters_on_a_frozen_base_are_no_fault() -> None:
    model = Adapted()
    trainable = [one for one in model.parameters() if one.requires_grad]
    history = trained(model, [Adam(trainable, 1e-2)], lambda _step: model(torch.randn(4, 6)).square().mean())
    assert not faults(history)
    assert first(history, "frozen").names == ("base",)  # type: ignore[union-attr]
    assert first(history, "no_gradient") is None


class Branches(nn.Module):
    """All in the optimiser: a branch that is used, and others, each cut off in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle, self.cut, self.off = (nn.Linear(6, 4) for _ in range(4))
        self.inner = Severed()
        self.empty = nn.Linear(6, 1, bias=False)
        self.empty.weight = nn.Parameter(torch.empty(0, 6))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            off = self.off(x)
        self.empty(x)
        return self.used(x) + self.cut(x).relu().detach() + off + self.inner(x)


class Severed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.weight).detach()


def test_each_reason_for_having_no_gradient_is_told_apart() -> None:
    model = Branches()
    history = trained(model, [Adam(model.parameters(), 1e-2)], lambda _step: model(torch.randn(4, 6)).square().mean())
    found = {one.kind: one for one in history.observations if one.kind in FAULTS}
    assert {kind: one.names for kind, one in found.items()} == {
        "never_called": ("idle",),
        "without_gradient": ("cut",),
        "no_grad": ("off",),
        "detached": ("inner",),
    }
    assert {one.step for one in found.values()} == {0}
    assert found["without_gradient"].number("parameters") == numbers_in([model.cut])
    names = history.started.row_names
    assert all(names[one.rows[0] - 1] == one.names[0] for one in found.values())
    assert first(history, "without_weights").names == ("empty",)  # type: ignore[union-attr]


class Experts(nn.Module):
    """Sends everything to the experts it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(6, 4) for _ in range(3))

    def forward(self, x: Tensor, chosen: Iterable[int]) -> Tensor:
        return torch.stack([self.experts[place](x) for place in chosen]).square().mean()


@pytest.mark.parametrize("to_none", [True, False])
def test_experts_that_get_nothing_any_more_are_named_and_others_not(to_none: bool) -> None:
    model = Experts()
    optimizer = Adam(model.parameters(), 1e-3)
    with watch(model, None, thorough_every=1) as recorder:
        for step in range(12):
            # all at first; then 1 not any more, and 2 every second time
            chosen = [0, 1, 2] if step < 4 else [0, 2] if step % 2 else [0]
            model(torch.randn(4, 6), chosen).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=to_none)
    history = history_of(recorder)
    found = [one for one in history.observations if one.kind in FAULTS]
    assert [(one.kind, one.names, one.rows) for one in found] == [("not_called_lately", ("experts.1",), (2,))]
    # the last call was in step 3
    assert found[0].step - found[0].number("steps") == 3


def test_validation_between_the_steps_says_nothing_of_a_head_that_is_never_trained() -> None:
    model = nn.ModuleDict({"body": perceptron(), "head": nn.Linear(3, 2)})
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(4):
            model["body"](torch.randn(4, 6)).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            model.eval()
            with torch.no_grad():
                model["head"](model["body"](torch.randn(4, 6)))
            model.train()
    found = {one.kind: one.names for one in history_of(recorder).observations if one.kind in FAULTS}
    assert found == {"never_called": ("head",)}


def test_the_weights_inside_of_attention_are_never_called_and_no_fault() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    history = trained(model, [Adam(model.parameters(), 1e-3)], lambda _step: model(torch.randn(2, 3, 8)).sum())
    assert not faults(history)


def test_only_biases_are_trained() -> None:
    model = perceptron()
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("bias" in name)
    biases = [parameter for parameter in model.parameters() if parameter.requires_grad]
    history = trained(model, [SGD(biases, 0.1)], cross_entropy(model), steps=3)
    assert history.frames == 3
    assert not faults(history)
    assert first(history, "frozen").names == ("0.weight", "2.weight", "4.weight")  # type: ignore[union-attr]
    assert first(history, "no_gradient") is None
