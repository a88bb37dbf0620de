from __future__ import annotations

import numpy as np
import pytest
from made_up_findings import FLOAT32_NORMAL, kinds, run_of, the

from gradviz.diagnosis import Severity, Thresholds, diagnose

LAYERS = np.arange(1, 21)
DEAD = np.where((LAYERS >= 8) & (LAYERS <= 12), 0.7, 0.2)
DEAD[9] = 0.9


def test_dead_layers_are_named_with_their_share_and_the_worst() -> None:
    found = the("dead", diagnose(run_of(20, later={"dead_fraction": DEAD}, activation="relu")))
    assert found.rows == (8, 9, 10, 11, 12)
    assert found.worst_row == 10
    assert found.severity is Severity.WARNING
    (share,) = found.evidence
    assert (share.fact, share.at, share.rows) == ("dead_share", 10, found.rows)
    assert (share.number("share"), share.number("allowed_share")) == (pytest.approx(0.9), 0.6)
    assert found.thresholds == ("dead_share", "dead_growth")


@pytest.mark.parametrize("width", [16, 64, 256])
def test_what_was_so_from_the_start_by_chance_is_no_finding(width: int) -> None:
    """Half of the units may be off for all samples as a coin falls: the binomial distribution says how many more."""
    limit = 0.5 + 3.0 * np.sqrt(width * 0.5 * 0.5) / width
    for shift, found in ((-0.01, set()), (0.01, {"dead"})):
        rows = {"dead_fraction": np.full(20, limit + shift)}
        thresholds = Thresholds(dead_share=0.55)
        history = run_of(20, at_start=rows, later=rows, activation="relu", width=width)
        assert kinds(diagnose(history, thresholds=thresholds)) - {"healthy"} == found
        # units that died on the way have no such excuse
        died = run_of(20, at_start={"dead_fraction": rows["dead_fraction"] - 0.11}, later=rows, activation="relu")
        assert kinds(diagnose(died, thresholds=thresholds)) == {"dead"}


@pytest.mark.parametrize(
    ("settings", "dies"),
    [
        ({"activation": "relu"}, True),
        ({"activation": "leaky_relu", "leaky_slope": 0.0}, True),
        ({"activation": "leaky_relu"}, False),
        ({"activation": "sigmoid"}, False),
    ],
)
def test_only_what_has_no_slope_can_die(settings: dict[str, object], dies: bool) -> None:
    assert ("dead" in kinds(diagnose(run_of(20, later={"dead_fraction": DEAD}, **settings)))) is dies


def test_saturation_is_not_for_what_is_flat_on_one_side_by_nature() -> None:
    """Of a ReLU's inputs half are saturated in the best of networks, if not more."""
    rows = {"saturated_fraction": np.full(20, 0.95)}
    assert kinds(diagnose(run_of(20, later=rows, activation="relu"))) == {"healthy"}
    found = the("saturated", diagnose(run_of(20, later=rows, activation="sigmoid")))
    assert found.span == (1, 20)
    assert (found.evidence[0].fact, found.number("allowed_share")) == ("saturated_share", 0.9)


def test_the_thresholds_of_units_decide() -> None:
    half = run_of(20, later={"dead_fraction": np.full(20, 0.501)}, activation="relu")
    assert kinds(diagnose(half)) == {"healthy"}
    assert kinds(diagnose(half, thresholds=Thresholds(dead_share=0.5))) == {"dead"}


@pytest.mark.parametrize(("activation", "kind"), [("relu", "dead"), ("tanh", "saturated")])
def test_a_gradient_that_is_zero_in_mathematics_ends_at_units_without_slope(activation: str, kind: str) -> None:
    """Layer 13 lets nothing through: the gradient at the output of layer 12 is zero, exactly measured or not."""
    ends = np.where(LAYERS <= 12, -np.inf, -1.0)
    rows = {"activation_grad_rms": ends, "exact_log10_activation_grad_rms": ends}
    found = the(kind, diagnose(run_of(20, later=rows, activation=activation)))
    assert found.severity is Severity.CRITICAL
    assert found.worst_row == 13
    ends = found.fact("no_gradient_past")
    assert ends is not None
    assert (ends.at, ends.rows) == (13, tuple(range(1, 13)))
    without = run_of(20, later=rows, activation=activation, measures=("activation_grad_rms", "update_ratio"))
    assert the(kind, diagnose(without)).worst_row == 13


def test_a_gradient_that_sank_through_the_floor_was_not_cut_off() -> None:
    """Its last value lies within three decades of the smallest number that float32 has in full."""
    exact = -1.0 - (20 - LAYERS) * 3.0
    sank = np.where(exact < FLOAT32_NORMAL, -np.inf, exact)
    history = run_of(20, later={"activation_grad_rms": sank}, activation="relu", measures=("activation_grad_rms",))
    assert kinds(diagnose(history)) == {"vanishing"}


def test_no_gradient_at_the_last_layer_is_no_fault_of_units() -> None:
    """With a loss of exactly zero there is nothing to hand down."""
    nothing = np.full(20, -np.inf)
    rows = {"activation_grad_rms": nothing, "exact_log10_activation_grad_rms": nothing}
    findings = diagnose(run_of(20, later=rows, activation="relu", loss=0.0))
    assert kinds(findings) == {"healthy"}
    assert the("healthy", findings).fact("nothing_left") is not None
    # with a loss it is a fault, of whatever lies behind the last layer
    assert kinds(diagnose(run_of(20, later=rows, activation="relu", loss=1.0))) == {"vanishing"}
