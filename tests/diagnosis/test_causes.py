"""Rules over what was observed of scripts, on histories made up event by event."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from made_up_findings import kinds
from made_up_scripts import NAMES, WELL, run

from gradviz.diagnosis import Finding, Severity, diagnose, words
from gradviz.recording.frame import Frame, Observation
from gradviz.recording.history import History

PARAMETERS = (("parameters", 120.0), ("all_parameters", 1000.0))


def observed(
    *observations: Observation,
    missing: Sequence[int] = (),
    scalars: dict[str, Callable[[int], float]] | None = None,
    loss: Callable[[int], float] = lambda step: 1.0 / (step + 1),
    steps: int = 130,
) -> History:
    """A run that is well but for what is observed; the rows `missing` get no gradient and do not move."""
    plain = run(steps=0)
    there = ~np.isin(np.arange(1, len(NAMES) + 1), list(missing))
    history = History(plain.started)
    waiting = sorted(observations, key=lambda each: each.step)
    for step in range(steps + 1):
        while waiting and waiting[0].step <= step:
            history.append(waiting.pop(0))
        rows = {name: np.full(len(NAMES), value, np.float32) for name, value in WELL.items()}
        if step == 0:
            rows = {name: row for name, row in rows.items() if name not in ("update_ratio", "unchanged_fraction")}
        else:
            rows["update_ratio"][~there] = -math.inf
            rows["unchanged_fraction"][~there] = 1.0
        rows["weight_grad_norm"][~there] = math.nan
        told = {name: value(step) for name, value in (scalars or {}).items()}
        history.append(Frame(step, loss(step), math.nan, 0.1, rows, {"weight_grad_norm": there}, scalars=told))
    return history


def first(history: History, step: int | None = None) -> Finding:
    finding = diagnose(history, step)[0]
    names = words.Names.of(history.started)
    assert words.headline(finding, names)
    assert words.evidence(finding, names)
    return finding


@pytest.mark.parametrize(
    ("kind", "of", "severity"),
    [
        ("in_no_optimizer", "in_no_optimizer", Severity.WARNING),
        ("cut_off", "without_gradient", Severity.WARNING),
        ("cut_off", "no_grad", Severity.WARNING),
        ("cut_off", "detached", Severity.WARNING),
        ("never_called", "never_called", Severity.NOTICE),
    ],
)
def test_what_is_observed_of_modules_is_named_with_its_rows_and_its_step(
    kind: str, of: str, severity: Severity
) -> None:
    history = observed(Observation(7, of, (5,), ("neck",), PARAMETERS), missing=(5,))
    found = first(history)
    assert (found.kind, found.rows, found.first_step, found.severity) == (kind, (5,), 7, severity)
    assert found.remedies
    # what cannot move for this reason is no other finding
    assert kinds(diagnose(history)) == {kind}
    assert kind not in kinds(diagnose(history, 6))


def test_half_of_the_network_in_no_optimiser_is_critical() -> None:
    some = tuple(range(1, 6))
    assert first(observed(Observation(0, "in_no_optimizer", some, NAMES[:5], PARAMETERS))).severity is Severity.CRITICAL


def test_a_module_that_takes_turns_is_not_cut_off() -> None:
    """The generator of a GAN has no gradient in the rounds in which only the critic makes a step."""
    for kind in ("no_grad", "without_gradient"):
        assert kinds(diagnose(observed(Observation(20, kind, (5,), ("neck",), PARAMETERS)))) == {"healthy"}


def test_frozen_modules_are_counted_in_what_is_well() -> None:
    history = observed(
        Observation(0, "frozen", (2, 3), NAMES[1:3], PARAMETERS), Observation(0, "without_weights", (4,), NAMES[3:4])
    )
    found = first(history)
    frozen, left_out = found.fact("frozen"), found.fact("left_out")
    assert found.kind == "healthy"
    assert frozen is not None
    assert left_out is not None
    assert (frozen.rows, frozen.number("parameters"), frozen.number("all_parameters")) == ((2, 3), 120.0, 1000.0)
    assert left_out.number("without_weights") == 1.0


def test_experts_that_others_are_alike_get_no_sample() -> None:
    """encoder.1.conv1 is made like encoder.0.conv1, which is called; the neck is like no other."""
    history = observed(Observation(10, "not_called_lately", (3,), NAMES[2:3], (("steps", 5.0),)), missing=(3,))
    found = first(history)
    assert (found.kind, found.rows, found.first_step) == ("dead_experts", (3,), 10)
    fact = found.evidence[0]
    assert (fact.fact, fact.number("others"), fact.number("steps")) == ("not_called_others_are", 1.0, 120.0)
    neck = observed(Observation(10, "not_called_lately", (5,), ("neck",), (("steps", 5.0),)), missing=(5,))
    assert "dead_experts" not in kinds(diagnose(neck))


def test_no_gradient_at_all_from_the_second_step_on() -> None:
    history = observed(Observation(3, "no_gradient", numbers=(("steps", 2.0),)), missing=range(1, 11))
    assert "no_gradient" not in kinds(diagnose(history, 3))
    found = first(history, 4)
    assert (found.kind, found.severity, found.first_step, found.number("steps")) == (
        "no_gradient", Severity.CRITICAL, 3, 2.0,
    )  # fmt: skip
    assert kinds(diagnose(history)) <= {"no_gradient", "not_measured"}


@pytest.mark.parametrize(("outputs", "kind"), [(1.0, "loss_function"), (0.0, "diverged")])
def test_a_loss_that_is_not_finite_though_all_outputs_are(outputs: float, kind: str) -> None:
    """What was said when it began counts, not what became of everything afterwards."""
    history = observed(
        Observation(30, "loss_not_finite", numbers=(("loss", math.inf), ("outputs_finite", outputs))),
        Observation(31, "loss_not_finite", numbers=(("loss", math.nan), ("outputs_finite", 0.0))),
        loss=lambda step: 1.0 if step < 30 else math.nan,
    )
    found = first(history)
    assert (found.kind, found.severity, found.first_step) == (kind, Severity.CRITICAL, 30)
    assert found.number("loss") == math.inf


def inputs(**numbers: float) -> Observation:
    usual = {"lowest": -2.0, "highest": 2.0, "mean": 0.0, "std": 1.0, "not_finite": 0.0}
    return Observation(0, "inputs", numbers=tuple((usual | numbers).items()))


@pytest.mark.parametrize(
    ("numbers", "fact"),
    [
        ({"not_finite": 1.0}, "inputs_not_finite"),
        ({"lowest": 0.5, "highest": 0.5, "mean": 0.5, "std": 0.0}, "inputs_constant"),
        ({"lowest": -31234.5, "highest": 29876.5, "std": 9000.0}, "inputs_huge"),
        ({}, None),
        # the numbers of tokens, and the values of a picture
        ({"lowest": 0.0, "highest": 50256.0, "mean": 9000.0, "std": 12000.0}, None),
        ({"lowest": 0.0, "highest": 255.0, "mean": 120.0, "std": 70.0}, None),
    ],
)
def test_inputs_out_of_range(numbers: dict[str, float], fact: str | None) -> None:
    found = first(observed(inputs(**numbers)))
    assert (found.evidence[0].fact if found.kind == "bad_inputs" else None) == fact


@pytest.mark.parametrize(
    ("lowest", "highest", "bad"), [(0.0, 9.0, False), (1.0, 10.0, True), (-1.0, 9.0, False), (-7.0, 9.0, True)]
)
def test_labels_out_of_range(lowest: float, highest: float, bad: bool) -> None:
    numbers = (("lowest", lowest), ("highest", highest), ("not_finite", 0.0), ("classes", 10.0))
    assert (first(observed(Observation(0, "labels", numbers=numbers))).kind == "bad_labels") is bad


def test_one_class_for_all_once_there_was_time_to_learn() -> None:
    labels = Observation(0, "labels", numbers=(("lowest", 0.0), ("highest", 9.0), ("largest_share", 0.9)))
    said = Observation(0, "predictions", numbers=(("largest_share", 1.0), ("accuracy", 0.9)))
    history = observed(labels, said)
    assert "one_class" not in kinds(diagnose(history, 99))
    found = next(each for each in diagnose(history) if each.kind == "one_class")
    assert (found.severity, found.number("largest_share")) == (Severity.WARNING, 0.9)


def test_a_small_last_batch_of_an_epoch_passes() -> None:
    small = Observation(20, "small_batch", (5,), ("neck",), (("samples", 2.0),))
    ended = Observation(21, "small_batch", holds=False)
    assert kinds(diagnose(observed(small, ended), 21)) == {"healthy"}
    assert (first(observed(small)).kind, first(observed(small)).first_step) == ("small_batch", 20)


def test_clipping_that_leaves_next_to_nothing() -> None:
    """All rows have 0.1: together sqrt(10) / 10, of which 30 times are 9.5."""
    for norm, found in ((9.0, "healthy"), (10.0, "clipped")):
        history = observed(scalars={"gradient_norm_before_clipping": lambda _step, norm=norm: norm})  # type: ignore[misc]
        assert first(history).kind == found
    assert first(history).number("norm_after") == pytest.approx(math.sqrt(10) / 10)


@pytest.mark.parametrize(
    ("loss", "endless"),
    [
        (lambda step: 2.0 - 0.01 * step**2, True),
        # a likelihood of densities may be negative, and comes to rest
        (lambda step: -40.0 + 42.0 * math.exp(-step / 20), False),
        (lambda step: 2.0 / (step + 1), False),
    ],
)
def test_a_loss_without_a_lower_bound(loss: Callable[[int], float], endless: bool) -> None:
    assert (first(observed(loss=loss)).kind == "loss_unbounded") is endless


def test_validation_that_stays_that_of_a_guess() -> None:
    labels = Observation(0, "labels", numbers=(("lowest", 0.0), ("highest", 9.0), ("classes", 10.0)))
    for accuracy, found in ((0.11, True), (0.3, False)):
        history = observed(labels, scalars={"validation_accuracy": lambda _step, share=accuracy: share})  # type: ignore[misc]
        assert ("not_learning" in kinds(diagnose(history))) is found
        assert "not_learning" not in kinds(diagnose(history, 90))
