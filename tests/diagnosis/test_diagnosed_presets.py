"""Real runs: who is ill is found to be so, at the rate that theory gives; who is well raises no alarm at any step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made_up_findings import kinds, the
from trained_runs import trained

from gradviz.diagnosis import Finding, Severity, diagnose, worst_rows
from gradviz.experiment import Experiment, load_preset
from gradviz.recording.history import History
from gradviz.training.loop import first_frame

pytestmark = pytest.mark.usefixtures("one_thread")

Z, WEIGHT = np.polynomial.hermite_e.hermegauss(201)


def preset(name: str, **changes: object) -> History:
    return trained(load_preset(name).changed(**changes))


def alarms(history: History, frames: int | None = None) -> dict[int, set[str]]:
    """What is found beside health and what is not measured, by step; in all frames, or in so many of the first."""
    found = {step: kinds(diagnose(history, step)) for step in range(frames or history.frames)}
    return {step: each for step, each in found.items() if each != {"healthy"}}


def mean(function: Callable[[np.ndarray], np.ndarray], variance: float) -> float:
    """E[function(z)] for z ~ N(0, variance), by Gauss-Hermite quadrature."""
    return float((WEIGHT * function(np.sqrt(variance) * Z)).sum() / WEIGHT.sum())


def rate_in_theory(
    phi: Callable[[np.ndarray], np.ndarray], slope: Callable[[np.ndarray], np.ndarray], weights: float, biases: float
) -> float:
    """Decades per layer that the root mean square of the gradient loses deep in a plain stack (1611.01232).

    `weights` is the variance of a weight times the width, `biases` that of a bias; the variance of what enters the
    activations has settled.
    """
    q = 1.0
    for _ in range(500):
        q = weights * mean(lambda z: phi(z) ** 2, q) + biases
    return -0.5 * float(np.log10(weights * mean(lambda z: slope(z) ** 2, q)))


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


SIGMOID_GLOROT = rate_in_theory(sigmoid, lambda z: sigmoid(z) * (1.0 - sigmoid(z)), 1.0, 0.0)
TANH_DEFAULT = rate_in_theory(np.tanh, lambda z: 1.0 - np.tanh(z) ** 2, 1.0 / 3.0, 1.0 / 3.0)


def test_the_oracle_agrees_with_the_published_figures() -> None:
    """CLAIMS: fifty layers lose 62.80 decades of the mean square with sigmoid, 34.06 with tanh's default weights.

    Those include the way to where the variance has settled.
    """
    assert pytest.approx(62.80, abs=0.2) == 50 * 2 * SIGMOID_GLOROT
    assert pytest.approx(34.06, abs=0.2) == 50 * 2 * TANH_DEFAULT


@pytest.mark.parametrize("step", [0, 20])
def test_sigmoid_30_vanishes_at_the_rate_of_theory(step: int) -> None:
    findings = diagnose(preset("sigmoid-30", steps=20), step)
    found = the("vanishing", findings)
    assert findings[0] is found
    assert found.number("decades_per_row") == pytest.approx(SIGMOID_GLOROT, abs=0.02)
    assert found.span == (1, 30)
    assert found.severity is Severity.CRITICAL
    # eighteen decades are no floor of float32
    assert [fact.fact for fact in found.evidence] == ["falls"]


def test_sigmoid_30_does_not_move_its_first_layers() -> None:
    history = preset("sigmoid-30", steps=20)
    found = the("not_updating", diagnose(history))
    assert found.rows[0] == found.worst_row == 1
    # float32 leaves every bit of every weight of the first ten layers alone, but not of the last
    unchanged = history.row("unchanged_fraction", 20)
    assert unchanged is not None
    assert (unchanged[:10] == 1.0).all()
    assert 10 <= found.rows[-1] < 30
    assert worst_rows(history)[:10].tolist() == list(range(1, 11))


def test_what_was_wrong_from_the_start_is_said_to_be() -> None:
    assert "poor_initialisation" in kinds(diagnose(preset("sigmoid-30", steps=20)))
    assert "not_learning" in kinds(diagnose(preset("sigmoid-30", steps=100)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rate", "tolerance"), [("tanh-1000", TANH_DEFAULT, 0.1), ("float-floor", SIGMOID_GLOROT, 0.01)]
)
def test_a_thousand_layers_vanish_through_the_floor_of_float32(name: str, rate: float, tolerance: float) -> None:
    """Narrow layers of tanh lose less per layer than wide ones: their own chance is not averaged away."""
    history = preset(name, steps=1)
    delivered = history.row("activation_grad_rms", 0)
    exact = history.row("exact_log10_activation_grad_rms", 0)
    assert delivered is not None
    assert exact is not None
    found = the("vanishing", diagnose(history, 0))
    assert found.number("decades_per_row") == pytest.approx(rate, abs=tolerance)
    assert found.number("decades_per_row") == pytest.approx((exact[-1] - exact[0]) / 999, abs=0.005)
    zero = max(layer for layer in range(1, 1001) if delivered[layer - 1] == -np.inf)
    short = max(layer for layer in range(1, 1001) if delivered[layer - 1] < np.log10(np.finfo(np.float32).tiny))
    below, nothing = found.fact("below_floor"), found.fact("exactly_zero")
    assert below is not None
    assert nothing is not None
    assert (below.rows[-1], nothing.rows[-1]) == (short, zero)
    still = the("not_updating", diagnose(history))
    assert still.severity is Severity.CRITICAL
    assert still.rows[-1] >= zero


def test_the_exploding_preset_explodes_at_two_per_layer_and_diverges() -> None:
    """The mean square doubles with sigma_w²/2 = 2; thirty layers of 32 units stray from the mean by some tenths."""
    history = preset("exploding")
    found = the("exploding", diagnose(history, 0))
    assert found.number("decades_per_row") == pytest.approx(0.5 * np.log10(2.0), abs=0.03)
    assert {"exploding", "poor_initialisation"} == kinds(diagnose(history, 0))
    assert {"diverged", "exploding"} <= kinds(diagnose(history))
    row = the("diverged", diagnose(history)).worst_row
    outputs = history.row("activation_mean", history.frames - 1)
    assert row is not None
    assert outputs is not None
    assert np.isfinite(outputs[: row - 1]).all()


def test_a_learning_rate_far_too_high_is_found_before_the_loss_is_lost() -> None:
    history = preset("diverging")
    assert history.diverged is not None
    before = [step for step in range(history.frames - 1) if "too_much" in kinds(diagnose(history, step))]
    assert before
    assert "diverged" in kinds(diagnose(history))
    assert "diverged" not in kinds(diagnose(history, history.frames - 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relu-20", "sigmoid-batch-norm-30"])
def test_a_forgotten_learning_rate_is_found(name: str) -> None:
    still = preset(name, learning_rate=1e-9, steps=5)
    found = the("not_updating", diagnose(still))
    assert found.span == (1, len(still.started.rows))
    assert found.remedies[0].kind == "raise_rate"
    assert kinds(diagnose(preset(name, steps=5))) == {"healthy"}
    # what is suggested moves the weights again
    moving = trained(found.remedies[0].apply(still.started.experiment))
    assert kinds(diagnose(moving)) == {"healthy"}


@pytest.mark.slow
def test_dying_units_are_found_and_leaky_ones_do_not_die() -> None:
    history = preset("dying-relu")
    found = the("dead", diagnose(history, 400))
    shares = history.row("dead_fraction", 400)
    assert shares is not None
    assert found.worst_row is not None
    assert shares[found.worst_row - 1] >= 0.6
    assert "dead" not in kinds(diagnose(history, 0))
    rescued = preset("leaky-relu-rescue")
    assert all("dead" not in kinds(diagnose(rescued, step)) for step in range(101))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["relu-20", "relu-flat", "residual-152", "sigmoid-batch-norm-30", "sigmoid-residual-30", "sigmoid-3", "spirals"],
)
def test_who_is_well_raises_no_alarm_at_any_step(name: str) -> None:
    history = preset(name)
    assert alarms(history) == {}
    # it learns, so that it was right to be silent
    assert history.latest_evaluation is not None
    assert history.latest_evaluation.accuracy > 0.9


@pytest.mark.slow
def test_nor_do_a_thousand_residual_layers() -> None:
    # the whole run, because it is trained for other tests anyway
    history = preset("residual-1000")
    assert alarms(history, frames=51) == {}
    steps, accuracies = history.accuracies()
    assert accuracies[steps == 50][0] > 0.8


def found_at_start(experiment: Experiment) -> list[Finding]:
    started, frame = first_frame(experiment.changed(device="cpu"))
    history = History(started)
    history.append(frame)
    return diagnose(history)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["sigmoid-10", "sigmoid-20", "sigmoid-30", "exploding", "batch-norm-100", "tanh-1000", "float-floor"]
)
def test_what_is_tried_first_helps(name: str) -> None:
    """The first remedy against each finding at the start leaves nothing of it; all of them can be made."""
    experiment = load_preset(name)
    for finding in found_at_start(experiment):
        if finding.kind in ("not_measured", "healthy"):
            continue
        assert all(remedy.apply(experiment) != experiment for remedy in finding.remedies)
        after = found_at_start(finding.remedies[0].apply(experiment))
        assert finding.kind not in kinds(after), finding.remedies[0]


def test_a_silent_branch_of_relu_never_opens_and_is_found_at_the_start() -> None:
    """Weights of zero give the ReLU zero, where its slope is zero: every unit of the branch is dead for good."""
    silent = load_preset("residual-152").changed(depth=6, shortcut_span=1, zero_init_branch=True)
    found = the("dead", found_at_start(silent))
    assert found.span == (1, 6)
    assert found.remedies[0].changes == (("zero_init_branch", False),)
    open_ones = found.remedies[0].apply(silent)
    assert kinds(found_at_start(open_ones)) == {"healthy"}
