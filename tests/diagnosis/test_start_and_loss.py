from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_findings import append, gradient, history_of, kinds, level, run_of, the

from gradviz.diagnosis import Severity, Thresholds, diagnose

LAYERS = np.arange(1, 51)


@pytest.mark.parametrize(("sign", "fact"), [(1, "outputs_grow"), (-1, "outputs_shrink")])
def test_outputs_that_drift_at_the_start_are_found_with_their_rate(sign: int, fact: str) -> None:
    """Mean and spread are the two legs of the root mean square: 3 and 4 make 5."""
    size = 10.0 ** (sign * 0.1 * LAYERS)
    rows = {"activation_mean": 0.6 * size, "activation_std": 0.8 * size}
    found = the("poor_initialisation", diagnose(run_of(50, at_start=rows)))
    (drift,) = found.evidence
    assert (drift.fact, drift.rows, drift.at) == (fact, tuple(range(1, 51)), 50)
    assert drift.number("decades_per_row") == pytest.approx(0.1, rel=1e-5)
    assert drift.number("decades") == pytest.approx(4.9, rel=1e-5)
    assert not drift.has("steepest_row")
    assert found.worst_row == 50
    assert found.step == found.first_step == 0
    assert found.thresholds == ("signal_decades",)


def test_outputs_that_drift_later_are_no_matter_of_the_start() -> None:
    size = 10.0 ** (0.1 * LAYERS)
    assert kinds(diagnose(run_of(50, later={"activation_std": size}))) == {"healthy"}


def test_a_poor_start_is_a_notice_once_the_network_has_learnt() -> None:
    rows = {"activation_std": 10.0 ** (0.1 * LAYERS)}
    for share, severity in ((0.6, Severity.WARNING), (0.4, Severity.NOTICE)):
        history = run_of(50, at_start=rows, loss=share * math.log(10))
        assert the("poor_initialisation", diagnose(history)).severity is severity


def test_outputs_that_are_all_alike_are_found() -> None:
    rows = {"activation_mean": np.full(50, 0.5), "activation_std": np.where(LAYERS > 45, 4e-4, 0.1)}
    found = the("poor_initialisation", diagnose(run_of(50, at_start=rows)))
    (alike,) = found.evidence
    assert (alike.fact, alike.rows, alike.at) == ("outputs_alike", (46, 47, 48, 49, 50), 50)
    assert (alike.number("mean"), alike.number("spread")) == (0.5, pytest.approx(4e-4))


@pytest.mark.parametrize("classes", [2, 10])
def test_a_first_loss_far_above_that_of_a_guess_is_found(classes: int) -> None:
    limit = 30.0 * math.log(classes)
    fine = run_of(50, losses=[0.99 * limit] + [0.1] * 10, classes=classes)
    assert kinds(diagnose(fine)) == {"healthy"}
    far = run_of(50, losses=[1.01 * limit] + [0.1] * 10, classes=classes)
    found = the("poor_initialisation", diagnose(far))
    assert (found.evidence[0].fact, found.rows, found.worst_row) == ("first_loss_high", (), None)
    assert found.number("chance_loss") == pytest.approx(math.log(classes))
    assert found.number("allowed_loss") == pytest.approx(limit)


def test_weights_of_zero_and_outputs_of_zero_are_found() -> None:
    nothing = {"weight_norm": np.where(LAYERS == 7, -np.inf, 0.7)}
    ends = np.where(LAYERS < 7, -np.inf, -1.0)
    gradient = {"activation_grad_rms": ends, "exact_log10_activation_grad_rms": ends}
    found = the("poor_initialisation", diagnose(run_of(50, at_start=nothing | gradient)))
    assert (found.evidence[0].fact, found.evidence[0].rows) == ("no_weights", (7,))
    # a silent branch beside a shortcut is meant: the gradient gets past it
    assert kinds(diagnose(run_of(50, at_start=nothing))) == {"healthy"}
    silent = {"activation_mean": np.where(LAYERS > 30, 0.0, 0.5), "activation_std": np.where(LAYERS > 30, 0.0, 1.0)}
    found = the("poor_initialisation", diagnose(run_of(50, at_start=silent)))
    assert (found.evidence[0].fact, found.evidence[0].rows) == ("no_output", tuple(range(31, 51)))


def test_whether_it_was_so_from_the_start_is_said() -> None:
    falling = gradient(-1.0 - 0.3 * (50 - LAYERS))
    assert kinds(diagnose(run_of(50, later=falling))) == {"vanishing"}
    assert kinds(diagnose(run_of(50, at_start=falling, later=falling))) == {"vanishing", "poor_initialisation"}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_divergence_is_explained_by_the_step_before(loss: float) -> None:
    exploding = gradient(-1.0 + 0.5 * (50 - LAYERS))
    history = run_of(50, later=exploding, steps=20)
    broken = {name: np.full(50, np.nan) for name in level(50)}
    broken["activation_mean"] = np.where(LAYERS < 35, 1e30, np.nan)
    broken["activation_std"] = np.where(LAYERS < 31, 1e30, np.inf)
    append(history, broken, loss)
    findings = diagnose(history)
    found = the("diverged", findings)
    lost, broken = found.evidence
    assert (lost.fact, lost.step, found.first_step) == ("loss_lost", 21, 21)
    assert lost.number("loss") == pytest.approx(loss, nan_ok=True)
    assert (broken.fact, broken.at) == ("output_not_finite", 31)
    assert found.worst_row == 31
    assert found.span == (31, 50)
    assert [finding.kind for finding in findings[:2]] == ["exploding", "diverged"]
    assert the("exploding", findings).step == 20
    assert the("exploding", findings).number("decades_per_row") == pytest.approx(0.5, rel=1e-5)
    # of the steps before it nothing is said that was not known then
    assert "diverged" not in kinds(diagnose(history, 20))


def test_a_run_that_diverges_before_its_first_step_is_said_to() -> None:
    history = append(history_of(50), {name: np.full(50, np.nan) for name in level(50)}, math.inf)
    assert "diverged" in kinds(diagnose(history))


def test_a_loss_that_stays_that_of_a_guess_is_found_after_a_while() -> None:
    history = run_of(50, steps=100, loss=math.log(10))
    assert kinds(diagnose(history, 99)) == {"healthy"}
    assert the("healthy", diagnose(history, 99)).fact("nothing_learnt_yet") is not None
    found = the("not_learning", diagnose(history, 100))
    (guess,) = found.evidence
    assert (guess.fact, guess.step) == ("loss_of_a_guess", 100)
    assert guess.number("loss") == guess.number("chance_loss") == pytest.approx(math.log(10))
    assert guess.number("allowed_loss") == pytest.approx(0.95 * math.log(10))
    assert kinds(diagnose(run_of(50, steps=100, loss=0.94 * math.log(10)))) == {"healthy"}
    assert kinds(diagnose(history, thresholds=Thresholds(patience_steps=101))) == {"healthy"}


def test_a_loss_that_training_made_worse_is_found_at_once() -> None:
    history = run_of(50, steps=6, losses=[2.5, 2.5, 5.1, 5.2, 5.3, 5.4, 5.5])
    found = the("not_learning", diagnose(history))
    (grew,) = found.evidence
    assert (grew.fact, grew.number("loss"), grew.number("first_loss")) == ("loss_grew", 5.3, 2.5)
    assert kinds(diagnose(run_of(50, steps=6, losses=[2.5, 2.5, 4.5, 4.6, 4.7, 4.8, 4.9]))) == {"healthy"}


def test_before_the_first_step_there_is_nothing_to_judge() -> None:
    (only,) = diagnose(history_of(50))
    assert only.kind == "not_measured"
    assert only.severity is Severity.UNKNOWN


def test_what_a_run_does_not_measure_is_no_sign_of_health() -> None:
    """An older run: no shares, no exact gradient."""
    findings = diagnose(run_of(50, activation="relu", measures=("activation_grad_rms", "update_ratio")))
    assert kinds(findings) == {"healthy"}
    assert [(fact.fact, fact.quantity) for fact in the("not_measured", findings).evidence] == [
        ("never", "dead_fraction")
    ]
    # without a gradient nobody is healthy
    assert kinds(diagnose(run_of(50, measures=("update_ratio",)))) == set()
    assert kinds(diagnose(run_of(50, measures=()))) == set()
