"""Any loop: scalers, closures, several optimisers, and modules that are frozen, shared, unused, sparse, lazy."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from watched_training import batches, length, measured, perceptron

from gradviz.recording.history import History
from gradviz.watching.watch import watch

OVERFLOWING = 2.0**120


def history_of(recorder: object) -> History:
    history = recorder.history  # type: ignore[attr-defined]
    assert isinstance(history, History)
    return history


def lengths(history: History, step: int, quantity: str = "weight_grad_norm") -> dict[str, float]:
    return {name: row[quantity] for name, row in measured(history, step).items() if quantity in row}


def loss_of(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("unscaled_by_hand", [False, True])
def test_a_scaler_scales_nothing_that_is_shown_and_its_skipped_steps_are_marked(
    fused: bool, unscaled_by_hand: bool
) -> None:
    model, plain = perceptron(), perceptron()
    plain.load_state_dict(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, fused=fused)
    ordinary = torch.optim.SGD(plain.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=100)
    expected, activation = [], []
    with watch(model, None, thorough_every=1, scaler=scaler) as recorder:
        for step, batch in enumerate(batches(perceptron, 5)):
            loss = loss_of(model, batch) * (OVERFLOWING if step == 2 else 1.0)
            scaler.scale(loss).backward()
            if unscaled_by_hand:
                scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            recorder.log(loss=loss)
            hidden = plain[:2](batch[0])
            hidden.retain_grad()
            nn.functional.cross_entropy(plain[2:](hidden), batch[1]).backward()
            assert hidden.grad is not None
            expected.append({str(i): length([plain[i].weight.grad]) for i in (0, 2, 4)})
            activation.append(hidden.grad.double().square().mean().sqrt().item() * len(batch[0]))
            if step != 2:
                ordinary.step()
            ordinary.zero_grad()
    history = history_of(recorder)
    assert recorder.steps == 5
    assert history.skipped_steps().tolist() == [2]
    for step in (0, 1, 3, 4):
        assert lengths(history, step) == pytest.approx(expected[step], rel=1e-4), step
        assert lengths(history, step, "activation_grad_rms")["1"] == pytest.approx(activation[step], rel=1e-4)
    # nothing moved in the skipped step, and it moved after all others
    assert set(lengths(history, 3, "update_ratio").values()) == {0.0}
    assert set(lengths(history, 3, "unchanged_fraction").values()) == {1.0}
    assert min(lengths(history, 4, "update_ratio").values()) > 0


def test_a_closure_that_is_called_often_is_measured_in_the_state_before_the_step() -> None:
    model = perceptron()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=4)
    [batch] = batches(perceptron, 1)
    norms, weights, losses = [], [], []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of(model, batch)
        loss.backward()
        if first:
            norms.append(length([model[0].weight.grad]))
            weights.append(length([model[0].weight]))
            losses.append(loss.item())
            first.clear()
        return loss

    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(3):
            first = [True]
            optimizer.step(closure)
    history = history_of(recorder)
    assert history.losses()[1] == pytest.approx(losses)
    for step in range(3):
        assert lengths(history, step)["0"] == pytest.approx(norms[step], rel=1e-5)
        assert lengths(history, step, "weight_norm")["0"] == pytest.approx(weights[step], rel=1e-5)
    assert norms[0] != pytest.approx(norms[1], rel=1e-3)


class Backwards(nn.Module):
    """Runs its layers in another order than that of their definition."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.first = nn.Linear(4, 3), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x))


@pytest.mark.parametrize("as_closure", [False, True])
def test_rows_are_in_the_order_of_execution(as_closure: bool) -> None:
    model = Backwards()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    [batch] = batches(perceptron, 1)

    def closure() -> Tensor:
        loss = loss_of(model, batch)
        loss.backward()
        return loss

    with watch(model, None) as recorder:
        if as_closure:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
    assert history_of(recorder).started.row_names == ("first", "last")
    assert measured(history_of(recorder), 0)["first"]["activation_std"] > 0


def test_two_optimisers_of_one_backward_pass_make_one_frame() -> None:
    model = perceptron()
    first = torch.optim.SGD(model[0].parameters(), lr=0.1)
    second = torch.optim.Adam([*model[2].parameters(), *model[4].parameters()], lr=0.01)
    expected = []
    with watch(model, None) as recorder:
        for batch in batches(perceptron, 4):
            loss_of(model, batch).backward()
            expected.append({str(i): length([model[i].weight.grad]) for i in (0, 2, 4)})
            first.step()
            second.step()
            model.zero_grad()
    history = history_of(recorder)
    assert recorder.steps == 4
    assert [lengths(history, step) for step in range(4)] == [pytest.approx(row, rel=1e-5) for row in expected]
    assert set(history.learning_rates()[1]) == {0.1}


def test_optimisers_that_take_turns_unevenly_leave_rows_unmeasured() -> None:
    model = perceptron()
    often = torch.optim.SGD(model[0].parameters(), lr=0.1)
    seldom = torch.optim.SGD(model[4].parameters(), lr=0.1)
    with watch(model, None) as recorder:
        for turn, batch in enumerate(batches(perceptron, 6)):
            loss_of(model, batch).backward()
            often.step()
            if turn % 3 == 2:
                seldom.step()
            model.zero_grad()
    history = history_of(recorder)
    # 2 is in no optimiser, which is known after one step
    seen = [set(lengths(history, step)) - {"2"} for step in range(6)]
    assert seen == [{"0"}, {"0"}, {"0", "4"}] * 2


def test_only_the_optimiser_that_is_named_counts_and_foreign_ones_never() -> None:
    model, other = perceptron(), perceptron()
    mine, second = torch.optim.SGD(model[0].parameters(), lr=0.1), torch.optim.SGD(model[4].parameters(), lr=0.2)
    foreign = torch.optim.SGD(other.parameters(), lr=0.3)
    with watch(model, None, optimizer=second) as recorder:
        for batch in batches(perceptron, 3):
            (loss_of(model, batch) + loss_of(other, batch)).backward()
            for optimizer in (foreign, mine, second):
                optimizer.step()
    assert recorder.steps == 3
    assert set(lengths(history_of(recorder), 1)) == {"4"}
    assert set(history_of(recorder).learning_rates()[1]) == {0.2}


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


def test_norms_every_third_step_and_all_else_at_the_next_multiple() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None, every=3, thorough_every=5) as recorder:
        for batch in batches(perceptron, 14):
            loss_of(model, batch).backward()
            optimizer.step()
    history = history_of(recorder)
    for name, every in (("weight_grad_norm", 3), ("activation_mean", 6), ("weight_norm", 6), ("update_ratio", 6)):
        steps = [step for step in range(14) if history.row(name, step) is not None]
        # there was no step before the first
        assert steps == [step for step in range(0, 14, every) if step or name != "update_ratio"], name


def test_validation_in_between_is_not_looked_at() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batch, odd = batches(perceptron, 2)
    found = []
    for validated in (False, True):
        torch.manual_seed(3)
        for module in model:
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        with watch(model, None, thorough_every=1) as recorder:
            for _ in range(2):
                if validated:
                    with torch.no_grad():
                        model(odd[0] * 100)
                loss_of(model, batch).backward()
                optimizer.step()
                optimizer.zero_grad()
        found.append([measured(history_of(recorder), step) for step in range(2)])
    assert found[0] == found[1]


def test_a_module_called_several_times_in_a_step() -> None:
    cell = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)
    with watch(cell, None) as recorder:
        state, states = torch.randn(6, 4), []
        for _ in range(3):
            state = cell(state)
            state.retain_grad()
            states.append(state)
        state.square().mean(1).mean().backward()
        optimizer.step()
    row = measured(history_of(recorder), 0)["Linear"]
    outputs = torch.stack([one.detach().double() for one in states])
    gradients = torch.stack([one.grad.double() for one in states if one.grad is not None])
    assert row["activation_mean"] == pytest.approx(outputs.mean().item(), rel=1e-5)
    assert row["activation_std"] == pytest.approx(outputs.std(correction=0).item(), rel=1e-5)
    # the model was given 6 samples three times
    assert row["activation_grad_rms"] == pytest.approx(gradients.square().mean().sqrt().item() * 18, rel=1e-5)


def test_gradient_checkpoints_run_a_module_twice_and_count_once() -> None:
    from torch.utils.checkpoint import checkpoint

    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    [batch] = batches(perceptron, 1)
    found = []
    for checkpointed in (False, True):
        with watch(model, None) as recorder:
            hidden = checkpoint(model[:2], batch[0], use_reentrant=False) if checkpointed else model[:2](batch[0])
            nn.functional.cross_entropy(model[2:](hidden), batch[1]).backward()
            optimizer.step()
            optimizer.zero_grad()
        found.append(measured(history_of(recorder), 0))
    assert found[1] == {name: pytest.approx(row, rel=1e-6) for name, row in found[0].items()}


def test_include_and_exclude_go_by_qualified_names() -> None:
    model = nn.ModuleDict({"body": perceptron(), "head": nn.Linear(3, 3)})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    names = []
    for include, exclude in itertools.product(("*", "body.*"), ((), ("*.1", "*.3"))):
        with watch(model, None, include=include, exclude=exclude) as recorder:
            model["head"](model["body"](torch.randn(3, 6))).sum().backward()
            optimizer.step()
        names.append(history_of(recorder).started.row_names)
    body = ("body.0", "body.1", "body.2", "body.3", "body.4")
    assert names == [(*body, "head"), (*body[::2], "head"), body, body[::2]]
    with pytest.raises(ValueError, match="no module of ModuleDict fits"):
        watch(model, None, include="tail*")


def test_the_learning_rate_is_the_one_that_the_step_was_made_with() -> None:
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    with watch(model, None) as recorder:
        for batch in batches(perceptron, 4):
            loss_of(model, batch).backward()
            optimizer.step()
            schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert history_of(recorder).learning_rates()[1].tolist() == [1.0, 0.5, 0.25, 0.125]
