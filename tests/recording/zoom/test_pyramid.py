from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.recording.frame import Quantity
from gradviz.recording.source import Summary
from gradviz.recording.zoom.cache import CachedSource
from gradviz.recording.zoom.chunked_series import ChunkedSeries, Rows
from gradviz.recording.zoom.chunks import rows_per_chunk
from gradviz.recording.zoom.levels import BATCH, stride_for
from gradviz.recording.zoom.pyramid import Pyramid, Window

LAYERS = 3
PLAIN = Quantity("plain", "", "", "made up")
SIGNED = Quantity("signed", "", "", "made up", scale="linear", signed=True)


def filled(rows: np.ndarray, measured: np.ndarray, signed: bool) -> Pyramid:
    """`measured` [steps] or, by layer, [steps, layers]."""
    pyramid = Pyramid(SIGNED if signed else PLAIN, rows.shape[1], CachedSource())
    for row, seen in zip(rows, measured, strict=True):
        if np.ndim(seen):
            pyramid.append(row, seen)
        else:
            pyramid.append(row if seen else None)
    return pyramid


def made_up(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with NaN, infinities and ties between positive and negative, and about a third not measured."""
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(steps, LAYERS)).round(1).astype(np.float32)
    rows[generator.random(rows.shape) < 0.02] = np.nan
    rows[generator.random(rows.shape) < 0.02] = -np.inf
    rows[generator.random(rows.shape) < 0.005] = np.inf
    return rows, generator.random(steps) < 0.67


def representative(values: list[float], signed: bool, summary: Summary) -> float:
    """The rule in words of plain Python: NaN first, else the largest, or the largest in magnitude; or the mean."""
    if any(value != value for value in values):
        return float("nan")
    if summary == "mean":
        return sum(values) / len(values)
    return max(values, key=abs) if signed else max(values)


def check(
    window: Window, rows: np.ndarray, measured: np.ndarray, count: int, signed: bool, summary: Summary = "largest"
) -> None:
    by_layer = np.broadcast_to(measured if measured.ndim > 1 else measured[:, np.newaxis], rows.shape)
    found_by_layer = window.measured_layers
    for column in range(len(window.values)):
        start = window.first_step + column * window.stride
        steps = range(start, min(start + window.stride, count))
        assert window.measured[column] == any(by_layer[step].any() for step in steps)
        for layer in range(LAYERS):
            values = [float(rows[step, layer]) for step in steps if by_layer[step, layer]]
            seen = window.measured[column] if found_by_layer is None else found_by_layer[column, layer]
            assert seen == bool(values)
            found = window.values[column, layer]
            wanted = representative(values, signed, summary) if values else np.nan
            if summary == "mean":
                np.testing.assert_allclose(found, wanted, rtol=3e-6, atol=1e-6)
            else:
                # of two values of one magnitude either may stand for both
                pair = (abs(found), abs(wanted)) if signed else (found, wanted)
                assert np.array_equal(*pair, equal_nan=True)


@given(
    steps=st.integers(1, 700), seed=st.integers(0, 99), signed=st.booleans(), columns=st.integers(2, 60),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)), shown=st.floats(0.01, 1), by_layer=st.booleans(),
    summary=st.sampled_from(["largest", "mean"]),
)  # fmt: skip
@settings(max_examples=120, deadline=None)
def test_window_is_what_plain_python_makes_of_the_steps(
    steps: int, seed: int, signed: bool, columns: int, ends: tuple[float, float], shown: float, by_layer: bool,
    summary: Summary,
) -> None:  # fmt: skip
    rows, measured = made_up(steps, seed)
    if by_layer:
        measured = measured[:, np.newaxis] & (np.random.default_rng(seed + 1).random(rows.shape) < 0.5)
    pyramid = filled(rows, measured, signed)
    # a reader may be behind the writer
    count = max(1, round(shown * steps))
    first, last = sorted(round(end * (count - 1)) for end in ends)
    window = pyramid.window(first, last, stride_for(last - first + 1, columns), count, summary)
    assert window.stride.bit_count() == 1
    assert window.first_step % window.stride == 0
    assert len(window.values) == len(window.measured) <= columns
    assert window.first_step <= first
    assert window.first_step + len(window.values) * window.stride > last
    if window.stride > 1:
        # the resolution is not given away: half the stride would not fit for every place of the window
        assert (last - first - 1) // (window.stride // 2) + 2 > columns
    check(window, rows, measured, count, signed, summary)


def test_layers_that_differ_late_are_told_apart_from_then_on() -> None:
    """The first rows of a chunk are kept as wholly measured; a row by layer among them changes none of that."""
    steps = 2 * BATCH + 5
    rows = np.arange(steps * LAYERS, dtype=np.float32).reshape(steps, LAYERS)
    pyramid = Pyramid(PLAIN, LAYERS, CachedSource())
    seen = np.ones((steps, LAYERS), bool)
    for step in range(steps):
        if step >= BATCH + 7:
            seen[step] = np.arange(LAYERS) == step % LAYERS
        pyramid.append(rows[step], seen[step] if step >= BATCH + 7 else None)
    for columns in (5, steps):
        check(pyramid.window(0, steps - 1, stride_for(steps, columns), steps), rows, seen, steps, signed=False)
    assert pyramid.window(0, steps - 1, 1, steps).measured_layers is not None
    np.testing.assert_array_equal(pyramid.measured(3), [True] * LAYERS)
    np.testing.assert_array_equal(pyramid.measured(steps - 1), seen[-1])
    row = pyramid.row(steps - 1)
    assert row is not None
    np.testing.assert_array_equal(np.isnan(row), ~seen[-1])


@pytest.mark.parametrize("steps", [BATCH - 1, 4096, 5000])
def test_means_weigh_every_measured_step_the_same(steps: int) -> None:
    """Measured every 10 steps, blocks of 4, 16, 64 ... steps hold different numbers of measurements."""
    rows = np.random.default_rng(2).normal(-300, 30, (steps, LAYERS)).astype(np.float32)
    measured = np.arange(steps) % 10 == 0
    window = filled(rows, measured, signed=False).window(0, steps - 1, stride_for(steps, 2), steps, "mean")
    starts = range(0, steps, window.stride)
    wanted = [rows[s : s + window.stride][measured[s : s + window.stride]].mean(axis=0, dtype=float) for s in starts]
    np.testing.assert_allclose(window.values, wanted, rtol=1e-6)


def test_the_mean_with_an_exact_zero_is_minus_infinity_and_with_both_infinities_no_number() -> None:
    rows = np.ones((1000, 3), np.float32)
    rows[10], rows[20, 1], rows[700, 2] = -np.inf, np.inf, np.inf
    window = filled(rows, np.ones(1000, bool), signed=False).window(0, 999, 512, 1000, "mean")
    np.testing.assert_array_equal(window.values, [[-np.inf, np.nan, -np.inf], [1.0, 1.0, np.inf]])


def test_signed_window_keeps_the_sign() -> None:
    rows = np.array([[1.0, -1.0, 0.0], [-3.0, 2.0, 0.0], [2.0, -1.0, 0.0]], np.float32)
    window = filled(rows, np.ones(3, bool), signed=True).window(0, 2, 2, 3)
    assert window.stride == 2
    np.testing.assert_array_equal(window.values, [[-3.0, 2.0, 0.0], [2.0, -1.0, 0.0]])


def test_one_nan_among_thousands_of_steps_stays_visible() -> None:
    rows = np.zeros((5000, 1), np.float32)
    rows[3210] = np.nan
    for signed in (False, True):
        window = filled(rows, np.ones(5000, bool), signed).window(0, 4999, stride_for(5000, 20), 5000)
        assert np.flatnonzero(np.isnan(window.values[:, 0])).tolist() == [3210 // window.stride]


def test_only_the_quantity_with_a_sign_is_combined_by_magnitude() -> None:
    def last_value(quantity: Quantity) -> float:
        pyramid = Pyramid(quantity, 1, CachedSource())
        for value in (0.5, -2.0, 0.0):
            pyramid.append(np.array([value], np.float32))
        return float(pyramid.window(0, 2, 2, 3).values[0, 0])

    assert last_value(Quantity("a", "", "", "", scale="linear", signed=True)) == -2.0
    assert last_value(Quantity("a", "", "", "", scale="linear")) == 0.5
    assert last_value(Quantity("a", "", "", "")) == 0.5


@pytest.mark.slow
def test_columns_stay_where_they_are_while_the_window_slides() -> None:
    rows, measured = made_up(900, seed=1)
    pyramid = filled(rows, measured, signed=False)
    seen: dict[int, np.ndarray] = {}
    for first in range(0, 400):
        window = pyramid.window(first, first + 299, 4, 900)
        for column, row in enumerate(window.values):
            step = window.first_step + column * window.stride
            np.testing.assert_array_equal(seen.setdefault(step, row), row)


def test_a_window_is_a_copy() -> None:
    rows, measured = np.zeros((4, LAYERS), np.float32), np.ones(4, bool)
    pyramid = filled(rows, measured, signed=False)
    pyramid.window(0, 3, 1, 4).values[:] = 7.0
    row = pyramid.row(0)
    assert row is not None
    row[:] = 7.0
    assert pyramid.row(0).tolist() == [0.0] * LAYERS


def test_rows_are_kept_across_chunks() -> None:
    steps = 2 * rows_per_chunk(1) + 3
    rows = np.arange(steps, dtype=np.float32)[:, np.newaxis]
    pyramid = filled(rows, np.ones(steps, bool), signed=False)
    np.testing.assert_array_equal(pyramid.window(1, steps - 2, 1, steps).values, rows[1:-1])


@pytest.mark.parametrize(("first", "last", "count"), [(0, 5, 0), (7, 3, 10), (12, 20, 10), (-5, -1, 10)])
def test_empty_windows(first: int, last: int, count: int) -> None:
    pyramid = filled(np.zeros((10, LAYERS), np.float32), np.ones(10, bool), signed=False)
    window = pyramid.window(first, last, 4, count)
    assert window.values.shape == (0, LAYERS)
    assert window.measured.shape == (0,)


@pytest.mark.parametrize("stride", [-2, 0, 3, 12])
def test_a_column_stands_for_a_power_of_two_steps(stride: int) -> None:
    with pytest.raises(ValueError, match=str(stride)):
        Pyramid(PLAIN, 1, CachedSource()).window(0, 3, stride, 0)


@given(
    steps=st.integers(0, 900), seed=st.integers(0, 99), share=st.sampled_from([0.0, 0.002, 0.02, 0.5, 1.0]),
    at=st.floats(-0.01, 1.1), most=st.integers(1, 9), read=st.floats(0, 1), by_layer=st.booleans(),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_the_latest_measured_steps_are_found_however_irregular_they_are(
    steps: int, seed: int, share: float, at: float, most: int, read: float, by_layer: bool
) -> None:
    generator = np.random.default_rng(seed)
    measured = generator.random((steps, LAYERS) if by_layer else steps) < share
    pyramid = filled(np.zeros((steps, LAYERS), np.float32), measured, signed=False)
    step, count = int(at * steps), int(read * steps)
    wanted = [each for each in range(min(step + 1, count)) if np.any(measured[each])][-most:]
    assert pyramid.latest_steps(step, most, count) == wanted


def test_a_long_time_without_measurements_is_passed_over_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 1 << 16
    pyramid = Pyramid(PLAIN, LAYERS, CachedSource())
    for step in range(steps):
        pyramid.append(np.zeros(LAYERS, np.float32) if step in (5, 9) else None)
    looks = 0
    view = ChunkedSeries.view

    def counted(series: ChunkedSeries, first: int, end: int) -> Rows:
        nonlocal looks
        looks += 1
        return view(series, first, end)

    monkeypatch.setattr(ChunkedSeries, "view", counted)
    assert pyramid.latest_steps(steps - 2, 2, steps) == [5, 9]
    assert looks < steps / BATCH / 10
