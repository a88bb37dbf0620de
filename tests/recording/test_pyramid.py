from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.recording.chunks import ROWS_PER_CHUNK
from gradviz.recording.frame import Quantity
from gradviz.recording.pyramid import Pyramid, Window

LAYERS = 3


def filled(rows: np.ndarray, measured: np.ndarray, signed: bool) -> Pyramid:
    pyramid = Pyramid(rows.shape[1], signed)
    for row, seen in zip(rows, measured, strict=True):
        pyramid.append(row if seen else None)
    return pyramid


def made_up(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with NaN, infinities and ties between positive and negative, and about a third not measured."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(steps, LAYERS)).round(1).astype(np.float32)
    rows[generator.random(rows.shape) < 0.02] = np.nan
    rows[generator.random(rows.shape) < 0.02] = -np.inf
    return rows, generator.random(steps) < 0.67


def representative(values: list[float], signed: bool) -> float:
    """The rule in words of plain Python: NaN first, else the largest, or the largest in magnitude."""
    if any(value != value for value in values):
        return float("nan")
    return max(values, key=abs) if signed else max(values)


def check(window: Window, rows: np.ndarray, measured: np.ndarray, count: int, signed: bool) -> None:
    for column in range(len(window.values)):
        start = window.first_step + column * window.stride
        steps = [step for step in range(start, min(start + window.stride, count)) if measured[step]]
        assert window.measured[column] == bool(steps)
        for layer in range(LAYERS):
            found = window.values[column, layer]
            wanted = representative([float(rows[step, layer]) for step in steps], signed) if steps else np.nan
            # of two values of one magnitude either may stand for both
            assert np.array_equal(abs(found) if signed else found, abs(wanted) if signed else wanted, equal_nan=True)


@given(
    steps=st.integers(1, 700), seed=st.integers(0, 99), signed=st.booleans(), columns=st.integers(2, 60),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), shown=st.floats(0.01, 1),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_window_is_what_plain_python_makes_of_the_steps(
    steps: int, seed: int, signed: bool, columns: int, ends: tuple[float, float], shown: float
) -> None:
    rows, measured = made_up(steps, seed)
    pyramid = filled(rows, measured, signed)
    # a reader may be behind the writer
    count = max(1, round(shown * steps))
    first, last = sorted(round(end * (count - 1)) for end in ends)
    window = pyramid.window(first, last, columns, count)
    assert window.stride.bit_count() == 1
    assert window.first_step % window.stride == 0
    assert len(window.values) == len(window.measured) <= columns
    assert window.first_step <= first
    assert window.first_step + len(window.values) * window.stride > last
    if window.stride > 1:
        # the resolution is not given away: half the stride would not fit for every place of the window
        assert (last - first - 1) // (window.stride // 2) + 2 > columns
    check(window, rows, measured, count, signed)


def test_signed_window_keeps_the_sign() -> None:
    rows = np.array([[1.0, -1.0, 0.0], [-3.0, 2.0, 0.0], [2.0, -1.0, 0.0]], np.float32)
    window = filled(rows, np.ones(3, bool), signed=True).window(0, 2, 2, 3)
    assert window.stride == 2
    np.testing.assert_array_equal(window.values, [[-3.0, 2.0, 0.0], [2.0, -1.0, 0.0]])


def test_one_nan_among_thousands_of_steps_stays_visible() -> None:
    rows = np.zeros((5000, 1), np.float32)
    rows[3210] = np.nan
    for signed in (False, True):
        window = filled(rows, np.ones(5000, bool), signed).window(0, 4999, 20, 5000)
        assert np.flatnonzero(np.isnan(window.values[:, 0])).tolist() == [3210 // window.stride]


def test_only_the_quantity_with_a_sign_is_combined_by_magnitude() -> None:
    def last_value(quantity: Quantity) -> float:
        pyramid = Pyramid.for_quantity(1, quantity)
        for value in (0.5, -2.0, 0.0):
            pyramid.append(np.array([value], np.float32))
        return float(pyramid.window(0, 2, 2, 3).values[0, 0])

    assert last_value(Quantity("a", "", "", "", scale="linear", signed=True)) == -2.0
    assert last_value(Quantity("a", "", "", "", scale="linear")) == 0.5
    assert last_value(Quantity("a", "", "", "")) == 0.5


def test_columns_stay_where_they_are_while_the_window_slides() -> None:
    rows, measured = made_up(900, seed=1)
    pyramid = filled(rows, measured, signed=False)
    seen: dict[int, np.ndarray] = {}
    strides = set()
    for first in range(0, 400):
        window = pyramid.window(first, first + 299, 100, 900)
        strides.add(window.stride)
        for column, row in enumerate(window.values):
            step = window.first_step + column * window.stride
            np.testing.assert_array_equal(seen.setdefault(step, row), row)
    assert strides == {4}


def test_a_window_is_a_copy() -> None:
    rows, measured = np.zeros((4, LAYERS), np.float32), np.ones(4, bool)
    pyramid = filled(rows, measured, signed=False)
    pyramid.window(0, 3, 10, 4).values[:] = 7.0
    row = pyramid.row(0)
    assert row is not None
    row[:] = 7.0
    assert pyramid.row(0).tolist() == [0.0] * LAYERS


def test_rows_are_kept_across_chunks() -> None:
    steps = 2 * ROWS_PER_CHUNK + 3
    rows = np.arange(steps, dtype=np.float32)[:, np.newaxis]
    pyramid = filled(rows, np.ones(steps, bool), signed=False)
    np.testing.assert_array_equal(pyramid.window(1, steps - 2, steps, steps).values, rows[1:-1])


@pytest.mark.parametrize(("first", "last", "count"), [(0, 5, 0), (7, 3, 10), (12, 20, 10), (-5, -1, 10)])
def test_empty_windows(first: int, last: int, count: int) -> None:
    pyramid = filled(np.zeros((10, LAYERS), np.float32), np.ones(10, bool), signed=False)
    window = pyramid.window(first, last, 5, count)
    assert window.values.shape == (0, LAYERS)
    assert window.measured.shape == (0,)


def test_too_few_columns() -> None:
    with pytest.raises(ValueError, match="two columns"):
        Pyramid(1, signed=False).window(0, 3, 1, 0)
