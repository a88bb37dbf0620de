from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.recording.zoom.scalars import Scalars


def made_up(steps: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(steps, 4))
    rows[generator.random(rows.shape) < 0.05] = np.nan
    rows[generator.random(rows.shape) < 0.05] = np.inf
    # a stretch in which nothing is finite
    rows[steps // 3 : steps // 2, 1] = -np.inf
    return rows


@given(
    steps=st.integers(1, 900), stored=st.floats(0, 1), shown=st.floats(0.01, 1), seed=st.integers(0, 99),
    columns=st.integers(2, 70), ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), column=st.integers(0, 3),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_an_envelope_is_what_plain_python_makes_of_the_steps(
    steps: int, stored: float, shown: float, seed: int, columns: int, ends: tuple[float, float], column: int
) -> None:
    """Some of the steps were there when the table was made, the others were put one by one."""
    rows, before = made_up(steps, seed), int(stored * steps)
    scalars = Scalars(4, rows[:before])
    for step in range(before, steps):
        scalars.put(step, tuple(rows[step]))
    count = max(1, round(shown * steps))
    first, last = sorted(round(end * (count - 1)) for end in ends)
    envelope = scalars.envelope(column, first, last, columns, count)
    assert len(envelope.smallest) == len(envelope.largest) == len(envelope.steps) <= columns
    assert envelope.first_step <= first
    assert envelope.first_step + envelope.stride * len(envelope.steps) > last
    for number, middle in enumerate(envelope.steps):
        start = envelope.first_step + number * envelope.stride
        assert middle == (start + start + envelope.stride - 1) / 2
        values = [value for value in rows[start : min(start + envelope.stride, count), column] if abs(value) < np.inf]
        assert np.array_equal(envelope.smallest[number], min(values, default=np.nan), equal_nan=True)
        assert np.array_equal(envelope.largest[number], max(values, default=np.nan), equal_nan=True)


def test_steps_are_found_in_a_table_filled_at_once_and_goes_on() -> None:
    rows = made_up(1000, 0)
    scalars = Scalars(4, rows[:600])
    for step in range(600, 1000):
        scalars.put(step, tuple(rows[step]))
    np.testing.assert_array_equal(scalars.read(250, 990), rows[250:990])
    np.testing.assert_array_equal(scalars.column(2, 777), rows[:777, 2])
    np.testing.assert_array_equal(scalars.at(601), rows[601])


def test_an_envelope_of_nothing() -> None:
    for first, last, count in ((0, 5, 0), (7, 3, 10), (12, 20, 10)):
        assert Scalars(4, made_up(10, 0)).envelope(0, first, last, 5, count).steps.size == 0
    with pytest.raises(ValueError, match="two columns"):
        Scalars(4, made_up(10, 0)).envelope(0, 0, 9, 1, 10)
