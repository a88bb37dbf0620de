from __future__ import annotations

import itertools
import math

import pytest

from gradviz.probes.observer import Due
from gradviz.watching.cadence import SEEN_SHARE, Cadence, Timing

STEP_S, PLAIN_S, GRADIENTS_S, THOROUGH_S = 4e-3, 2e-5, 8e-5, 2e-2


def ran(cadence: Cadence, steps: int, thorough_s: float = THOROUGH_S, gradients_s: float = GRADIENTS_S) -> Timing:
    """What a training comes to in which a step, and looking at it, take always the same; it is asked one step ahead."""
    ours = others = 0.0
    for step in range(steps):
        due = cadence.due(step)
        cadence.due(step + 1)
        ours += thorough_s if due.thorough else gradients_s if due.gradients else PLAIN_S
        others += STEP_S
        cadence.step_ended(step, Timing(ours, others))
    return Timing(ours, others)


def thorough_steps(cadence: Cadence, steps: int, **seconds: float) -> list[int]:
    found: list[int] = []
    ask = cadence.due

    def noted(step: int) -> Due:
        due = ask(step)
        if due.thorough and step < steps and step not in found:
            found.append(step)
        return due

    cadence.due = noted  # type: ignore[method-assign]
    ran(cadence, steps, **seconds)
    return found


@pytest.mark.parametrize(("every", "thorough_every"), [(1, 20), (3, 6), (1, 1)])
def test_a_fixed_schedule_is_kept_as_it_was_asked_for(every: int, thorough_every: int) -> None:
    cadence = Cadence(every, thorough_every, early=False)
    assert not cadence.adaptive
    for step in range(100):
        due = cadence.due(step)
        assert (due.gradients, due.thorough) == (step % every == 0, step % thorough_every == 0)


def test_the_first_steps_are_looked_at_and_then_those_of_the_schedule() -> None:
    assert thorough_steps(Cadence(1, 20, early=True), 70) == [*range(11), 20, 40, 60]


def test_what_costs_nothing_keeps_to_the_schedule() -> None:
    cheap = thorough_steps(Cadence(1, 20, early=True, max_overhead=0.05), 200, thorough_s=1e-4)
    assert cheap == [*range(11), *range(20, 200, 20)]


@pytest.mark.parametrize("share", [0.03, 0.05, 0.2])
def test_in_the_long_run_watching_takes_no_more_than_its_share(share: float) -> None:
    timing = ran(Cadence(1, 20, early=True, max_overhead=share), 20_000)
    assert timing.ours <= share * timing.others
    # and what may be spent is spent, up to a look in one of 20 steps
    most = 20_000 * (GRADIENTS_S + THOROUGH_S / 20)
    assert timing.ours >= 0.9 * min(SEEN_SHARE * share * timing.others, most)


def test_a_look_that_costs_a_lot_comes_once_the_training_is_half_as_long_again() -> None:
    found = thorough_steps(Cadence(1, 20, early=True, max_overhead=1e-6), 1000)
    # of the first steps some, since a look costs more than a step
    assert found[:10] == [0, 1, 2, 3, 5, 7, 10, 20, 40, 60]
    assert all(1.5 * one <= other < 1.5 * one + 20 for one, other in itertools.pairwise(found[7:]))


@pytest.mark.parametrize("gradients_s", [0.01 * STEP_S, 0.5 * STEP_S])
def test_gradients_come_at_every_step_whatever_they_cost(gradients_s: float) -> None:
    cadence = Cadence(1, 20, early=True, max_overhead=0.05)
    for step in range(400):
        assert cadence.due(step).gradients
        cadence.step_ended(step, Timing((step + 1) * gradients_s, (step + 1) * STEP_S))


def test_every_measured_step_is_a_multiple_of_what_was_asked_for() -> None:
    cadence = Cadence(3, 21, early=True, max_overhead=0.05)
    late = [step for step in range(400) if cadence.due(step).gradients and step > 10]
    assert late
    assert all(step % 3 == 0 for step in late)


@pytest.mark.parametrize("jump", [5.0, math.inf, math.nan])
def test_a_loss_that_jumps_is_looked_at_soon_and_once(jump: float) -> None:
    cadence = Cadence(1, 1000, early=True)
    found = []
    for step in range(100):
        if cadence.due(step).thorough:
            found.append(step)
        cadence.saw_loss(1.0 + 0.3 * (step % 3) if step < 60 else jump)
    assert found == [*range(11), 61]


def test_a_loss_near_zero_may_double() -> None:
    cadence = Cadence(1, 1000, early=True)
    for step in range(100):
        assert cadence.due(step).thorough == (step <= 10)
        cadence.saw_loss(1e-6 * 3 ** (step % 5))
