"""Layers that are far narrower than those around them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from gradviz.recording.history import History
from gradviz.watching.watch import watch


def trained(model: nn.Module) -> History:
    """One step."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, None, max_overhead=None) as recorder:
        loss = functional.cross_entropy(model(torch.randn(8, 6)), torch.randint(3, (8,)))
        loss.backward()
        optimizer.step()
        recorder.log(loss=loss)
    assert recorder.history is not None
    return recorder.history


def test_a_layer_far_narrower_than_those_around_it() -> None:
    chain = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2), nn.ReLU(), nn.Linear(2, 32), nn.Linear(32, 3))
    held = trained(chain).observed("narrow", 0)
    assert held is not None
    assert (held.observation.rows, held.observation.names) == ((3,), ("2",))
    assert dict(held.observation.numbers) == {"units": 2.0, "before": 32.0, "behind": 32.0}


@pytest.mark.parametrize(
    "make",
    [
        # the last layer is as narrow as there are classes, and neighbours that are narrow themselves are no neck
        lambda: nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3)),
        lambda: nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 3), nn.Linear(3, 4), nn.Linear(4, 3)),
        lambda: nn.Sequential(nn.Linear(6, 32), nn.Linear(32, 8), nn.Linear(8, 32), nn.Linear(32, 3)),
    ],
)
def test_layers_that_are_wide_enough(make: Callable[[], nn.Module]) -> None:
    assert trained(make()).observed("narrow", 0) is None
