"""What a script may log: any number, any batch, and anything else without an end to the watching."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD
from watched_training import batches, cross_entropy, first, history_of, length, measured, perceptron

from gradviz.recording.history import History
from gradviz.recording.store import open_run
from gradviz.watching.watch import watch


def logged(log: Callable[[int], dict[str, object]], steps: int = 6, **settings: int) -> History:
    """Train for some steps and log in each of them what `log` returns of it."""
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    loss = cross_entropy(model)
    with watch(model, None, **settings) as recorder:  # type: ignore[arg-type]
        for step in range(steps):
            loss(step).backward()
            optimizer.step()
            optimizer.zero_grad()
            recorder.log(**log(step))  # type: ignore[arg-type]
    history = history_of(recorder)
    assert history.frames == steps
    return history


# numbers


def test_numbers_of_ones_own_are_recorded_under_their_names_and_stored(tmp_path: Path) -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, tmp_path / "run.gradviz") as recorder:
        for step in range(5):
            cross_entropy(model)(step).backward()
            optimizer.step()
            recorder.log(loss=step, tokens=step * 10, temperature=torch.tensor(step / 4), steps_left=np.float32(7))
            if step % 2:
                recorder.log(validation_loss=step + 0.5, validation_accuracy=torch.tensor([0.25]))
    run = open_run(tmp_path / "run.gradviz")
    try:
        assert run.history.scalar("tokens")[1].tolist() == [0, 10, 20, 30, 40]
        assert run.history.scalar("temperature")[1].tolist() == [0, 0.25, 0.5, 0.75, 1]
        assert run.history.scalar("steps_left")[1].tolist() == [7] * 5
        nan = math.nan
        assert np.array_equal(run.history.scalar("validation_loss")[1], [nan, 1.5, nan, 3.5, nan], equal_nan=True)
        assert run.history.scalar("validation_accuracy")[1][1::2].tolist() == [0.25, 0.25]
    finally:
        run.close()


def test_a_loss_per_sample_is_averaged_and_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    history = logged(lambda step: {"loss": torch.tensor([1.0, 2.0, 6.0]) + step})
    assert history.losses()[1].tolist() == [3, 4, 5, 6, 7, 8]
    seen = history.observed("loss_not_scalar", 5)
    assert seen is not None
    assert (seen.since, seen.observation.number("numbers")) == (0, 3)
    assert capsys.readouterr().err.count("gradviz.watch:") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 93.5),
        ("validation_accuracy", -0.1),
        ("loss", "low"),
        ("loss", torch.zeros(0)),
        ("loss", 1j),
        ("learning_rate", [0.1, 0.2]),
        ("mine", object()),
        ("mine", torch.zeros(2, 3)),
        ("mine", {"a": 1}),
        ("mine", 10**400),
    ],
)
def test_what_is_no_such_number_is_left_out_with_one_warning(
    name: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    history = logged(lambda step: {name: value, "other": step})
    assert history.scalar("other")[1].tolist() == list(range(6))
    assert capsys.readouterr().err.count("gradviz.watch:") == 1
    left_out = [history.batch_accuracies()[1]] if name == "accuracy" else []
    left_out += [history.losses()[1]] if name == "loss" else []
    assert np.isnan(left_out).all()
    assert history.scalar_names == ("other",)


# batches


def labels_of(history: History, kind: str, step: int | None = None) -> dict[str, float]:
    seen = history.observed(kind, history.frames - 1 if step is None else step)
    assert seen is not None
    return dict(seen.observation.numbers)


def test_inputs_are_described_by_what_numpy_says_of_them() -> None:
    x = torch.randn(7, 3, 4) * 5 + 2
    x[:, 1, 2] = 9.0
    found = labels_of(logged(lambda _step: {"inputs": x}), "inputs")
    wide = x.double().numpy()
    wanted = {"lowest": wide.min(), "highest": wide.max(), "mean": wide.mean(), "std": wide.std()}
    assert found == pytest.approx(wanted | {"not_finite": 0, "constant_features": 1, "features": 12})


def test_inputs_that_are_not_finite_huge_or_whole_numbers() -> None:
    bad = torch.tensor([[1.0, math.nan], [3.0, math.inf], [5.0, 1e30]])
    found = labels_of(logged(lambda _step: {"inputs": bad}), "inputs")
    finite = np.array([1, 3, 5, float(torch.tensor(1e30))])
    assert (found["not_finite"], found["lowest"], found["highest"]) == (2, 1, finite.max())
    assert (found["mean"], found["std"]) == pytest.approx((finite.mean(), finite.std()))
    pixels = torch.arange(6, dtype=torch.uint8).reshape(3, 2) * 51
    found = labels_of(logged(lambda _step: {"inputs": pixels}), "inputs")
    assert (found["lowest"], found["highest"], found["std"]) == pytest.approx(
        (0, 255, pixels.double().std(correction=0).item())
    )
    nothing = labels_of(logged(lambda _step: {"inputs": torch.full((2, 2), math.nan)}), "inputs")
    assert nothing["not_finite"] == 4
    assert math.isnan(nothing["mean"])


def test_inputs_that_turn_bad_are_said_at_the_step_at_which_they_do() -> None:
    def log(step: int) -> dict[str, object]:
        x = torch.randn(20, 4, generator=torch.Generator().manual_seed(step))
        return {"inputs": torch.where(x > 2, math.nan, x) * math.nan if step >= 4 else x}

    history = logged(log, steps=8, thorough_every=1)
    bad = [one.step for one in history.observations if one.kind == "inputs" and one.number("not_finite") > 0]
    assert bad[0] == 4


def entropy(shares: list[float]) -> float:
    return -sum(share * math.log(share) for share in shares if share)


def test_labels_add_up_over_the_batches_and_predictions_are_compared_with_them() -> None:
    # 8 of 12 labels are 0, 4 are 2; the network says 1, 1 and 2 of every three
    targets = [torch.tensor([0, 0, 0]), torch.tensor([0, 2, 2])]
    outputs = nn.functional.one_hot(torch.tensor([1, 1, 2]), 4).float()
    history = logged(lambda step: {"outputs": outputs, "targets": targets[step % 2]}, steps=4, thorough_every=1)
    labels, said = labels_of(history, "labels"), labels_of(history, "predictions")
    assert labels == pytest.approx(
        {
            "lowest": 0,
            "highest": 2,
            "not_finite": 0,
            "classes": 4,
            "largest_share": 8 / 12,
            "entropy": entropy([2 / 3, 1 / 3]),
        }
    )
    assert said == pytest.approx(
        {"classes": 2, "largest_share": 2 / 3, "entropy": entropy([2 / 3, 1 / 3]), "accuracy": 1 / 6}
    )


def test_labels_out_of_range_are_counted_in_no_class() -> None:
    outputs, targets = torch.randn(4, 3), torch.tensor([0, 3, -1, 2])
    labels = labels_of(logged(lambda _step: {"outputs": outputs, "targets": targets}), "labels")
    assert (labels["lowest"], labels["highest"], labels["classes"]) == (-1, 3, 3)
    assert labels["largest_share"] == 0.5


@pytest.mark.parametrize(
    ("outputs", "targets", "accuracy", "share"),
    [
        # pixels: classes in the second dimension
        (torch.tensor([[[2.0, 0.0], [1.0, 5.0]]]), torch.tensor([[0, 1]]), 1.0, 0.5),
        # tokens: classes in the last one, and two tokens that do not count
        (torch.eye(3)[torch.tensor([[0, 1, 1, 2]])], torch.tensor([[0, 2, -100, -100]]), 0.5, 0.5),
        # one logit for each of two classes
        (torch.tensor([[-1.0], [3.0], [2.0], [1.0]]), torch.tensor([[0.0], [1.0], [0.0], [0.0]]), 0.5, 0.75),
        # probabilities
        (torch.tensor([0.2, 0.9, 0.8, 0.1]), torch.tensor([0.0, 1.0, 1.0, 1.0]), 0.75, 0.5),
        # shares of classes
        (torch.tensor([[3.0, 1.0], [3.0, 1.0]]), torch.tensor([[0.9, 0.1], [0.2, 0.8]]), 0.5, 1.0),
    ],
)
def test_outputs_and_targets_of_many_shapes(outputs: Tensor, targets: Tensor, accuracy: float, share: float) -> None:
    said = labels_of(logged(lambda _step: {"outputs": outputs, "targets": targets}, steps=2), "predictions")
    assert (said["accuracy"], said["largest_share"]) == pytest.approx((accuracy, share))


def test_the_numbers_of_a_regression_are_no_classes() -> None:
    outputs, targets = torch.randn(5, 2), torch.randn(5, 2)
    history = logged(lambda _step: {"outputs": outputs, "targets": targets})
    assert history.observed("predictions", 5) is None
    labels = labels_of(history, "labels")
    assert labels == pytest.approx({"lowest": targets.min().item(), "highest": targets.max().item(), "not_finite": 0})


@pytest.mark.parametrize(
    "batch",
    [
        {"inputs": torch.zeros(0, 3), "outputs": torch.zeros(0, 3), "targets": torch.zeros(0, dtype=torch.long)},
        {"inputs": [torch.randn(2)], "outputs": {"logits": 1}, "targets": "cat"},
        {"inputs": torch.tensor(1.0), "outputs": torch.tensor(2.0), "targets": torch.tensor(1)},
        {"outputs": torch.randn(4, 3), "targets": torch.tensor([1, 2])},
        {"outputs": torch.randn(4, 3).to_sparse(), "targets": torch.randn(4).bool()},
        {"outputs": torch.randint(0, 5, (4,)), "targets": torch.randn(4).half()},
        {"inputs": torch.randn(3, 2, dtype=torch.complex64), "outputs": torch.randn(4, 3).bfloat16()},
        {"targets": torch.tensor([2**40, -5])},
        {"inputs": nn.Parameter(torch.randn(3, 2)), "outputs": torch.full((3, 2), math.nan)},
    ],
)
def test_no_batch_ends_the_watching(batch: dict[str, object], recwarn: pytest.WarningsRecorder) -> None:
    logged(lambda _step: batch)
    assert not recwarn.list


def test_batches_are_looked_at_in_thorough_steps_only_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradviz.watching.facts import batch

    seen = []
    reduce = batch.reduce_inputs
    monkeypatch.setattr(batch, "reduce_inputs", lambda inputs: (seen.append(int(inputs[0, 0])), reduce(inputs))[1])
    logged(lambda step: {"inputs": torch.full((2, 2), step), "loss": 1.0}, steps=9, thorough_every=4)
    assert seen == [0, 4, 8]


def test_a_batch_that_cannot_be_looked_at_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gradviz.watching.facts import batch

    def out_of_memory(_inputs: Tensor) -> Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(batch, "reduce_inputs", out_of_memory)
    history = logged(lambda step: {"inputs": torch.zeros(2, 2), "mine": step})
    assert history.scalar("mine")[1].tolist() == list(range(6))
    assert capsys.readouterr().err.count("gradviz.watch:") == 1


def test_a_tensor_that_refuses_to_be_read_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    class Stubborn(Tensor):
        def item(self) -> float:
            raise RuntimeError("no")

    history = logged(lambda step: {"loss": torch.zeros(()).as_subclass(Stubborn), "mine": step})
    assert np.isnan(history.losses()[1]).all()
    assert capsys.readouterr().err.count("gradviz.watch:") == 1


# loops without an optimiser of torch


def train_by_hand(steps: int, *, marked: bool, cleared: bool = True) -> tuple[list[str], History | None]:
    model = perceptron()
    loss = cross_entropy(model)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with watch(model, None) as recorder:
            for step in range(steps):
                now = loss(step)
                now.backward()
                if marked:
                    recorder.step()
                recorder.log(loss=now)
                with torch.no_grad():
                    for parameter in model.parameters() if cleared else ():
                        assert parameter.grad is not None
                        parameter -= 0.1 * parameter.grad
                        parameter.grad = None
            during = [str(one.message) for one in said]
    return during, recorder.history


def test_entries_that_no_step_follows_are_said_while_it_can_be_helped() -> None:
    assert [len(train_by_hand(steps, marked=False)[0]) for steps in (4, 5, 30)] == [0, 1, 1]


def test_micro_batches_that_are_logged_one_by_one_are_no_missing_steps() -> None:
    assert train_by_hand(30, marked=False, cleared=False)[0] == []


def test_steps_made_by_hand_are_measured_like_others() -> None:
    model = perceptron()
    data = batches(perceptron, 6)
    gradients, ratios = [], [math.nan]
    with watch(model, None, thorough_every=1) as recorder:
        for inputs, labels in data:
            loss = nn.functional.cross_entropy(model(inputs), labels)
            loss.backward()
            gradients.append(length([model[2].weight.grad]))
            recorder.step()
            recorder.log(loss=loss)
            with torch.no_grad():
                ratios.append(0.1 * gradients[-1] / length([model[2].weight]))
                for parameter in model.parameters():
                    assert parameter.grad is not None
                    parameter -= 0.1 * parameter.grad
                    parameter.grad = None
    history = history_of(recorder)
    assert history.frames == 6
    rows = [measured(history, step)["2"] for step in range(6)]
    assert [row["weight_grad_norm"] for row in rows] == pytest.approx(gradients, rel=1e-5)
    assert [row["update_ratio"] for row in rows[1:]] == pytest.approx(ratios[1:6], rel=1e-4)
    assert "update_ratio" not in rows[0]
    assert all("activation_std" in row for row in rows)
    assert np.isfinite(history.losses()[1]).all()
    assert {one.kind for one in history.observations} == {"without_weights"}


def test_steps_by_hand_are_not_counted_beside_those_of_an_optimiser(capsys: pytest.CaptureFixture[str]) -> None:
    model = perceptron()
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, None) as recorder:
        for step in range(4):
            cross_entropy(model)(step).backward()
            optimizer.step()
            optimizer.zero_grad()
            recorder.step()
    assert recorder.steps == 4
    assert capsys.readouterr().err.count("gradviz.watch:") == 1
    assert first(history_of(recorder), "no_optimizer") is None


def test_probabilities_that_cross_entropy_takes_for_logits() -> None:
    scores, targets = torch.randn(8, 3), torch.randint(0, 3, (8,))
    probabilities = scores.softmax(1)
    wrong = nn.functional.cross_entropy(probabilities, targets)
    right = nn.functional.nll_loss(probabilities.log(), targets)
    found = [
        "softmax_twice" in labels_of(logged(lambda _step, one=one: one, steps=3), "predictions")  # type: ignore[misc]
        for one in (
            {"loss": wrong, "outputs": probabilities, "targets": targets},
            {"loss": right, "outputs": probabilities, "targets": targets},
            {"loss": nn.functional.cross_entropy(scores, targets), "outputs": scores, "targets": targets},
            # of which nobody can tell
            {"loss": math.log(3), "outputs": torch.full((8, 3), 1 / 3), "targets": targets},
        )
    ]
    assert found == [True, False, False, False]


@pytest.mark.parametrize(("samples", "said"), [(2, 2), (8, 8), (9, None)])
def test_batch_norm_on_few_samples(samples: int, said: int | None) -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3))
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, None) as recorder:
        for _ in range(4):
            model(torch.randn(samples, 6)).square().mean().backward()
            optimizer.step()
    seen = first(history_of(recorder), "small_batch")
    assert (seen.number("samples") if seen is not None else None) == said
    if seen is not None:
        assert (seen.rows, seen.names) == ((2,), ("1",))


def test_one_small_batch_at_the_end_of_an_epoch_is_no_small_batch() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4))
    optimizer = SGD(model.parameters(), 0.1)
    with watch(model, None) as recorder:
        for step in range(9):
            model(torch.randn(2 if step % 3 == 2 else 32, 6)).square().mean().backward()
            optimizer.step()
    assert first(history_of(recorder), "small_batch") is None
