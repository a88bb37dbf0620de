from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_findings import append, kinds, level, run_of, the

from gradviz.diagnosis import Severity, Thresholds, diagnose

LAYERS = np.arange(1, 31)


def test_layers_that_stand_still_are_named() -> None:
    ratio = np.where(LAYERS <= 12, -8.0, -3.0)
    ratio[:5] = -np.inf
    found = the("not_updating", diagnose(run_of(30, later={"update_ratio": ratio})))
    assert found.rows == tuple(range(1, 13))
    assert found.worst_row == 1
    assert found.severity is Severity.WARNING
    short, none = found.evidence
    assert (short.fact, short.quantity, short.rows) == ("short_steps", "update_ratio", tuple(range(1, 13)))
    assert (short.number("allowed"), short.number("steps")) == (1e-6, 5)
    assert (none.fact, none.rows) == ("no_steps", (1, 2, 3, 4, 5))


def test_most_layers_standing_still_is_severe() -> None:
    ratio = np.where(LAYERS <= 16, -8.0, -3.0)
    assert the("not_updating", diagnose(run_of(30, later={"update_ratio": ratio}))).severity is Severity.CRITICAL


def test_weights_that_kept_their_bits_stand_still_whatever_the_ratio() -> None:
    unchanged = np.where(LAYERS <= 3, 1.0, 0.3)
    found = the("not_updating", diagnose(run_of(30, later={"unchanged_fraction": unchanged})))
    assert found.quantity == "unchanged_fraction"
    (kept,) = found.evidence
    assert (kept.fact, kept.rows, kept.number("allowed_share")) == ("bits_unchanged", (1, 2, 3), 0.99)
    assert found.rows == kept.rows


def test_who_has_learnt_everything_may_stand_still() -> None:
    still = {"update_ratio": np.full(30, -9.0), "unchanged_fraction": np.ones(30)}
    assert kinds(diagnose(run_of(30, later=still, loss=0.5))) == {"not_updating"}
    # a hundredth of ln(10), the loss of a guess
    assert kinds(diagnose(run_of(30, later=still, loss=0.99 * 0.01 * math.log(10)))) == {"healthy"}
    assert kinds(diagnose(run_of(30, later=still, loss=1.01 * 0.01 * math.log(10)))) == {"not_updating"}


@pytest.mark.parametrize("closed", ["weight_grad_norm", "weight_norm"])
def test_branches_that_are_silent_at_the_start_get_time_to_open(closed: str) -> None:
    """The gradient passes by them on the shortcut: a factor of zero gives their weights none, as zero weights do."""
    still = {"update_ratio": np.full(30, -np.inf)}
    at_start = {closed: np.full(30, -np.inf), f"exact_log10_{closed}": np.full(30, -np.inf)}
    losses = np.linspace(2.0, 1.0, 105).tolist()
    history = run_of(30, at_start=at_start, later=still, steps=104, losses=losses)
    assert kinds(diagnose(history, 99)) == {"healthy"}
    found = the("not_updating", diagnose(history, 104))
    assert found.first_step == 100
    assert kinds(diagnose(history, 54, Thresholds(patience_steps=50))) == {"not_updating"}


def test_weights_that_end_the_gradient_at_the_start_get_no_such_time() -> None:
    """Rows 1 to 11 get none because row 12 lets nothing past: no shortcut leads there."""
    ends = {
        name: np.where(LAYERS < 12, -np.inf, -1.0)
        for name in ("activation_grad_rms", "exact_log10_activation_grad_rms")
    }
    closed = {
        name: np.where(LAYERS <= 12, -np.inf, -1.0) for name in ("weight_grad_norm", "exact_log10_weight_grad_norm")
    }
    still = {"update_ratio": np.where(LAYERS <= 12, -np.inf, -3.0)}
    history = run_of(30, at_start=ends | closed, later=ends | closed | still)
    assert the("not_updating", diagnose(history)).rows == tuple(range(1, 13))


def test_steps_that_are_too_long_are_named() -> None:
    ratio = np.where(LAYERS >= 28, np.log10(0.2), -3.0)
    ratio[28] = np.log10(0.41)
    found = the("too_much", diagnose(run_of(30, later={"update_ratio": ratio})))
    assert found.rows == (28, 29, 30)
    assert found.worst_row == 29
    assert found.severity is Severity.WARNING
    (long,) = found.evidence
    assert (long.fact, long.at, long.number("steps")) == ("long_steps", 29, 5)
    assert 10 ** long.number("update_log10") == pytest.approx(0.41, rel=1e-5)
    # 0.41 is 410 times the guide line: two powers of ten
    assert (found.remedies[0].kind, found.remedies[0].detail("factor")) == ("lower_rate", 100.0)
    assert found.remedies[0].changes == (("learning_rate", 0.001),)


def test_one_long_step_is_forgiven_unless_it_replaces_all() -> None:
    """The median of the latest five decides; a step as long as the weights themselves counts at once."""
    history = run_of(30, steps=10)
    append(history, level(30) | {"update_ratio": np.full(30, -0.5)})
    assert kinds(diagnose(history)) == {"healthy"}
    # the median says so from the third on, and it is said when it has done so twice
    for _ in range(3):
        append(history, level(30) | {"update_ratio": np.full(30, -0.5)})
    assert kinds(diagnose(history)) == {"too_much"}
    first = run_of(30, later={"update_ratio": np.full(30, -0.5)}, steps=1)
    assert kinds(diagnose(first)) == {"healthy"}
    all_of_it = run_of(30, later={"update_ratio": np.full(30, 0.1)}, steps=1)
    assert the("too_much", diagnose(all_of_it)).severity is Severity.CRITICAL


def test_of_weights_that_began_at_zero_any_step_is_a_large_part() -> None:
    nothing = {"weight_norm": np.where(LAYERS % 2 == 0, -np.inf, 0.75)}
    ratio = {"update_ratio": np.where(LAYERS % 2 == 0, np.inf, -3.0)}
    settings = {"shortcut": "scaled", "shortcut_span": 2, "zero_init_branch": True}
    assert kinds(diagnose(run_of(30, at_start=nothing, later=ratio, **settings))) == {"healthy"}
    assert kinds(diagnose(run_of(30, later=ratio, **settings))) == {"too_much"}


def test_nothing_is_said_of_steps_before_the_first() -> None:
    findings = diagnose(run_of(30, steps=0))
    assert kinds(findings) == {"healthy"}
    assert the("healthy", findings).number("decades") == 0.1
    assert [(fact.fact, fact.quantity) for fact in the("not_measured", findings).evidence] == [
        ("not_yet", "update_ratio")
    ]
