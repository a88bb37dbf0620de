from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_findings import append, kinds, level, run_of, the

from gradviz.diagnosis import Severity, Thresholds, diagnose, verdict

LAYERS = np.arange(1, 31)


def test_layers_that_stand_still_are_named() -> None:
    ratio = np.where(LAYERS <= 12, -8.0, -3.0)
    ratio[:5] = -np.inf
    found = the("not_updating", diagnose(run_of(30, later={"update_ratio": ratio})))
    assert found.layers == (1, 12)
    assert found.worst_layer == 1
    assert found.severity is Severity.WARNING
    assert "the weights of layers 1 to 12 by less than 1e-06 of their length, those of layers 1 to 5 not at all" in (
        found.evidence
    )
    assert "The latest 5 steps" in found.evidence


def test_most_layers_standing_still_is_severe() -> None:
    ratio = np.where(LAYERS <= 16, -8.0, -3.0)
    assert the("not_updating", diagnose(run_of(30, later={"update_ratio": ratio}))).severity is Severity.CRITICAL


def test_weights_that_kept_their_bits_stand_still_whatever_the_ratio() -> None:
    unchanged = np.where(LAYERS <= 3, 1.0, 0.3)
    found = the("not_updating", diagnose(run_of(30, later={"unchanged_fraction": unchanged})))
    assert found.layers == (1, 3)
    assert "In layers 1 to 3 at least 99% of the weights kept every bit." in found.evidence
    assert found.quantity == "unchanged_fraction"


def test_who_has_learnt_everything_may_stand_still() -> None:
    still = {"update_ratio": np.full(30, -9.0), "unchanged_fraction": np.ones(30)}
    assert kinds(diagnose(run_of(30, later=still, loss=0.5))) == {"not_updating"}
    # a hundredth of ln(10), the loss of a guess
    assert kinds(diagnose(run_of(30, later=still, loss=0.99 * 0.01 * math.log(10)))) == {"healthy"}
    assert kinds(diagnose(run_of(30, later=still, loss=1.01 * 0.01 * math.log(10)))) == {"not_updating"}


@pytest.mark.parametrize("silent", [{"shortcut": "rezero"}, {"shortcut": "scaled", "zero_init_branch": True}])
def test_branches_that_are_silent_at_the_start_get_time_to_open(silent: dict[str, object]) -> None:
    still = {"update_ratio": np.full(30, -np.inf)}
    losses = np.linspace(2.0, 1.0, 101).tolist()
    history = run_of(30, later=still, steps=100, losses=losses, **silent)
    assert kinds(diagnose(history, 99)) == {"healthy"}
    assert kinds(diagnose(history, 100)) == {"not_updating"}
    assert kinds(diagnose(history, 50, Thresholds(patience_steps=50))) == {"not_updating"}


def test_steps_that_are_too_long_are_named() -> None:
    ratio = np.where(LAYERS >= 28, np.log10(0.2), -3.0)
    ratio[28] = np.log10(0.41)
    found = the("too_much", diagnose(run_of(30, later={"update_ratio": ratio})))
    assert found.layers == (28, 30)
    assert found.worst_layer == 29
    assert found.severity is Severity.WARNING
    assert found.headline == "steps of 0.41 times the weights' length in layer 29"
    # 0.41 is 410 times the guide line: two powers of ten
    assert found.suggestions[0].words == "Lower the learning rate a hundredfold, to 0.001."


def test_one_long_step_is_forgiven_unless_it_replaces_all() -> None:
    """The median of the latest five decides; a step as long as the weights themselves counts at once."""
    history = run_of(30, steps=10)
    append(history, level(30) | {"update_ratio": np.full(30, -0.5)})
    assert kinds(diagnose(history)) == {"healthy"}
    for _ in range(2):
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
    assert the("not_measured", findings).headline == "update ratio"
    assert verdict(findings) == "Healthy: gradient level within 0.1 decades · Not measured: update ratio"
