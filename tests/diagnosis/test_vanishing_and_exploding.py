from __future__ import annotations

import re

import numpy as np
import pytest
from made_up_findings import EVERYTHING, FLOAT32_NORMAL, FLOAT32_SMALLEST, NOTHING_EXACT, gradient, kinds, run_of, the

from gradviz.diagnosis import Severity, Thresholds, diagnose

LAYERS = np.arange(1, 101)


def falling(rate: float, layers: int = 100) -> np.ndarray:
    """A gradient of 0.1 at the last layer that loses `rate` decades in each."""
    return -1.0 - rate * np.arange(layers - 1, -1, -1)


@pytest.mark.parametrize("measures", [EVERYTHING, NOTHING_EXACT])
@pytest.mark.parametrize("rate", [0.62, 0.05, 2.5])
def test_the_rate_is_found_again(rate: float, measures: tuple[str, ...]) -> None:
    found = the("vanishing", diagnose(run_of(100, later=gradient(falling(rate)), measures=measures)))
    assert found.number("decades_per_row") == pytest.approx(rate, rel=1e-4)
    falls = found.evidence[0]
    # an even fall is not that of one row
    assert (falls.fact, falls.rows[-1], falls.at) == ("falls", 100, None)
    assert falls.number("decades") == pytest.approx(rate * (100 - falls.rows[0]), rel=1e-4)


def test_the_floor_of_float32_is_named_where_it_is_passed() -> None:
    exact = falling(0.62)
    found = the("vanishing", diagnose(run_of(100, later=gradient(exact))))
    short = LAYERS[exact < FLOAT32_NORMAL].max()
    zero = LAYERS[exact < FLOAT32_SMALLEST].max()
    assert (short, zero) == (40, 29)
    _, below, nothing, true = found.evidence
    assert (below.fact, below.rows) == ("below_floor", tuple(range(1, short + 1)))
    assert below.number("allowed_log10") == pytest.approx(FLOAT32_NORMAL)
    assert (nothing.fact, nothing.rows) == ("exactly_zero", tuple(range(1, zero + 1)))
    assert (true.fact, true.at, true.quantity) == ("true_value", 1, "exact_log10_activation_grad_rms")
    assert true.number("gradient_log10") == pytest.approx(exact[0], rel=1e-6)
    assert found.severity is Severity.CRITICAL
    assert found.span == (1, 100)
    assert found.worst_row == 1
    assert found.quantity == "exact_log10_activation_grad_rms"


def test_float64_has_another_floor() -> None:
    found = the("vanishing", diagnose(run_of(100, later=gradient(falling(0.62)) | {
        "activation_grad_rms": falling(0.62)}, precision="float64")))  # fmt: skip
    assert found.fact("below_floor") is None
    assert found.quantity == "activation_grad_rms"


def test_without_an_exact_measurement_what_float32_kept_gives_the_rate() -> None:
    history = run_of(100, later=gradient(falling(0.62)), measures=NOTHING_EXACT)
    found = the("vanishing", diagnose(history))
    assert found.number("decades_per_row") == pytest.approx(0.62, rel=1e-4)
    # the last layer above the smallest normal number
    assert found.span == (41, 100)
    nothing = found.fact("exactly_zero")
    assert nothing is not None
    assert nothing.rows == tuple(range(1, 30))
    assert found.fact("true_value") is None


@pytest.mark.parametrize(("decades", "severity"), [(2.9, None), (3.1, Severity.WARNING), (6.1, Severity.CRITICAL)])
@pytest.mark.parametrize(("sign", "kind"), [(1, "vanishing"), (-1, "exploding")])
def test_three_decades_are_a_warning_and_six_severe(
    decades: float, severity: Severity | None, sign: int, kind: str
) -> None:
    row = sign * falling(decades / 99)
    findings = diagnose(run_of(100, later={"activation_grad_rms": row, "exact_log10_activation_grad_rms": row}))
    assert kinds(findings) == ({"healthy"} if severity is None else {kind})
    if severity is not None:
        assert the(kind, findings).severity is severity
        assert the(kind, findings).number("decades_per_row") == pytest.approx(decades / 99, rel=1e-4)
        assert the(kind, findings).number("allowed_decades") == 3.0


def test_the_thresholds_decide() -> None:
    history = run_of(100, later=gradient(falling(4.0 / 99)))
    assert kinds(diagnose(history)) == {"vanishing"}
    assert kinds(diagnose(history, thresholds=Thresholds(vanishing_decades=5.0))) == {"healthy"}
    severe = Thresholds(severe_decades=3.5)
    assert the("vanishing", diagnose(history, thresholds=severe)).severity is Severity.CRITICAL


def test_a_quiet_branch_inside_a_block_is_no_loss() -> None:
    """Three of four layers lie inside a residual branch, six decades down; the shortcut carries the gradient past."""
    inside = np.where(LAYERS % 4 == 0, -1.0, -7.0)
    rows = {"activation_grad_rms": inside, "exact_log10_activation_grad_rms": inside}
    assert kinds(diagnose(run_of(100, later=rows, shortcut="scaled", shortcut_span=4))) == {"healthy"}
    # the same numbers without a shortcut are no network's, but they would be a loss
    assert "vanishing" in kinds(diagnose(run_of(100, later=rows)))


def test_a_gradient_that_is_infinite_explodes_from_there_down() -> None:
    row = np.where(LAYERS > 60, -1.0 + 0.9 * (100 - LAYERS), np.inf)
    row[:20] = np.nan
    exact = -1.0 + 0.9 * (100 - LAYERS)
    history = run_of(100, later={"activation_grad_rms": row, "exact_log10_activation_grad_rms": exact})
    found = the("exploding", diagnose(history))
    assert found.severity is Severity.CRITICAL
    assert found.number("decades_per_row") == pytest.approx(0.9, rel=1e-4)
    broken = found.fact("gradient_not_finite")
    assert broken is not None
    assert broken.rows == tuple(range(1, 61))
    assert (found.span, found.worst_row) == ((1, 100), 1)


def test_a_part_of_the_layers_is_judged_by_itself() -> None:
    """The gradient falls in the lower half alone."""
    row = np.minimum(-1.0 - 0.5 * (50 - LAYERS), -1.0)
    history = run_of(100, later={"activation_grad_rms": row, "exact_log10_activation_grad_rms": row})
    assert the("vanishing", diagnose(history)).span == (1, 50)
    assert kinds(diagnose(history, rows=(51, 100))) == {"healthy"}
    assert the("vanishing", diagnose(history, rows=(11, 30))).span == (11, 30)
    for wrong in ((0, 3), (5, 4), (90, 101)):
        with pytest.raises(ValueError, match=re.escape(str(wrong))):
            diagnose(history, rows=wrong)


def test_a_step_is_judged_by_what_was_measured_then() -> None:
    history = run_of(100, at_start=gradient(falling(0.0)), later=gradient(falling(0.62)), steps=20)
    assert "vanishing" not in kinds(diagnose(history, 0))
    assert the("vanishing", diagnose(history, 20)).step == 20
    # the exact gradient is from the schedule of every tenth step
    found = the("vanishing", diagnose(history, 15))
    assert found.step == 15
    assert found.span == (1, 100)


def test_weights_of_zero_end_the_gradient_in_mathematics_too() -> None:
    gradient = np.where(LAYERS < 40, -np.inf, -1.0)
    weights = np.where(LAYERS == 40, -np.inf, 0.7)
    rows = {"activation_grad_rms": gradient, "exact_log10_activation_grad_rms": gradient, "weight_norm": weights}
    found = the("vanishing", diagnose(run_of(100, later=rows)))
    assert found.severity is Severity.CRITICAL
    assert found.worst_row == 39
    ends = found.fact("ends_at_zero_weights")
    assert ends is not None
    assert (ends.at, ends.rows) == (39, tuple(range(1, 40)))
