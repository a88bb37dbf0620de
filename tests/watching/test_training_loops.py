"""Any loop: scalers, closures, several optimisers, checkpoints, and what comes between the steps."""

from __future__ import annotations

import itertools
import warnings

import pytest
import torch
from torch import Tensor, nn
from watched_training import batches, history_of, length, lengths, loss_of, measured, perceptron

from gradviz.watching.watch import watch

OVERFLOWING = 2.0**120


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
