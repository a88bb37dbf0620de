from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gradviz.plots.parts.limits import FEWEST_STEPS, limits_around, nice_above, room_for, united
from gradviz.recording.frame import Quantity

NORM = Quantity("norm", "Norm", "", "")
SHARE = Quantity("share", "Share", "", "", scale="linear")
BOUNDED = Quantity("bounded", "Share", "", "", scale="linear", bounds=(0.0, 1.0))
MEAN = Quantity("mean", "Mean", "", "", scale="linear", signed=True)
QUANTITIES = st.sampled_from([NORM, SHARE, MEAN])
EXPONENT = st.floats(-700, 300)


@given(QUANTITIES, EXPONENT, EXPONENT)
def test_limits_hold_what_they_are_made_for(quantity: Quantity, one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = limits_around((low, high), quantity)
    assert ends[0] <= low <= high <= ends[1]
    assert ends[0] < ends[1]


@given(QUANTITIES, st.lists(EXPONENT, min_size=1, max_size=20))
def test_limits_of_a_growing_span_only_ever_move_outward(quantity: Quantity, values: list[float]) -> None:
    span = (values[0], values[0])
    before = limits_around(span, quantity)
    # nothing but zeros of a linear quantity tell nothing about its range yet
    assume(quantity is NORM or span != (0.0, 0.0))
    for value in values:
        span = min(span[0], value), max(span[1], value)
        after = limits_around(span, quantity)
        assert after[0] <= before[0]
        assert after[1] >= before[1]
        before = after


@given(EXPONENT, EXPONENT)
def test_logarithms_are_held_in_whole_decades_with_none_to_spare(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = limits_around((low, high), NORM)
    assert all(end == math.floor(end) for end in ends)
    assert ends[0] + 1 > low
    assert ends[1] - 1 <= high < ends[1]


@pytest.mark.parametrize(
    ("span", "quantity", "expected"),
    [
        (None, NORM, (-1.0, 0.0)),
        ((-3.2, -1.5), NORM, (-4.0, -1.0)),
        ((-2.0, -2.0), NORM, (-2.0, -1.0)),
        (None, SHARE, (0.0, 1.0)),
        ((0.0, 0.0), SHARE, (0.0, 1.0)),
        ((0.2, 0.31), SHARE, (0.0, 0.5)),
        ((-0.03, 0.31), SHARE, (-0.05, 0.5)),
        # a share is shown from nothing to all, however little of it there is
        (None, BOUNDED, (0.0, 1.0)),
        ((0.001, 0.002), BOUNDED, (0.0, 1.0)),
        (None, MEAN, (-1.0, 1.0)),
        ((-0.03, 0.012), MEAN, (-0.05, 0.05)),
    ],
)
def test_limits_that_are_worked_out_by_hand(
    span: tuple[float, float] | None, quantity: Quantity, expected: tuple[float, float]
) -> None:
    assert limits_around(span, quantity) == pytest.approx(expected)


@given(st.floats(5e-324, 1e300))
def test_the_nice_number_above_is_the_next_one(value: float) -> None:
    nice = nice_above(value)
    assert value <= nice <= value * 2.5 * (1 + 1e-9)


def test_there_is_no_nice_number_above_nothing() -> None:
    assert (nice_above(0.0), nice_above(-3.0)) == (0.0, 0.0)


def test_spans_are_united_and_unknown_ones_left_out() -> None:
    assert united(None, (1.0, 2.0), (-3.0, 1.5)) == (-3.0, 2.0)
    assert united(None, None) is None


def test_the_step_axis_leaps_rarely_and_always_has_room() -> None:
    rooms = [room_for(frames) for frames in range(1, 100_001)]
    assert all(room >= frames for frames, room in enumerate(rooms, start=1))
    assert rooms == sorted(rooms)
    assert len(set(rooms)) < 40
    # never more than half of it is empty once it is longer than the shortest
    assert all(room <= 1.5 * frames + FEWEST_STEPS for frames, room in enumerate(rooms, start=1))


def test_the_step_axis_ends_where_the_run_will() -> None:
    # steps 0 to 85 are 86 frames
    assert room_for(83, planned=85) == 86
    assert room_for(3, planned=85) == 10
    assert room_for(1, planned=2) == FEWEST_STEPS
    assert room_for(120, planned=85) == 150
