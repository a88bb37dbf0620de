"""Batch norm over next to no samples, layers that are far too narrow, and probabilities taken for logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from gradviz.recording.history import History
from gradviz.watching.watch import watch


def trained(
    model: nn.Module,
    sizes: Sequence[int],
    inputs: tuple[int, ...] = (6,),
    loss_of: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
) -> History:
    """One step for each of the batch sizes."""
    torch.manual_seed(1)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, None, max_overhead=None) as recorder:
        for size in sizes:
            targets = torch.randint(3, (size,))
            outputs = model(torch.randn(size, *inputs))
            loss = loss_of(outputs, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.log(loss=loss, outputs=outputs, targets=targets)
    assert recorder.history is not None
    return recorder.history


def test_batch_norm_over_few_samples_begins_and_ends() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    history = trained(model, [16, 3, 2, 2, 16])
    at = [history.observed("small_batch", step) for step in range(5)]
    assert [None if each is None else (each.since, dict(each.observation.numbers)["samples"]) for each in at] == [
        None, (1, 3.0), (1, 2.0), (1, 2.0), None,
    ]  # fmt: skip
    assert at[2] is not None
    assert (at[2].observation.rows, at[2].observation.names) == ((2,), ("1",))


def test_batch_norm_that_is_not_trained_has_no_small_batch() -> None:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8).eval(), nn.Linear(8, 3))
    assert trained(model, [2, 2]).observed("small_batch", 1) is None


def test_a_layer_far_narrower_than_those_around_it() -> None:
    chain = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2), nn.ReLU(), nn.Linear(2, 32), nn.Linear(32, 3))
    held = trained(chain, [8]).observed("narrow", 0)
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
    assert trained(make(), [8]).observed("narrow", 0) is None


def of_probabilities(outputs: Tensor, targets: Tensor) -> Tensor:
    return functional.nll_loss(outputs.log(), targets)


@pytest.mark.parametrize(
    ("softmax", "loss_of", "twice"),
    [(True, functional.cross_entropy, True), (True, of_probabilities, False), (False, functional.cross_entropy, False)],
)
def test_a_softmax_before_cross_entropy(softmax: bool, loss_of: Callable[..., Tensor], twice: bool) -> None:
    last = [nn.Softmax(1)] if softmax else []
    model = nn.Sequential(nn.Linear(6, 3), *last)
    with torch.no_grad():
        model[0].weight.mul_(5.0)
    held = trained(model, [64, 64], loss_of=loss_of).observed("softmax_twice", 1)
    assert (held is not None) is twice
