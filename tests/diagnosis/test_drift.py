from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradviz.diagnosis.drift import largest_fall, largest_rise, rate

LAYERS = np.arange(1, 41)


@pytest.mark.parametrize("slope", [0.62, -0.15, 1e-4, 12.5])
def test_the_rate_of_a_line_is_its_slope(slope: float) -> None:
    assert rate(LAYERS, slope * LAYERS - 7.0) == pytest.approx(slope, rel=1e-12)


def test_the_rate_counts_layers_where_some_are_left_out() -> None:
    some = np.array([2, 4, 6, 8, 16, 18, 32])
    assert rate(some, 0.25 * some) == pytest.approx(0.25, rel=1e-12)


def test_a_fifth_of_the_layers_may_be_anything() -> None:
    values = 0.62 * LAYERS
    values[np.random.default_rng(0).choice(40, 8, replace=False)] = np.random.default_rng(1).normal(0.0, 1e3, 8)
    assert rate(LAYERS, values) == pytest.approx(0.62, rel=1e-12)
    # which least squares is thrown off by
    assert abs(np.polyfit(LAYERS, values, 1)[0] - 0.62) > 1.0


@given(st.lists(st.integers(-300, 300), min_size=2, max_size=4))
def test_the_largest_fall_is_the_largest_of_all_pairs(values: list[int]) -> None:
    layers, row = np.arange(1, len(values) + 1), np.array(values, float)
    # towards the input: from a higher layer to a lower one
    pairs = [row[high] - row[low] for low in range(len(row)) for high in range(low, len(row))]
    fall, rise = largest_fall(layers, row), largest_rise(layers, row)
    assert fall is not None
    assert rise is not None
    assert fall.decades == max(pairs)
    assert rise.decades == max(-pair for pair in pairs)
    assert row[fall.begin - 1] - row[fall.end - 1] == fall.decades
    assert row[rise.end - 1] - row[rise.begin - 1] == rise.decades


def test_a_gradient_that_grows_and_then_falls_is_told_apart() -> None:
    row = np.concatenate([np.linspace(-28.0, 4.0, 20), np.linspace(4.0, -1.0, 20)])
    fall, rise = largest_fall(LAYERS, row), largest_rise(LAYERS, row)
    assert fall is not None
    assert rise is not None
    # the summit is two layers wide
    assert (fall.begin, fall.end, fall.decades) == (20, 1, 32.0)
    assert (rise.begin, rise.end, rise.decades) == (40, 21, 5.0)
    assert fall.rate == pytest.approx(32 / 19)
    assert rise.rate == pytest.approx(5 / 19)


def test_a_single_layer_that_sticks_out_is_no_fall() -> None:
    row = np.zeros(40)
    row[17] = -30.0
    fall = largest_fall(LAYERS, row)
    assert fall is not None
    assert fall.decades == 0.0


def test_a_cliff_has_no_rate_but_a_place() -> None:
    row = np.where(LAYERS > 25, 0.01 * LAYERS, 0.01 * LAYERS - 15.0)
    fall = largest_fall(LAYERS, row)
    assert fall is not None
    assert fall.decades == pytest.approx(15.39)
    assert (fall.begin, fall.end, fall.steepest) == (40, 1, 26)
    assert not fall.even


def test_one_layer_neither_falls_nor_grows() -> None:
    assert largest_fall(LAYERS[:1], np.zeros(1)) is largest_rise(LAYERS[:1], np.zeros(1)) is None
