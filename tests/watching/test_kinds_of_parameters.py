"""Parameters that are frozen, shared, unused, sparse, lazy, added later, replaced, or of another type."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from watched_training import batches, history_of, length, lengths, loss_of, measured, perceptron

from gradviz.watching.watch import watch


class Curious(nn.Module):
    """Tied embeddings, a frozen layer, one that is used at odd steps only, and one never."""

    def __init__(self) -> None:
        super().__init__()
        self.never = nn.Linear(4, 4)
        self.words = nn.Embedding(11, 4)
        self.frozen = nn.Linear(4, 4).requires_grad_(requires_grad=False)
        self.sometimes = nn.Linear(4, 4)
        self.out = nn.Linear(4, 11, bias=False)
        self.out.weight = self.words.weight
        self.turn = 0

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.tanh(self.frozen(self.words(x)))
        if self.turn % 2:
            hidden = self.sometimes(hidden)
        self.turn += 1
        return self.out(hidden)


def test_shared_frozen_and_unused_modules() -> None:
    model = Curious()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    words = torch.arange(6)
    expected = []
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(4):
            nn.functional.cross_entropy(model(words), words).backward()
            expected.append(length([model.words.weight.grad]))
            optimizer.step()
            optimizer.zero_grad()
    history = history_of(recorder)
    # in the order of execution; what did not run in the first step comes last, as it is defined
    assert history.started.row_names == ("words", "frozen", "out", "never", "sometimes")
    for step in range(4):
        assert lengths(history, step) == pytest.approx(
            {"words": expected[step], "out": expected[step]}
            | ({"sometimes": lengths(history, step)["sometimes"]} if step % 2 else {})
        )
        # neither of these is zero: nobody measured it
        assert {"frozen", "never"}.isdisjoint(lengths(history, step))
        assert ("sometimes" in lengths(history, step, "activation_mean")) == bool(step % 2)
        assert set(lengths(history, step, "weight_norm")) == {"words", "out", "never", "sometimes"}
        assert "frozen" in lengths(history, step, "activation_std")
    assert lengths(history, 1, "unchanged_fraction")["never"] == 1.0


def test_a_layer_that_is_unfrozen_later_is_measured_from_then_on() -> None:
    model = perceptron()
    model[0].requires_grad_(requires_grad=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None, thorough_every=2) as recorder:
        for step, batch in enumerate(batches(perceptron, 6)):
            if step == 3:
                model[0].requires_grad_(requires_grad=True)
            loss_of(model, batch).backward()
            optimizer.step()
            optimizer.zero_grad()
    history = history_of(recorder)
    assert ["0" in lengths(history, step) for step in range(6)] == [False] * 3 + [True] * 3
    assert ["0" in lengths(history, step, "weight_norm") for step in (0, 2, 4)] == [False, False, True]


def test_parameters_added_to_the_optimiser_later_are_measured_from_then_on() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model[0].parameters(), lr=0.1)
    with watch(model, None) as recorder:
        for step, batch in enumerate(batches(perceptron, 4)):
            if step == 2:
                optimizer.add_param_group({"params": list(model[4].parameters())})
            loss_of(model, batch).backward()
            optimizer.step()
    found = [set(lengths(history_of(recorder), step, "weight_norm")) for step in range(4)]
    assert found == [{"0"}] * 2 + [{"0", "4"}] * 2


@pytest.mark.parametrize("double", [False, True])
def test_sparse_gradients_count_what_they_stand_for(double: bool) -> None:
    model = nn.Sequential(nn.Embedding(10, 3, sparse=True), nn.Flatten(), nn.Linear(12, 2))
    model = model.double() if double else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    words = torch.tensor([[1, 1, 2, 9], [9, 9, 9, 0]])
    expected = []
    with watch(model, None) as recorder:
        for _ in range(2):
            model(words).square().sum().backward()
            expected.append(length([model[0].weight.grad.to_dense()]))
            optimizer.step()
            optimizer.zero_grad()
    assert [lengths(history_of(recorder), step)["0"] for step in range(2)] == pytest.approx(expected, rel=1e-6)


def test_lazy_modules_get_their_weights_in_the_first_pass() -> None:
    model = nn.Sequential(nn.LazyLinear(7), nn.Tanh(), nn.LazyLinear(3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected = []
    with watch(model, None) as recorder:
        for batch in batches(perceptron, 2):
            loss_of(model, batch).backward()
            expected.append({name: length([model[int(name)].weight.grad]) for name in ("0", "2")})
            optimizer.step()
            optimizer.zero_grad()
    assert [lengths(history_of(recorder), step) for step in range(2)] == [pytest.approx(row) for row in expected]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.complex64])
def test_other_numbers_than_float32(dtype: torch.dtype) -> None:
    weight = nn.Parameter(torch.randn(40, 30).to(dtype))
    model = nn.ParameterDict({"w": weight})
    optimizer = torch.optim.SGD([weight], lr=1e-4)
    wide = torch.complex128 if dtype.is_complex else torch.float64
    expected = []
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(3):
            weight.grad = torch.randn(40, 30).to(dtype)
            before = weight.detach().clone()
            optimizer.step()
            step = torch.linalg.vector_norm(weight.detach().to(wide) - before.to(wide)).item()
            old = torch.linalg.vector_norm(before.to(wide)).item()
            same = (weight == before).double().mean().item()
            expected.append((torch.linalg.vector_norm(weight.grad.to(wide)).item(), step / old, same))
    rows = [measured(history_of(recorder), step)["ParameterDict"] for step in range(3)]
    assert [row["weight_grad_norm"] for row in rows] == pytest.approx([norm for norm, _, _ in expected], rel=1e-5)
    for row, (_, ratio, same) in zip(rows[1:], expected, strict=False):
        # the difference of two halves is itself a half
        assert row["update_ratio"] == pytest.approx(ratio, rel=1e-3 if dtype.itemsize == 2 else 1e-5)
        assert row["unchanged_fraction"] == pytest.approx(same)
    if dtype == torch.bfloat16:
        assert expected[0][2] > 0.1, "nothing stood still, so that nothing was tested"


def test_float64_gradients_beyond_what_can_be_squared() -> None:
    weight = nn.Parameter(torch.ones(3, 4, dtype=torch.float64))
    with watch(nn.ParameterDict({"w": weight}), None) as recorder:
        optimizer = torch.optim.SGD([weight], lr=0.0)
        for size in (1e-250, 1e250):
            weight.grad = torch.full_like(weight, size)
            optimizer.step()
    found = [row["ParameterDict"]["weight_grad_norm"] for row in (measured(history_of(recorder), s) for s in (0, 1))]
    # the recording holds the logarithm as a float32
    assert np.log10(found) == pytest.approx(np.log10(np.sqrt(12)) + np.array([-250.0, 250.0]), abs=1e-5)


def test_gradients_in_place_of_none() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for set_to_none, batch in zip((True, False, True, False), batches(perceptron, 4), strict=True):
        model.zero_grad(set_to_none=set_to_none)
        with watch(model, None) as recorder:
            loss_of(model, batch).backward()
            expected = length([model[2].weight.grad])
            optimizer.step()
        assert lengths(history_of(recorder), 0)["2"] == pytest.approx(expected)


def test_replaced_parameters_are_said_once_and_watched_on() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with (  # noqa: PT031
        pytest.warns(RuntimeWarning, match="parameters of 2 were replaced") as said,
        watch(model, None, thorough_every=2) as recorder,
    ):
        for step, batch in enumerate(batches(perceptron, 12)):
            if step in (3, 7):
                model[2].weight = nn.Parameter(torch.randn(5, 7))
                optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            loss_of(model, batch).backward()
            expected = length([model[2].weight.grad])
            optimizer.step()
            optimizer.zero_grad()
    assert len(said) == 1
    assert lengths(history_of(recorder), recorder.steps - 1)["2"] == pytest.approx(expected)
