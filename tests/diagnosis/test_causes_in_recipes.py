"""Causes that the recipe, the optimiser and the validation samples tell, found in runs that were trained for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from made_up_findings import kinds, the
from trained_runs import trained

from gradviz.diagnosis import Finding, Severity, diagnose
from gradviz.diagnosis.guesses import guess_of, validation_at
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.training.loop import train

pytestmark = pytest.mark.usefixtures("one_thread")

RELU = {"activation": "relu", "initialization": "he_normal", "depth": 5}


def run(**settings: object) -> History:
    return trained(Experiment().changed(**settings))


def first(history: History, step: int | None = None) -> Finding:
    """What is said first, and that everything else that is as bad began no earlier."""
    findings = diagnose(history, step)
    assert all(each.first_step >= findings[0].first_step for each in findings if each.severity >= Severity.WARNING)
    return findings[0]


@pytest.fixture(scope="module")
def unlike_labels(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of noise in which 88 of 100 labels are alike."""
    numbers = np.random.default_rng(1).normal(size=(400, 4)).round(4)
    labels = np.array(["rare"] * 48 + ["often"] * 352)
    np.random.default_rng(2).shuffle(labels)
    path = tmp_path_factory.mktemp("data") / "unlike.csv"
    path.write_text("a,b,c,d,label\n" + "".join(
        f"{','.join(map(str, row))},{label}\n" for row, label in zip(numbers, labels, strict=True)))  # fmt: skip
    return str(path)


def test_a_guess_is_worth_the_entropy_of_the_labels(unlike_labels: str) -> None:
    history = run(data="file", data_file=unlike_labels, steps=120)
    guess = guess_of(history.started)
    assert guess is not None
    rare, often = sorted(history.started.class_shares)
    # the entropy in bits, of another library
    bits = torch.distributions.Categorical(torch.tensor([rare, often], dtype=torch.float64)).entropy().item()
    assert guess.loss == pytest.approx(bits)
    assert guess.loss == pytest.approx(0.367, abs=0.02)
    found = the("not_learning", diagnose(history))
    assert found.number("chance_loss") == guess.loss
    # ln 2, which a loss of 0.37 would be far below
    assert guess.even_loss == math.log(2.0)
    one = found.fact("one_class")
    assert one is not None
    evaluation = history.latest_evaluation
    assert evaluation is not None
    assert set(evaluation.predicted.tolist()) == {int(one.number("predicted"))}
    assert one.number("accuracy") == evaluation.accuracy


def test_clipping_that_changes_every_step_is_named_first() -> None:
    history = run(**RELU, gradient_clip=0.001, steps=120)
    found = first(history)
    assert (found.kind, found.first_step) == ("clipped", 0)
    norms = history.scalar_part("gradient_norm_before_clipping", 101, 121)
    assert found.number("norm") == pytest.approx(float(np.median(norms)))
    assert found.number("allowed_norm") == 0.001
    # the norm is that of the whole gradient, the head's and the input layer's, too
    hidden = history.row("weight_grad_norm", 120)
    if hidden is not None:
        assert norms[-1] >= math.sqrt((10.0 ** (2.0 * hidden.astype(np.float64))).sum()) * 0.99
    assert "clipped" not in kinds(diagnose(run(**RELU, gradient_clip=1.0, steps=120)))


def test_weight_decay_that_outweighs_the_gradient_is_named_first() -> None:
    history = run(**RELU, weight_decay=0.5, steps=120)
    found = first(history)
    assert found.kind == "decay"
    fact = found.evidence[0]
    weights, gradient = history.row("weight_norm", 120), history.row("weight_grad_norm", 120)
    assert weights is not None
    assert gradient is not None
    assert fact.at is not None
    pull = 0.5 * 10.0 ** float(weights[fact.at - 1])
    assert 10.0 ** fact.number("pull_log10") == pytest.approx(pull, rel=1e-4)
    assert pull > 10.0 ** float(gradient[fact.at - 1])
    assert "decay" not in kinds(diagnose(run(**RELU, weight_decay=1e-4, steps=120)))
    # AdamW takes a thousandth of the weights off in each step, and the gradient does not compete with it
    decoupled = run(**RELU, weight_decay=1.0, optimizer="adamw", learning_rate=0.001, steps=120)
    assert "decay" not in kinds(diagnose(decoupled))
    assert decoupled.latest_evaluation is not None
    assert decoupled.latest_evaluation.accuracy > 0.8


def test_a_decay_beyond_one_is_named_before_the_learning_rate() -> None:
    history = run(
        data="spirals", depth=6, width=8, activation="sigmoid", learning_rate=30.0, weight_decay=1.0, batch_size=10
    )
    assert history.diverged is not None
    for step in range(history.frames):
        found = first(history, step)
        assert (found.kind, found.severity, found.number("shrinks")) == ("decay", Severity.CRITICAL, 30.0)
        for each in diagnose(history, step):
            # what was measured at the start is no evidence of a later step
            if each.kind != "poor_initialisation":
                assert len({fact.step for fact in each.evidence if fact.fact != "found_last"}) <= 2


def test_batch_norm_over_two_samples_is_named_first() -> None:
    assert first(run(normalization="batch", batch_size=2, steps=60)).kind == "small_batch"
    assert "small_batch" not in kinds(diagnose(run(normalization="batch", batch_size=32, steps=60)))


def test_three_units_are_named_first_and_ten_are_not_narrow() -> None:
    found = first(run(width=3, depth=5, activation="relu", steps=120))
    assert (found.kind, found.number("units"), found.number("classes")) == ("narrow", 3, 10)
    assert "narrow" not in kinds(diagnose(run(**RELU, width=32, steps=120)))


def test_a_network_that_does_not_bend_is_named_where_it_needs_to() -> None:
    assert first(run(data="spirals", activation="linear", depth=5, steps=120)).kind == "straight"
    # digits can be told apart by straight lines
    straight = run(activation="linear", initialization="orthogonal", depth=5, steps=120)
    assert "straight" not in kinds(diagnose(straight))


def test_weights_of_zero_are_named_before_the_gradient_that_they_end() -> None:
    found = first(run(initialization="gaussian", sigma_w=0.0, depth=10, steps=20))
    assert (found.kind, found.evidence[0].fact) == ("poor_initialisation", "no_weights")


@pytest.mark.parametrize(
    "settings",
    [
        {"depth": 5, "width": 64, "activation": "relu", "optimizer": "adam", "learning_rate": 0.1},
        {**RELU, "learning_rate": 3.0},
    ],
)
def test_a_learning_rate_far_too_high_is_named_before_what_it_did(settings: dict[str, object]) -> None:
    history = run(**settings, steps=60)
    found = first(history)
    assert found.kind == "too_much"
    assert found.first_step is not None
    assert found.first_step <= 5
    assert found.remedies[0].kind == "lower_rate"


def test_training_samples_known_by_heart_are_called_overfitting() -> None:
    history = run(**RELU | {"depth": 3}, width=64, data="moons", noise=0.6, samples=60, steps=400)
    found = first(history)
    assert (found.kind, found.severity) == ("overfitting", Severity.WARNING)
    steps, losses = history.evaluation_losses()
    assert found.number("validation_loss") == pytest.approx(float(np.median(losses[-3:])))
    assert found.number("training_loss") == pytest.approx(float(history.losses()[1][-20:].mean()))
    validation = validation_at(history, 400)
    assert validation is not None
    assert (validation.best_loss, validation.best_step) == (losses.min(), steps[losses.argmin()])


def test_a_validation_at_chance_is_not_learning() -> None:
    history = run(data="spirals", depth=1, width=8, activation="tanh", learning_rate=1.0, batch_size=1, noise=0.5)
    found = the("not_learning", diagnose(history))
    evaluation = history.latest_evaluation
    assert evaluation is not None
    assert found.number("accuracy") == evaluation.accuracy <= 0.6
    assert found.number("validation_loss") == evaluation.loss > 1.0


def test_events_of_a_clipped_run_carry_the_norm_before() -> None:
    experiment = Experiment().changed(**RELU, gradient_clip=0.5, steps=3, device="cpu")
    history = History.of(train(experiment))
    free = History.of(train(experiment.changed(gradient_clip=0.0)))
    assert history.scalar_names == ("gradient_norm_before_clipping",)
    assert free.scalar_names == ()
