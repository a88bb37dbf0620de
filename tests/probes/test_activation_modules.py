"""Dead units and saturated inputs of activation modules, against slopes that autograd finds in float64."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import gradviz
from gradviz.recording.history import History


def watched(model: nn.Module, batches: list[Tensor], step: Callable[[], object] | None = None) -> History:
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    with gradviz.watch(model, None) as recorder:
        for batch in batches:
            model(batch).sum().backward()
        optimizer.step()
    assert recorder.history is not None
    return recorder.history


def share(history: History, quantity: str, module: str) -> float:
    row = history.row(quantity, 0)
    assert row is not None
    return float(row[history.started.row_names.index(module)])


def slopes_of(function: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
    given = given.detach().double().requires_grad_()
    return torch.autograd.grad(function(given).sum(), given)[0]


@pytest.mark.parametrize("make", [nn.ReLU, nn.ReLU6])
@pytest.mark.parametrize("calls", [1, 3])
def test_dead_units_of_features(make: type[nn.Module], calls: int) -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(5, 40), make(), nn.Linear(40, 2))
    with torch.no_grad():
        model[0].bias.uniform_(-3.0, 9.0)
    data = [torch.randn(6, 5) for _ in range(calls)]
    slopes = slopes_of(make(), model[0](torch.cat(data)))
    expected = (slopes == 0).all(0).double().mean().item()
    assert 0.05 < expected < 0.95
    assert share(watched(model, data), "dead_fraction", "1") == pytest.approx(expected, abs=1e-6)


def test_dead_channels_of_pictures_and_features_of_sequences() -> None:
    torch.manual_seed(1)
    pictures = nn.Sequential(nn.Conv2d(1, 24, 3), nn.ReLU(inplace=True))
    sequences = nn.Sequential(nn.Linear(5, 24), nn.ReLU())
    for model, data, others in (
        (pictures, torch.randn(3, 1, 6, 6), (0, 2, 3)),
        (sequences, torch.randn(3, 7, 5), (0, 1)),
    ):
        with torch.no_grad():
            model[0].bias.uniform_(-4.0, 1.0)
        slopes = slopes_of(torch.relu, model[0](data))
        expected = (slopes.abs().amax(others) == 0).double().mean().item()
        assert 0.05 < expected < 0.95
        assert share(watched(model, [data]), "dead_fraction", "1") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("make", [nn.Sigmoid, nn.Tanh, nn.Softsign, nn.Hardtanh, nn.Hardsigmoid])
def test_saturated_inputs(make: type[nn.Module]) -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(5, 40), make(), nn.Linear(40, 2))
    with torch.no_grad():
        model[0].weight.mul_(8.0)
    data = [torch.randn(6, 5), torch.randn(8, 5)]
    steepest = slopes_of(make(), torch.tensor([0.0])).item()
    expected = (slopes_of(make(), model[0](torch.cat(data))) < 0.01 * steepest).double().mean().item()
    assert 0.05 < expected < 0.95
    assert share(watched(model, data), "saturated_fraction", "1") == pytest.approx(expected, abs=1e-6)


def test_one_module_called_in_two_places_of_different_width() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.relu = nn.Linear(4, 30), nn.Linear(30, 10), nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.b(self.relu(self.a(x))))

    torch.manual_seed(1)
    model, data = Shared(), torch.randn(3, 4)
    inner = torch.relu(model.a(data))
    off = [(slopes_of(torch.relu, given) == 0).all(0) for given in (model.a(data), model.b(inner))]
    assert share(watched(model, [data]), "dead_fraction", "relu") == pytest.approx(
        torch.cat(off).double().mean().item(), abs=1e-6
    )


def test_what_is_not_a_number_is_neither_dead_nor_well() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh())
    data = torch.randn(4, 5)
    data[0, 0] = math.nan
    history = watched(model, [data])
    assert math.isnan(share(history, "dead_fraction", "1"))
    assert math.isnan(share(history, "saturated_fraction", "3"))
    assert history.measured("dead_fraction", 0).tolist() == [False, True, False, False]


def test_other_limits_and_classes_of_somebody_else_are_left_out() -> None:
    class Own(nn.ReLU):
        def forward(self, input: Tensor) -> Tensor:
            return input

    model = nn.Sequential(nn.Linear(5, 8), nn.Hardtanh(-2.0, 2.0), nn.Linear(8, 2), Own())
    measured = {quantity.name for quantity in watched(model, [torch.randn(4, 5)]).quantities}
    assert not measured & {"dead_fraction", "saturated_fraction"}
