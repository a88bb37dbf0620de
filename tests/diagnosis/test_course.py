"""A finding has the step it began at, and does not come and go."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from made_up_findings import append, gradient, history_of, kinds, level, run_of, the

from gradviz.diagnosis import Thresholds, diagnose
from gradviz.diagnosis.course import judged_steps, on_grid
from gradviz.recording.history import History

LAYERS = np.arange(1, 101)


def falling(decades: float) -> dict[str, np.ndarray]:
    """A gradient that falls by so many decades from the last layer to the first."""
    return gradient(-1.0 - decades * (100 - LAYERS) / 99)


def course(decades: list[float]) -> History:
    """A run whose gradient falls by so many decades at each step."""
    history = history_of(100)
    for each in decades:
        append(history, level(100) | falling(each))
    return history


def test_the_grid_is_every_step_at_first_and_eight_to_an_octave_later() -> None:
    steps = list(islice(judged_steps(), 100))
    assert steps[:32] == list(range(32))
    for begin in (32, 64, 1024):
        assert sum(begin <= step < 2 * begin for step in steps) == 8
    assert [step for step in range(steps[-1] + 1) if on_grid(step)] == steps


@pytest.mark.parametrize("began", [3, 16, 50, 77])
def test_a_finding_tells_the_step_it_began_at(began: int) -> None:
    history = course([8.0 if step >= began else 0.0 for step in range(120)])
    found = the("vanishing", diagnose(history))
    assert (found.first_step, found.step) == (began, 119)
    assert "vanishing" not in kinds(diagnose(history, began - 1))


def test_what_wavers_around_a_threshold_neither_comes_nor_goes() -> None:
    """Of the three decades allowed every other step has a little more, and every other a little less."""
    history = course([3.1 if step % 2 else 2.9 for step in range(200)])
    held = [step for step in range(200) if "vanishing" in kinds(diagnose(history, step))]
    assert held == list(range(held[0], 200))
    assert held[0] == 2
    assert {the("vanishing", diagnose(history, step)).first_step for step in held} == {1}


def test_one_step_is_forgiven_and_what_is_cured_is_let_go() -> None:
    spike = course([4.0 if step == 40 else 0.0 for step in range(90)])
    assert all(kinds(diagnose(spike, step)) == {"healthy"} for step in range(90))
    cured = course([4.0 if 2 < step < 40 else 0.0 for step in range(90)])
    assert "vanishing" in kinds(diagnose(cured, 39))
    assert kinds(diagnose(cured)) == {"healthy"}
    # until it is let go it says of which step it speaks
    lingering = the("vanishing", diagnose(cured, 42))
    last = lingering.fact("found_last")
    assert last is not None
    assert last.step == lingering.step < 40


def test_what_holds_does_not_depend_on_which_steps_were_asked_for() -> None:
    decades = np.random.default_rng(0).uniform(1.0, 5.0, 150).tolist()
    forwards, backwards, once = course(decades), course(decades), course(decades)
    there = {step: diagnose(forwards, step) for step in range(150)}
    back = {step: diagnose(backwards, step) for step in reversed(range(150))}
    assert there == back
    assert diagnose(once, 140) == there[140]


def test_the_exact_gradient_of_another_step_is_no_evidence() -> None:
    """It was level at step 0; at step 13 the delivered one is zero from layer 50 down, and none was worked out."""
    history = run_of(100, steps=12)
    rows = level(100) | {"activation_grad_rms": np.where(LAYERS <= 50, -np.inf, -0.4 * (100 - LAYERS))}
    del rows["exact_log10_activation_grad_rms"]
    for _ in range(3):
        append(history, rows)
    found = the("vanishing", diagnose(history))
    assert {fact.step for fact in found.evidence} == {15}
    assert found.quantity == "activation_grad_rms"


def test_thresholds_that_go_on_are_easier_and_allowed() -> None:
    for thresholds in (Thresholds(), Thresholds(update_low=9e-4, update_high=1.1e-3), Thresholds(dead_share=0.05)):
        lenient = thresholds.lenient()
        assert lenient.vanishing_decades < thresholds.vanishing_decades
        assert lenient.update_low > thresholds.update_low
        assert lenient.update_high < thresholds.update_high
        assert lenient.dead_share <= thresholds.dead_share


@pytest.mark.parametrize("found_share", [0.3, 0.7])
def test_nothing_comes_and_goes_within_a_few_steps(found_share: float) -> None:
    """Whatever is found at whichever steps, severe or not: what is said stays a while, and so does silence after it."""
    rng = np.random.default_rng(7)
    severe = np.where(rng.random(130) < 0.5, 12.0, 4.0)
    history = course(np.where(rng.random(130) < found_share, severe, 0.0).tolist())
    said = ["vanishing" in kinds(diagnose(history, step)) for step in range(130)]
    changes = [step for step in range(1, 130) if said[step] != said[step - 1]]
    assert all(later - earlier >= 10 for earlier, later in pairwise(changes))
    assert True in said
