"""What is found where nothing is known of the rows, as in a network that a script trains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_findings import kinds
from made_up_scripts import EVERYTHING, NAMES, WELL, at, frame, run

from gradviz.diagnosis import Finding, Severity, diagnose, severity_scores, worst_rows
from gradviz.recording.history import History

WELL_ROW = np.full(len(NAMES), -1.0)


def row(name: str) -> int:
    return NAMES.index(name) + 1


def found(history: History, kind: str, **asked: object) -> Finding:
    matching = [finding for finding in diagnose(history, **asked) if finding.kind == kind]  # type: ignore[arg-type]
    assert len(matching) == 1, matching
    return matching[0]


def remedies_of(finding: Finding) -> list[str]:
    return [remedy.kind for remedy in finding.remedies]


def test_a_network_that_is_well() -> None:
    (finding,) = diagnose(run())
    assert (finding.kind, finding.severity) == ("healthy", Severity.FINE)
    assert severity_scores(run()).max() < 1.0


def test_the_module_without_a_signal_is_named_with_its_number() -> None:
    finding = found(run(at("decoder.2.conv1", -7.0)), "vanishing")
    (none,) = finding.evidence
    assert (none.fact, none.at, none.number("steps")) == ("no_gradient", row("decoder.2.conv1"), 5)
    assert (none.number("gradient_log10"), none.number("median_log10")) == (-7.0, -1.0)
    assert (finding.worst_row, finding.severity) == (row("decoder.2.conv1"), Severity.CRITICAL)
    assert worst_rows(run(at("decoder.2.conv1", -7.0)))[0] == finding.worst_row


def test_hardly_any_is_less_bad_than_none() -> None:
    finding = found(run(at("neck", -5.5)), "vanishing")
    assert finding.severity is Severity.WARNING
    (little,) = finding.evidence
    assert (little.fact, little.at, little.number("gradient_log10")) == ("little_gradient", row("neck"), -5.5)


@pytest.mark.parametrize("gradient", [-2.0, -3.0, -4.0, 1.0])
def test_norms_that_differ_as_in_networks_that_learn_are_no_finding(gradient: float) -> None:
    assert kinds(diagnose(run(at("neck", gradient)))) == {"healthy"}


def test_a_gradient_of_exactly_zero_says_so_and_asks_what_cuts_it() -> None:
    finding = found(run(at("head", -np.inf)), "vanishing")
    assert (finding.evidence[0].at, finding.number("gradient_log10")) == (row("head"), -math.inf)
    assert (finding.remedies[0].kind, finding.remedies[0].row) == ("look_for_a_cut", row("head"))
    assert (
        severity_scores(run(at("head", -np.inf)))[NAMES.index("head")]
        == severity_scores(run(at("head", -np.inf))).max()
    )


def test_a_branch_that_begins_at_zero_has_twenty_steps_to_open() -> None:
    zero, little = at("neck", -np.inf), at("neck", -7.0)
    # silent at the start, as the last BatchNorm of a block, ReZero and LoRA can be
    for later in (zero, little):
        assert kinds(diagnose(run(later, at_start=zero, steps=19))) == {"healthy"}
        # said once it was found at two steps
        assert "vanishing" in kinds(diagnose(run(later, at_start=zero, steps=21)))
    # what had a gradient and lost it has no such excuse, and neither has what has next to none from the start
    assert "vanishing" in kinds(diagnose(run(zero, at_start=at("neck", -1.0), steps=5)))
    assert "vanishing" in kinds(diagnose(run(little, steps=0)))


def test_a_module_that_is_used_now_and_then_gets_its_signal_then() -> None:
    # its batch came at step 0, and the five latest steps still know of it at step 4
    history = run(at("neck", -np.inf), at_start=at("neck", -2.0), steps=5)
    assert kinds(diagnose(history, 4)) == {"healthy"}
    assert "vanishing" in kinds(diagnose(history, 5))


@pytest.mark.parametrize("every", [3, 7, 20])
def test_what_is_measured_now_and_then_is_judged_by_its_latest_turns(every: int) -> None:
    history = run(steps=0, every=20)
    for step in range(1, 101):
        rows = at("neck", -7.0 if step > 60 else -1.0) if step % every == 0 else {}
        history.append(frame(step, rows))
    assert kinds(diagnose(history, 60)) == {"healthy"}
    # the five latest turns tell of the change only when all of them came after it
    after = [step for step in range(61, 101) if step % every == 0]
    late = after[4] if len(after) > 4 else None
    # it is said when it is found at the second of the steps that are judged, every fourth one here
    for step in range(61, 101):
        silent = late is not None and step >= late + 4
        if late is None or not late <= step < late + 8:
            assert ("vanishing" in kinds(diagnose(history, step))) == silent
    if late is not None:
        (found_late,) = [each for each in diagnose(history) if each.kind == "vanishing"]
        assert found_late.first_step == late


def test_not_measured_is_not_zero() -> None:
    frozen = [name != "neck" for name in NAMES]
    nothing = {
        "weight_grad_norm": np.where(frozen, -1.0, -np.inf),
        "update_ratio": np.where(frozen, -3.0, -np.inf),
        "unchanged_fraction": np.where(frozen, 0.0, 1.0),
        "activation_mean": np.where(frozen, 0.1, 0.0),
        "activation_std": np.where(frozen, 1.0, 0.0),
    }
    assert kinds(diagnose(run(nothing))) == {"vanishing", "not_updating", "dead"}
    history = run(nothing, known=dict.fromkeys(nothing, frozen))
    assert kinds(diagnose(history)) == {"healthy"}
    assert severity_scores(history)[NAMES.index("neck")] == 0.0


def test_nothing_at_all_arrives() -> None:
    finding = found(run({"weight_grad_norm": np.full(len(NAMES), -np.inf)}), "vanishing")
    (nothing,) = finding.evidence
    assert (nothing.fact, nothing.number("steps"), len(nothing.rows)) == ("nothing_arrives", 5, len(NAMES))
    assert finding.severity is Severity.CRITICAL


def test_nothing_has_arrived_so_far() -> None:
    nothing = {"weight_grad_norm": np.full(len(NAMES), -np.inf)}
    (finding,) = [each for each in diagnose(run(nothing, steps=2)) if each.kind == "not_measured"]
    assert finding.fact("nothing_yet") is not None
    masked = run(known={"weight_grad_norm": [False] * len(NAMES)})
    assert [finding.kind for finding in diagnose(masked)] == ["not_measured"]


def test_several_modules_are_counted_and_the_worst_is_named() -> None:
    norms = WELL_ROW.copy()
    norms[[2, 5, 7]] = (-8.0, -9.0, -8.5)
    finding = found(run({"weight_grad_norm": norms}), "vanishing")
    (none,) = finding.evidence
    assert (none.at, none.rows, none.number("gradient_log10")) == (6, (3, 6, 8), -9.0)
    assert (finding.worst_row, finding.rows) == (6, (3, 6, 8))


def test_a_gradient_that_fades_all_the_way_has_a_rate() -> None:
    fading = {"weight_grad_norm": np.linspace(-4.6, -1.0, len(NAMES))}
    # an optimiser that divides by the size of the gradient makes up for it
    assert kinds(diagnose(run(fading))) == {"healthy"}
    assert "vanishing" in kinds(diagnose(run(fading, loss=lambda _step: 1.0)))
    fading["update_ratio"] = np.linspace(-5.6, -3.0, len(NAMES))
    finding = found(run(fading), "vanishing")
    (falls,) = finding.evidence
    assert (falls.fact, falls.rows, falls.at) == ("falls", tuple(range(1, 11)), None)
    assert falls.number("decades_per_row") == pytest.approx(0.4)
    assert falls.number("decades") == pytest.approx(3.6)
    growing = {"weight_grad_norm": np.linspace(3.0, -1.0, len(NAMES)), "update_ratio": np.full(len(NAMES), -4.5)}
    finding = found(run(growing), "exploding")
    assert finding.number("decades_per_row") == pytest.approx(4.0 / 9.0, rel=1e-3)
    assert (finding.worst_row, finding.severity) == (1, Severity.WARNING)


def test_a_gradient_that_is_no_number() -> None:
    finding = found(run(at("neck", np.nan)), "exploding")
    assert (finding.evidence[0].fact, finding.rows) == ("gradient_not_finite", (row("neck"),))
    finding = found(run(at("decoder.1.conv2", np.inf)), "exploding")
    assert (finding.worst_row, finding.severity) == (7, Severity.CRITICAL)


def test_what_the_optimiser_skipped_says_nothing() -> None:
    history = run(steps=19)
    later = run({"weight_grad_norm": np.full(len(NAMES), np.inf)}, steps=20, skipped=range(1, 21))
    assert kinds(diagnose(history)) == {"healthy"}
    # every step but the first was skipped: what is left is the gradient of the first, which was infinite, too
    assert "exploding" in kinds(diagnose(later, 0))
    half = run({"update_ratio": np.full(len(NAMES), -np.inf)}, steps=20, skipped=range(20))
    assert "not_updating" not in kinds(diagnose(half))


def test_the_first_module_that_puts_out_no_number_is_the_cause() -> None:
    lost = np.full(len(NAMES), 1.0)
    lost[4:] = np.nan
    finding = found(run({"activation_std": lost}), "exploding")
    (broken,) = finding.evidence
    assert (broken.fact, broken.at, broken.rows) == ("output_not_finite", row("neck"), tuple(range(5, 11)))
    assert finding.worst_row == 5


def test_a_module_that_puts_out_nothing() -> None:
    finding = found(run(at("neck", 0.0, "activation_mean") | at("neck", 0.0, "activation_std")), "dead")
    assert (finding.evidence[0].fact, finding.rows) == ("zero_output", (row("neck"),))
    # a constant that is not zero, or a mean of zero with a spread, are something
    assert kinds(diagnose(run(at("neck", 0.0, "activation_mean")))) == {"healthy"}


def test_weights_that_stand_still() -> None:
    finding = found(run(at("neck", -np.inf, "update_ratio")), "not_updating")
    assert (finding.rows, [fact.fact for fact in finding.evidence]) == ((row("neck"),), ["no_steps"])
    assert finding.severity is Severity.WARNING
    assert "keep_float32_weights" not in remedies_of(finding)
    rounded = found(run(at("head", 1.0, "unchanged_fraction")), "not_updating")
    assert (rounded.rows, [fact.fact for fact in rounded.evidence]) == ((row("head"),), ["bits_unchanged"])
    assert remedies_of(rounded)[0] == "keep_float32_weights"
    # without a gradient it is no rounding that keeps them
    idle = at("head", 1.0, "unchanged_fraction") | at("head", -np.inf)
    assert "keep_float32_weights" not in remedies_of(found(run(idle), "not_updating"))
    cut_off = {"weight_grad_norm": [name != "head" for name in NAMES]}
    kept = at("head", 1.0, "unchanged_fraction")
    assert "keep_float32_weights" not in remedies_of(found(run(kept, known=cut_off), "not_updating"))
    # of one module alone a little is enough; of most of them it is not
    assert kinds(diagnose(run(at("neck", -7.0, "update_ratio")))) == {"healthy"}
    everything = {"update_ratio": np.full(len(NAMES), -7.0)}
    finding = found(run(everything), "not_updating")
    assert finding.severity is Severity.CRITICAL
    assert ([fact.fact for fact in finding.evidence], finding.number("allowed")) == (["short_steps"], 1e-6)


def test_a_schedule_may_let_the_weights_rest() -> None:
    still = {"update_ratio": np.full(len(NAMES), -8.0)}
    assert kinds(diagnose(run(still, rate=lambda step: 0.1 if step < 10 else 1e-6))) == {"healthy"}
    # a constant rate is no such excuse, and neither is one that nobody told
    for rate in (0.1, math.nan):
        assert "not_updating" in kinds(diagnose(run(still, rate=lambda _step, rate=rate: rate)))


def test_steps_that_are_too_long_unless_the_weights_began_at_zero() -> None:
    long = at("neck", -0.5, "update_ratio")
    assert kinds(diagnose(run(long, steps=19))) == {"healthy"}
    assert "too_much" in kinds(diagnose(run(at("neck", 0.2, "update_ratio"), steps=6)))
    finding = found(run(long), "too_much")
    assert (finding.evidence[0].fact, finding.rows) == ("long_steps", (row("neck"),))
    assert finding.number("update_log10") == -0.5
    assert finding.severity is Severity.WARNING
    assert kinds(diagnose(run(long, at_start=at("neck", -np.inf, "weight_norm")))) == {"healthy"}


def test_a_loss_without_a_scale_is_compared_with_its_beginning() -> None:
    assert kinds(diagnose(run(steps=150, loss=lambda _step: 2.3))) == {"not_learning"}
    assert found(run(steps=150, loss=lambda _step: 2.3), "not_learning").severity is Severity.NOTICE
    assert found(run(steps=6, loss=lambda step: 1.0 + step), "not_learning").severity is Severity.WARNING
    assert kinds(diagnose(run(steps=4, loss=lambda step: 1.0 + step))) == {"healthy"}
    assert kinds(diagnose(run(steps=150, loss=lambda step: 2.3 - 0.01 * step))) == {"healthy"}
    # one that may be negative has no such scale, and nobody has been patient yet
    assert kinds(diagnose(run(steps=150, loss=lambda step: step - 200.0))) == {"healthy"}
    assert kinds(diagnose(run(steps=50, loss=lambda _step: 2.3))) == {"healthy"}


def test_a_loss_that_nobody_told_is_not_known_and_no_divergence() -> None:
    findings = diagnose(run(loss=lambda _step: math.nan))
    assert [finding.kind for finding in findings] == ["healthy", "not_measured"]
    assert [fact.fact for fact in findings[1].evidence] == ["no_loss"]
    finding = found(run(loss=lambda _step: math.nan, diverged=20), "diverged")
    assert finding.step == finding.first_step == 20


def test_a_loss_that_is_infinite_is_lost_unless_the_step_was_skipped() -> None:
    """A script may leave a loss out, so that one that is no number says nothing; infinite is a number that it told."""
    lost = found(run(loss=lambda step: math.inf if step == 20 else 1.0 / (step + 1)), "diverged")
    assert (lost.step, lost.number("loss")) == (20, math.inf)
    assert kinds(diagnose(run(loss=lambda step: math.inf if step == 20 else 1.0 / (step + 1), skipped=[20]))) == {
        "healthy"
    }


def test_what_the_run_does_not_measure() -> None:
    measures = tuple(name for name in EVERYTHING if name != "weight_grad_norm")
    (finding,) = diagnose(run(measures=measures))
    assert finding.kind == "not_measured"
    assert [(fact.fact, fact.quantity) for fact in finding.evidence] == [("never", "weight_grad_norm")]
    assert severity_scores(run(measures=measures)).max() < 1.0


def test_a_part_of_the_network_is_compared_with_all_of_it() -> None:
    history = run(at("decoder.2.conv1", -9.0))
    assert kinds(diagnose(history, rows=(1, 5))) == {"healthy"}
    assert found(history, "vanishing", rows=(8, 8)).rows == (row("decoder.2.conv1"),)


def test_no_suggestion_changes_an_experiment_that_there_is_not() -> None:
    bad = run({name: np.full(len(NAMES), np.nan) for name in WELL}, loss=lambda step: 1.0 + step, steps=150)
    for finding in diagnose(bad):
        assert finding.remedies or finding.kind == "not_measured"
        assert all(not remedy.changes for remedy in finding.remedies)
