"""Compiled networks: what can be measured is, and what cannot is said. Traced only, without a C++ compiler."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn
from watched_training import length, measured

from gradviz.watching.watch import watch


class Small(nn.Module):
    """Two layers, the first of which may be compiled by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(6, 4), nn.Tanh())
        self.second = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


def wrapped(model: Small) -> nn.Module:
    return torch.compile(model, backend="eager", fullgraph=True)


def in_place(model: Small) -> nn.Module:
    model.compile(backend="eager", fullgraph=True)
    return model


def partly(model: Small) -> nn.Module:
    model.first = torch.compile(model.first, backend="eager", fullgraph=True)
    return model


@pytest.fixture(autouse=True)
def fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    # what the compiler itself says about itself is not what is tested
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.parametrize("first", ["watched", "compiled"])
@pytest.mark.parametrize("compiled", [wrapped, in_place, partly])
def test_gradients_and_updates_under_plain_names_and_activations_where_possible(
    compiled: Callable[[Small], nn.Module], first: str
) -> None:
    plain, model = Small(), Small()
    model.load_state_dict(plain.state_dict())
    generator = torch.Generator().manual_seed(1)
    data = [(torch.randn(5, 6, generator=generator), torch.randint(0, 3, (5,), generator=generator)) for _ in range(5)]
    with pytest.warns(RuntimeWarning, match="activations are not measured") as said:  # noqa: PT031
        called = compiled(model) if first == "compiled" else model
        recorder = watch(called, None, thorough_every=2)
        called = compiled(model) if first == "watched" else called
        expected = []
        optimizers = [torch.optim.SGD(one.parameters(), lr=0.1) for one in (called, plain)]
        for inputs, labels in data:
            for one, optimizer in zip((called, plain), optimizers, strict=True):
                optimizer.zero_grad()
                nn.functional.cross_entropy(one(inputs), labels).backward()
            expected.append(
                {"first.0": length([plain.first[0].weight.grad]), "second": length([plain.second.weight.grad])}
            )
            for optimizer in optimizers:
                optimizer.step()
        recorder.close()
    assert len(said) == 1
    history = recorder.history
    assert history is not None
    assert recorder.steps == len(data)
    for step, row in enumerate(expected):
        found = measured(history, step)
        assert {name: found[name]["weight_grad_norm"] for name in row} == pytest.approx(row, rel=1e-5)
        assert "first.1" not in found
    assert measured(history, 4)["first.0"]["update_ratio"] > 0
    seen = {name for name, row in measured(history, 0).items() if "activation_std" in row}
    assert seen == ({"second"} if compiled is partly else set())
