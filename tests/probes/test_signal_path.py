"""The path of the signal, against cutting the network at each module in turn: is the input still felt at the end?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gradviz.probes.modules.observer import without_trace
from gradviz.probes.modules.signal_path import SignalPath
from gradviz.watching.watch import watch


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.inner, self.outer = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = x + self.outer(torch.tanh(self.inner(x)))
        out: Tensor = self.head(self.norm(x))
        return out


class UShape(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Sequential(nn.Conv1d(1, 2, 3, padding=1), nn.ReLU(inplace=True))
        self.deep = nn.Sequential(nn.Conv1d(2, 2, 3, padding=1), nn.ReLU())
        self.up = nn.Conv1d(4, 2, 3, padding=1)
        self.end = nn.Conv1d(2, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = self.down(x[:, None])
        b = nn.functional.interpolate(self.deep(nn.functional.max_pool1d(a, 2)), scale_factor=2)
        out: Tensor = self.end(self.up(torch.cat([a, b], 1)))
        return out.flatten(1)


class TwoHeads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 3), nn.Tanh())
        self.one, self.other = nn.Linear(3, 2), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.body(x)
        return {"one": self.one(x), "other": self.other(x)}


class Mixture(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.gate, self.head = nn.Linear(4, 4), nn.Linear(4, 2), nn.Linear(4, 2)
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        shares = self.gate(x).softmax(-1)
        out: Tensor = self.head(sum(shares[:, i, None] * expert(x) for i, expert in enumerate(self.experts)))
        return out


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.twice, self.act = nn.Linear(4, 4), nn.Linear(4, 4), nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem(x))
        out: Tensor = self.act(self.twice(self.act(self.twice(x))))
        return out


def chain() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))


NETWORKS: list[Callable[[], nn.Module]] = [chain, Residual, UShape, TwoHeads, Mixture, Shared]


def loss_of(model: nn.Module, x: Tensor) -> Tensor:
    out = model(x)
    parts = list(out.values()) if isinstance(out, dict) else [out]
    return torch.stack([part.square().sum() for part in parts]).sum()


def innermost(model: nn.Module) -> dict[str, nn.Module]:
    return {name: module for name, module in model.named_modules() if not list(module.children()) and name}


def cut_at(model: nn.Module, module: nn.Module) -> bool:
    """Whether the input is felt no more at the end once the output of `module` is a constant."""
    handle = module.register_forward_hook(lambda _module, _args, output: output.detach())
    x = torch.randn(5, 4, requires_grad=True)
    loss = loss_of(model, x)
    felt = torch.autograd.grad(loss, x, allow_unused=True)[0] if loss.requires_grad else None
    handle.remove()
    return felt is None or not bool(felt.any())


@pytest.mark.parametrize("make", NETWORKS)
def test_on_the_path_are_the_modules_at_which_the_network_can_be_cut(make: Callable[[], nn.Module]) -> None:
    torch.manual_seed(1)
    model = make()
    modules = innermost(model)
    path = SignalPath(model, modules.values(), without_trace)
    loss_of(model, torch.randn(5, 4)).backward()  # type: ignore[no-untyped-call]
    off = path.stop()
    expected = {name for name, module in modules.items() if not cut_at(model, module)}
    assert {name for name, module in modules.items() if module in off} == expected
    assert not model._forward_hooks


class Conditioned(nn.Module):
    """Blocks that are given the time beside the signal, each once more."""

    def __init__(self) -> None:
        super().__init__()
        self.time, self.stem = nn.Linear(1, 4), nn.Linear(4, 4)
        self.first, self.second, self.head = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        t = self.time(t)
        x = torch.tanh(self.first(self.stem(x)) + t)
        out: Tensor = self.head(torch.tanh(self.second(x) + t))
        return out


def test_of_several_beginnings_the_one_with_the_longest_path_counts() -> None:
    model = Conditioned()
    path = SignalPath(model, innermost(model).values(), without_trace)
    model(torch.randn(5, 4), torch.rand(5, 1)).sum().backward()
    assert path.stop() == {model.time}


def test_what_is_not_in_the_graph_is_not_judged() -> None:
    model = Residual()
    model.stem.requires_grad_(False)
    path = SignalPath(model, innermost(model).values(), without_trace)
    model(torch.randn(5, 4)).sum().backward()
    assert model.stem not in path.stop()

    class Checkpointed(Residual):
        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = checkpoint(super().forward, x, use_reentrant=True)
            return out

    model = Checkpointed()
    path = SignalPath(model, innermost(model).values(), without_trace)
    model(torch.randn(5, 4, requires_grad=True)).sum().backward()
    assert path.stop() == frozenset()


def test_the_rows_of_a_watched_network_say_what_is_passed_by() -> None:
    model = Residual()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None) as recorder:
        model(torch.randn(5, 4)).sum().backward()
        optimizer.step()
    assert recorder.history is not None
    assert {row.name for row in recorder.history.started.rows if not row.on_path} == {"inner", "outer"}
