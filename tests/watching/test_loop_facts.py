"""What the loop does around the steps: gradients that are missing, kept or clipped, the optimiser, and the loss."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import clip_grad, clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Adam, AdamW, Optimizer
from watched_training import batches, cross_entropy, first, history_of, length, perceptron

import gradviz
from gradviz.recording.history import History
from gradviz.watching.watch import watch

# gradients


@pytest.mark.parametrize("fault", ["no backward pass", "cleared before the step", "set to zero before the step"])
def test_steps_without_a_gradient_are_recorded_and_said_from_the_first_on(fault: str) -> None:
    model = perceptron()
    optimizer = Adam(model.parameters(), 1e-3)
    loss = cross_entropy(model)
    with watch(model, None) as recorder:
        for step in range(30):
            now = loss(step)
            if fault != "no backward pass":
                now.backward()
            optimizer.zero_grad(set_to_none=fault != "set to zero before the step")
            optimizer.step()
            recorder.log(loss=now)
    history = history_of(recorder)
    assert history.frames == 30
    seen = history.observed("no_gradient", 29)
    assert seen is not None
    assert seen.since == 0
    assert {one.kind for one in history.observations} == {"no_gradient", "optimizer", "without_weights"}


def test_gradients_that_come_back_end_it() -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    loss = cross_entropy(model)
    with watch(model, None) as recorder:
        for step in range(6):
            loss(step).backward()
            if step == 2:
                optimizer.zero_grad()
            optimizer.step()
            optimizer.zero_grad()
    found = [history_of(recorder).observed("no_gradient", step) is not None for step in range(6)]
    assert found == [False, False, True, False, False, False]


def test_units_that_are_all_dead_leave_a_gradient_at_the_last_bias() -> None:
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    nn.init.constant_(model[0].bias, -1000.0)
    optimizer = SGD(model.parameters(), 0.1)
    loss = cross_entropy(model)
    with watch(model, None, thorough_every=1) as recorder:
        for step in range(4):
            loss(step).backward()
            assert not model[0].weight.grad.any()
            assert model[2].bias.grad.any()
            optimizer.step()
            optimizer.zero_grad()
    assert first(history_of(recorder), "no_gradient") is None


Clear = Callable[[nn.Module, Optimizer], None]


def _by_hand(model: nn.Module, _optimizer: Optimizer) -> None:
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.zero_()


CLEARINGS: dict[str, Clear] = {
    "to none": lambda _model, optimizer: optimizer.zero_grad(),
    "to zero": lambda _model, optimizer: optimizer.zero_grad(set_to_none=False),
    "by the model": lambda model, _optimizer: model.zero_grad(),
    "by hand": _by_hand,
    "never": lambda _model, _optimizer: None,
}


@pytest.mark.parametrize("place", ["after the step", "before the forward pass", "before the backward pass"])
@pytest.mark.parametrize("clearing", CLEARINGS)
@pytest.mark.parametrize(("micro_batches", "every"), [(1, 2), (1, 1), (3, 2)])
def test_gradients_that_nobody_clears_are_found_and_all_others_not(
    clearing: str, place: str, micro_batches: int, every: int
) -> None:
    model = perceptron()
    optimizer = AdamW(model.parameters(), 1e-3)
    data = batches(perceptron, 1)
    clear = CLEARINGS[clearing]
    with watch(model, None, thorough_every=every) as recorder:
        for _ in range(5):
            for micro in range(micro_batches):
                if place == "before the forward pass" and not micro:
                    clear(model, optimizer)
                loss = nn.functional.cross_entropy(model(data[0][0]), data[0][1])
                if place == "before the backward pass" and not micro:
                    clear(model, optimizer)
                loss.backward()
            optimizer.step()
            if place == "after the step":
                clear(model, optimizer)
    kept = first(history_of(recorder), "gradients_kept")
    # the first step that is looked at and has one before it
    assert (kept.step if kept is not None else None) == (every if clearing == "never" else None)


# the optimiser


def test_the_optimiser_is_described_and_again_when_it_changes_but_not_for_its_schedule() -> None:
    model = perceptron()
    groups = [{"params": model[0].parameters(), "weight_decay": 0.0}, {"params": model[2:].parameters(), "lr": 0.02}]
    optimizer = AdamW(groups, lr=0.01, weight_decay=0.3, betas=(0.8, 0.99), eps=1e-6)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    loss = cross_entropy(model)
    with watch(model, None, thorough_every=1) as recorder:
        for step in range(6):
            if step == 4:
                optimizer.param_groups[0]["eps"] = 1e-3
            loss(step).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    history = history_of(recorder)
    said = [one for one in history.observations if one.kind == "optimizer"]
    assert [(one.step, one.names) for one in said] == [(0, ("AdamW",)), (4, ("AdamW",))]
    wanted = {"lr": 0.01, "weight_decay": 0.3, "beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "groups": 2}
    assert wanted.items() <= dict(said[0].numbers).items()
    assert said[1].number("eps") == 1e-3
    assert history.learning_rates()[1] == pytest.approx([0.01 * 0.5**step for step in range(6)])
    assert history.scalar("learning_rate/1")[1] == pytest.approx([0.02 * 0.5**step for step in range(6)])


def test_the_groups_of_a_second_optimiser_are_counted_on() -> None:
    model = perceptron()
    optimizers = [SGD(model[0].parameters(), 0.1, momentum=0.9), Adam(model[2:].parameters(), 0.2)]
    loss = cross_entropy(model)
    with watch(model, None) as recorder:
        for step in range(3):
            loss(step).backward()
            for optimizer in optimizers:
                optimizer.step()
            model.zero_grad()
    history = history_of(recorder)
    assert history.learning_rates()[1].tolist() == [0.1] * 3
    assert history.scalar("learning_rate/1")[1].tolist() == [0.2] * 3
    seen = history.observed("optimizer", 2)
    assert seen is not None
    assert seen.observation.names == ("SGD", "Adam")
    assert (seen.observation.number("momentum"), seen.observation.number("lr/1")) == (0.9, 0.2)


# clipping


@pytest.mark.parametrize("how", ["of the module", "imported before"])
def test_the_norm_before_clipping_is_recorded_whoever_imported_the_function(how: str) -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    clip = clip_grad_norm_ if how == "imported before" else torch.nn.utils.clip_grad_norm_
    loss = cross_entropy(model)
    expected, returned = [], []
    with watch(model, None) as recorder:
        for step in range(12):
            loss(step).backward()
            expected.append(length([one.grad for one in model.parameters() if one.grad is not None]))
            # as a generator, which can be gone through only once
            returned.append(float(clip(model.parameters(), 0.01)))
            assert length([one.grad for one in model.parameters() if one.grad is not None]) <= 0.0101
            optimizer.step()
            optimizer.zero_grad()
    found = history_of(recorder).scalar("gradient_norm_before_clipping")[1]
    assert found == pytest.approx(expected, rel=1e-5)
    assert returned == pytest.approx(expected, rel=1e-5)
    seen = history_of(recorder).observed("optimizer", 11)
    assert seen is not None
    assert seen.observation.number("max_norm") == 0.01


def test_the_norm_before_every_number_is_clipped() -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    loss = cross_entropy(model)
    expected = []
    with watch(model, None, thorough_every=2) as recorder:
        for step in range(6):
            loss(step).backward()
            expected.append(length([one.grad for one in model.parameters() if one.grad is not None]))
            torch.nn.utils.clip_grad_value_(model.parameters(), 1e-3)
            assert max(one.grad.abs().max().item() for one in model.parameters() if one.grad is not None) <= 1.001e-3
            optimizer.step()
            optimizer.zero_grad()
    found = history_of(recorder).scalar("gradient_norm_before_clipping")[1]
    # in thorough steps only
    assert found[::2] == pytest.approx(expected[::2], rel=1e-5)
    assert [math.isnan(each) for each in found] == [False, True] * 3


def test_clipping_of_another_network_is_not_heard_and_torch_is_left_as_it_was() -> None:
    before = {name: getattr(clip_grad, name) for name in dir(clip_grad)}
    public = {name: getattr(torch.nn.utils, name) for name in dir(torch.nn.utils)}
    model, other = perceptron(), perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    loss, foreign = cross_entropy(model), cross_entropy(other)
    with watch(model, None) as recorder, watch(perceptron(), None) as second:
        foreign(0).backward()
        for step in range(3):
            loss(step).backward()
            clip_grad_norm_(other.parameters(), 0.5)
            optimizer.step()
    assert second.history is None
    assert history_of(recorder).scalar_names == ()
    assert {name: getattr(clip_grad, name) for name in dir(clip_grad)} == before
    assert {name: getattr(torch.nn.utils, name) for name in dir(torch.nn.utils)} == public
    assert clip_grad_value_ is clip_grad.clip_grad_value_


# the loss


def last_finite(history: History) -> dict[str, float]:
    found = first(history, "loss_not_finite")
    assert found is not None
    return {"step": found.step, **dict(found.numbers)}


def test_a_loss_function_that_overflows_is_told_from_a_network_that_does() -> None:
    model = perceptron()
    optimizer = Adam(model.parameters(), 1e-3)
    data = batches(perceptron, 1)
    with watch(model, None) as recorder:
        for _ in range(20):
            probabilities = (model(data[0][0]) * 1e4).softmax(1)
            loss = nn.functional.nll_loss(torch.log(probabilities), data[0][1])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            recorder.log(loss=loss)
    found = last_finite(history_of(recorder))
    assert found == {"step": 0, "loss": math.inf, "outputs_finite": 1, "gradients_finite": 0, "weights_finite": 1}


def test_a_network_that_overflows_has_outputs_that_are_not_finite() -> None:
    model = perceptron()
    with torch.no_grad():
        model[4].weight.mul_(1e38)
        model[2].bias.fill_(1e10)
    optimizer = SGD(model.parameters(), 0.0)
    loss = cross_entropy(model)
    with watch(model, None) as recorder:
        for step in range(3):
            now = loss(step)
            now.backward()
            optimizer.step()
            recorder.log(loss=now)
    found = last_finite(history_of(recorder))
    assert math.isnan(found.pop("loss"))
    assert found == {"step": 0, "outputs_finite": 0, "gradients_finite": 0, "weights_finite": 1}


def test_it_is_dated_where_it_begins_also_where_nothing_else_is_looked_at() -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.01)
    data = batches(perceptron, 1)
    with watch(model, None, thorough_every=100) as recorder:
        for step in range(60):
            outputs = model(data[0][0])
            loss = nn.functional.cross_entropy(outputs, data[0][1])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            bad = 41 <= step < 50
            recorder.log(loss=loss * math.nan if bad else loss, outputs=outputs)
    history = history_of(recorder)
    found = last_finite(history)
    assert math.isnan(found.pop("loss"))
    # the outputs were logged, so that they can be asked at once
    assert found == {"step": 41, "outputs_finite": 1, "gradients_finite": 1}
    assert [history.observed("loss_not_finite", step) is not None for step in (40, 41, 49, 50)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_loss_that_is_not_logged_is_none_that_is_not_finite() -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, None) as recorder:
        cross_entropy(model)(0).backward()
        optimizer.step()
    assert isinstance(recorder, gradviz.Recorder)
    assert first(history_of(recorder), "loss_not_finite") is None


# loops of other kinds


@pytest.mark.parametrize("enabled", [False, True])
def test_a_scaler_whose_first_steps_overflow_is_no_fault(enabled: bool) -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**120, enabled=enabled)
    loss = cross_entropy(model)
    with watch(model, None, scaler=scaler) as recorder:
        for step in range(12):
            optimizer.zero_grad()
            now = loss(step)
            scaler.scale(now * 1e4).backward()
            scaler.unscale_(optimizer)
            clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            recorder.log(loss=now)
    history = history_of(recorder)
    assert bool(history.skipped_steps().size) == enabled
    assert {one.kind for one in history.observations} == {"optimizer", "without_weights"}


@pytest.mark.parametrize("clears", [True, False])
def test_closures_that_clear_and_one_that_does_not(clears: bool) -> None:
    model = perceptron()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=2)
    loss = cross_entropy(model)

    def closure() -> torch.Tensor:
        if clears:
            optimizer.zero_grad()
        now = loss(0)
        now.backward()
        return now

    with watch(model, None) as recorder:
        for _ in range(4):
            optimizer.step(closure)
    kept = first(history_of(recorder), "gradients_kept")
    assert (kept is None) == clears
    assert first(history_of(recorder), "no_gradient") is None


def test_a_penalty_on_gradients_within_the_step_is_no_fault() -> None:
    model = perceptron()
    optimizer = Adam(model.parameters(), 1e-3)
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(4):
            x = torch.randn(5, 6, requires_grad=True)
            out = model(x).square().mean()
            (slope,) = torch.autograd.grad(out, x, create_graph=True)
            (out + slope.square().sum()).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
    assert {one.kind for one in history_of(recorder).observations} == {"optimizer", "without_weights"}


class RateOfItsOwn(SGD):
    """As Adafactor: the rate is None for whoever asks."""

    def step(self, closure: object = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            group["lr"] = 0.1
        super().step()
        for group in self.param_groups:
            group["lr"] = None


def test_an_optimiser_without_a_learning_rate_is_watched() -> None:
    model = perceptron()
    optimizer = RateOfItsOwn(model.parameters(), 0.1)
    optimizer.param_groups[0]["lr"] = None
    loss = cross_entropy(model)
    with watch(model, None) as recorder:
        for step in range(3):
            loss(step).backward()
            optimizer.step()
            optimizer.zero_grad()
    history = history_of(recorder)
    assert history.frames == 3
    seen = history.observed("optimizer", 2)
    assert seen is not None
    assert seen.observation.names == ("RateOfItsOwn",)
