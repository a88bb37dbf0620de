from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import (
    ABOVE,
    BELOW,
    COLOURS,
    EXACTLY_ZERO,
    FIRST_COLOUR,
    NOT_FINITE,
    NOT_MEASURED,
)

ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)
LIMITS = st.tuples(st.integers(-700, 20), st.integers(1, 60)).map(lambda pair: (float(pair[0]), float(sum(pair))))


def expected(value: float, measured: bool, low: float, high: float, logarithmic: bool) -> set[int]:
    """The index of one value, one branch at a time; two where float32 may round a tie to either side."""
    if not measured:
        return {NOT_MEASURED}
    if logarithmic and value == -math.inf:
        return {EXACTLY_ZERO}
    if not math.isfinite(value):
        return {NOT_FINITE}
    exact = (value - low) / (high - low) * (COLOURS - 1)
    slack = 2.0**-22 * (max(abs(value), abs(low)) * (COLOURS - 1) / (high - low) + abs(exact))
    return {_index(exact + way) for way in (-slack, 0.0, slack)}


def _index(place: float) -> int:
    if place < -0.5:
        return BELOW
    return ABOVE if place > COLOURS - 0.5 else FIRST_COLOUR + round(min(max(place, 0.0), COLOURS - 1))


@given(
    arrays(np.float32, (4, 6), elements=ANY | st.floats(-60, 10, width=32)),
    arrays(np.bool_, 4),
    LIMITS,
    st.booleans(),
)
def test_every_value_gets_the_index_that_is_worked_out_one_by_one(
    values: np.ndarray, measured: np.ndarray, limits: tuple[float, float], logarithmic: bool
) -> None:
    before = values.copy()
    indices = quantize(values, measured, *limits, logarithmic=logarithmic)
    np.testing.assert_array_equal(values, before)
    assert indices.dtype == np.uint8
    for column, layer in np.ndindex(values.shape):
        wanted = expected(float(values[column, layer]), bool(measured[column]), *limits, logarithmic)
        assert int(indices[column, layer]) in wanted, values[column, layer]


def test_the_limits_get_the_first_and_the_last_colour_and_what_lies_beyond_others() -> None:
    values = np.array([[-1e30, -10.0, -9.96, -5.0, 0.0, 1e30]], np.float32)
    indices = quantize(values, np.array([True]), -10.0, 0.0, logarithmic=True)
    # (-9.96 + 10) / 10 * 248 = 0.992
    assert indices[0].tolist() == [BELOW, *(FIRST_COLOUR + place for place in (0, 1, 124, 248)), ABOVE]


def test_minus_infinity_is_a_zero_only_for_logarithms() -> None:
    values, measured = np.array([[-np.inf, np.inf, np.nan]], np.float32), np.array([True])
    assert quantize(values, measured, -1, 1, logarithmic=True).tolist() == [[EXACTLY_ZERO, NOT_FINITE, NOT_FINITE]]
    assert quantize(values, measured, -1, 1, logarithmic=False).tolist() == [[NOT_FINITE] * 3]


def test_no_columns_are_no_trouble() -> None:
    empty = quantize(np.empty((0, 5), np.float32), np.empty(0, np.bool_), 0, 1, logarithmic=True)
    assert empty.shape == (0, 5)
