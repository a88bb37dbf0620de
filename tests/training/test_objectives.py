"""Losses against torch's own modules, scores against scikit-learn, and what a guess is worth against all guesses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor, nn

from gradviz.diagnosis.guess_losses import losses_of_a_guess
from gradviz.experiment import Experiment, Training
from gradviz.training.data import load_data
from gradviz.training.objective import (
    BinaryCrossEntropy,
    CrossEntropy,
    Objective,
    Regression,
    SquaredClasses,
    balanced,
    objective,
)

SAMPLES = 200


def labels(classes: int, seed: int = 0) -> Tensor:
    # of unlike frequencies
    draws = np.random.default_rng(seed).beta(1.0, 2.0, SAMPLES)
    return torch.from_numpy(np.minimum((draws * classes).astype(np.int64), classes - 1))


def outputs(width: int) -> Tensor:
    return torch.randn(SAMPLES, width, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def one_hot(targets: Tensor, classes: int) -> Tensor:
    return torch.eye(classes, dtype=torch.float64)[targets]


WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 7.0], dtype=torch.float64)
TORCHS = [
    (CrossEntropy(4), lambda z, t: nn.CrossEntropyLoss()(z, t)),
    (CrossEntropy(4, WEIGHTS), lambda z, t: nn.CrossEntropyLoss(weight=WEIGHTS)(z, t)),
    (CrossEntropy(4, WEIGHTS, 0.3), lambda z, t: nn.CrossEntropyLoss(weight=WEIGHTS, label_smoothing=0.3)(z, t)),
    (BinaryCrossEntropy(4), lambda z, t: nn.BCEWithLogitsLoss()(z, one_hot(t, 4))),
    (
        BinaryCrossEntropy(4, WEIGHTS),
        lambda z, t: (
            nn.BCEWithLogitsLoss(weight=WEIGHTS[t][:, None], reduction="sum")(z, one_hot(t, 4)) / (4 * WEIGHTS[t].sum())
        ),
    ),
    (BinaryCrossEntropy(2), lambda z, t: nn.BCEWithLogitsLoss()(z[:, 0], t.double())),
    (
        BinaryCrossEntropy(2, WEIGHTS[:2]),
        lambda z, t: (
            nn.BCELoss(weight=WEIGHTS[t], reduction="sum")(torch.sigmoid(z[:, 0]), t.double()) / WEIGHTS[t].sum()
        ),
    ),
    (SquaredClasses(4), lambda z, t: nn.MSELoss()(z, one_hot(t, 4))),
]


@pytest.mark.parametrize(("ours", "torchs"), TORCHS, ids=range(len(TORCHS)))
def test_loss_and_gradient_are_those_of_torchs_modules(ours: Objective, torchs: object) -> None:
    targets = labels(2 if ours.outputs == 1 else 4)
    assert callable(torchs)
    results = []
    for loss in (ours.loss, torchs):
        z = outputs(ours.outputs).requires_grad_()
        value = loss(z, targets)
        results.append((value.item(), torch.autograd.grad(value, z)[0]))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-12)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-10, atol=1e-15)


def test_a_number_is_compared_as_torch_does_and_told_in_its_own_unit() -> None:
    z, wanted = outputs(1), torch.from_numpy(np.random.default_rng(1).normal(size=SAMPLES))
    ours = Regression(mean=250_000.0, scale=80_000.0)
    assert ours.loss(z, wanted).item() == pytest.approx(nn.MSELoss()(z[:, 0], wanted).item(), rel=1e-12)
    score = ours.score(z, wanted, torch.float64).item()
    assert score == pytest.approx(r2_score(wanted.numpy(), z[:, 0].numpy()), rel=1e-12)
    values = ours.answers(z).values
    assert values is not None
    np.testing.assert_allclose(values, z[:, 0].numpy() * 80_000.0 + 250_000.0, rtol=1e-6)
    # no unit changes it
    assert r2_score(wanted.numpy() * 80_000.0 + 250_000.0, values) == pytest.approx(score, rel=1e-5)
    assert torch.isnan(ours.score(z, torch.ones(SAMPLES, dtype=torch.float64), torch.float64))


@pytest.mark.parametrize("ours", [CrossEntropy(4), BinaryCrossEntropy(4), BinaryCrossEntropy(2), SquaredClasses(4)])
def test_the_class_told_is_the_likeliest_and_is_what_the_accuracy_counts(ours: Objective) -> None:
    z = outputs(ours.outputs)
    targets = labels(2 if ours.outputs == 1 else 4)
    answers, chances = ours.answers(z), ours.probabilities(z).numpy()
    # of squares two may both be cut to 1
    likeliest = z.numpy() if isinstance(ours, SquaredClasses) else chances
    np.testing.assert_array_equal(answers.predicted, likeliest.argmax(1))
    np.testing.assert_allclose(chances.sum(1), 1.0, rtol=1e-12)
    assert ours.score(z, targets, torch.float64).item() == accuracy_score(targets.numpy(), answers.predicted)
    assert ((answers.confidence >= 0.0) & (answers.confidence <= 1.0)).all()


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    t = labels(4).numpy()
    np.testing.assert_allclose(balanced(t, 4), compute_class_weight("balanced", classes=np.arange(4), y=t))


def test_weights_count_the_labels_that_are_trained_on() -> None:
    e = Experiment(data="moons", samples=60, label_noise=0.5, class_weights="balanced", loss="binary_cross_entropy")
    data = load_data(e)
    z = torch.randn(48, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = torch.from_numpy(data.train_labels)
    weights = torch.from_numpy(len(t) / (2 * np.bincount(data.train_labels)))[t]
    expected = (nn.BCEWithLogitsLoss(reduction="none")(z[:, 0], t.double()) * weights).sum() / weights.sum()
    loss = objective(e, data, torch.float64, torch.device("cpu")).loss(z, t)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize(
    "training",
    [
        Training(),
        Training(label_smoothing=0.2),
        Training(class_weights="balanced"),
        Training(label_smoothing=0.4, class_weights="balanced"),
        Training(loss="binary_cross_entropy"),
        Training(loss="binary_cross_entropy", class_weights="balanced"),
        Training(loss="mse"),
    ],
    ids=str,
)
@pytest.mark.parametrize("classes", [2, 4])
def test_a_guess_is_the_best_answer_that_is_the_same_for_every_sample(training: Training, classes: int) -> None:
    t = labels(classes)
    shares = np.bincount(t.numpy(), minlength=classes) / SAMPLES
    weights = torch.from_numpy(balanced(t.numpy(), classes)) if training.class_weights == "balanced" else None
    ours: Objective = {
        "cross_entropy": lambda: CrossEntropy(classes, weights, training.label_smoothing),
        "binary_cross_entropy": lambda: BinaryCrossEntropy(classes, weights),
        "mse": lambda: SquaredClasses(classes),
    }[training.loss]()
    answer = torch.zeros(ours.outputs, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([answer], max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-12)

    def loss() -> Tensor:
        search.zero_grad()
        value = ours.loss(answer.expand(SAMPLES, -1), t)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    search.step(loss)  # type: ignore[arg-type]
    best, even = losses_of_a_guess(shares, training)
    assert best == pytest.approx(loss().item(), rel=1e-8)
    alike = torch.full((SAMPLES, ours.outputs), 1.0 / classes, dtype=torch.float64)
    if training.loss == "binary_cross_entropy":
        alike = torch.logit(alike) if classes > 2 else torch.zeros_like(alike)
    if training.loss != "binary_cross_entropy" or weights is None or classes > 2:
        assert even == pytest.approx(ours.loss(alike, t).item(), rel=1e-8)
    assert best <= even + 1e-12


def test_smoothing_is_for_cross_entropy_and_weights_are_none_for_squares() -> None:
    e = Experiment(data="moons", samples=60, loss="mse", class_weights="balanced")
    data = load_data(e)
    z = torch.randn(48, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = torch.from_numpy(data.train_labels)
    plain = objective(e.changed(class_weights="none"), data, torch.float64, torch.device("cpu"))
    assert objective(e, data, torch.float64, torch.device("cpu")).loss(z, t) == plain.loss(z, t)
    assert replace(data).classes == 2
