from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_runs import GRADIENT, MEAN, append, history_of

from gradviz.plots.heatmaps.picture import Grid, Picture, read_columns
from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED, NOT_YET, SOME_ZERO
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

LIMITS = (-8.0, 2.0)
CELL = st.sampled_from([-math.inf, math.nan, *np.linspace(-9, 3, 25).tolist()])
ROWS = st.lists(st.none() | st.tuples(CELL, CELL), min_size=1, max_size=70)


def worked_out(rows: list[tuple[float, ...] | None], grid: Grid, quantity: Quantity) -> np.ndarray:
    """The picture, cell by cell: NaN outweighs everything, then the maximum, or the largest magnitude if signed."""
    picture = np.full((2, grid.columns), NOT_YET, np.uint8)
    for column in range(grid.columns):
        first = (grid.first + column) * grid.stride
        steps = rows[first : first + grid.stride]
        if not steps:
            continue
        measured = [row for row in steps if row is not None]
        for layer in range(2):
            values = [row[layer] for row in measured]
            if not values or any(math.isnan(value) for value in values):
                value = math.nan
            else:
                value = max(values, key=abs if quantity.signed else None)
            cell = np.array([[value]], np.float32)
            index = quantize(cell, np.array([bool(values)]), *LIMITS, logarithmic=quantity.scale == "log10")
            picture[layer, column] = index[0, 0]
            zeros = [each == -math.inf for each in values]
            if quantity.scale == "log10" and math.isfinite(value) and any(zeros):
                picture[layer, column] = SOME_ZERO
    return picture


def recorded(rows: list[tuple[float, ...] | None], quantity: Quantity) -> History:
    return append(history_of(2, quantities=(quantity,)), rows, quantity.name)


@pytest.mark.slow
@settings(max_examples=200)
@given(ROWS, st.data())
def test_the_picture_is_what_is_worked_out_cell_by_cell(
    rows: list[tuple[float, ...] | None], data: st.DataObject
) -> None:
    low = data.draw(st.integers(0, len(rows) - 1)) - 0.5
    grid = Grid.covering(low, low + data.draw(st.integers(1, 80)), data.draw(st.integers(2, 90)), len(rows))
    picture = Picture(recorded(rows, GRADIENT), GRADIENT, grid, LIMITS)
    picture.update()
    np.testing.assert_array_equal(picture.indices, worked_out(rows, grid, GRADIENT))


@given(ROWS, st.sampled_from([1, 2, 4, 8]), st.data())
def test_a_picture_that_grew_equals_one_made_at_once(
    rows: list[tuple[float, ...] | None], stride: int, data: st.DataObject
) -> None:
    # a grid of this stride is only ever asked for once there are more frames than that
    start = min(len(rows), stride + 1)
    stride = stride if start > stride else 1
    history = recorded(rows[:start], GRADIENT)
    grid = Grid(0, 80 // stride, stride)
    growing = Picture(history, GRADIENT, grid, LIMITS)
    growing.update()
    for number, row in enumerate(rows[start:], start=start):
        append(history, [row])
        if data.draw(st.booleans()):
            assert growing.update()
            np.testing.assert_array_equal(growing.indices, worked_out(rows[: number + 1], grid, GRADIENT))
    growing.update()
    np.testing.assert_array_equal(growing.indices, worked_out(rows, grid, GRADIENT))
    assert not growing.update()


def test_a_column_of_signed_values_shows_the_largest_magnitude() -> None:
    rows: list[tuple[float, ...] | None] = [(1.0, -0.5), (-2.0, 0.25), None, (1.5, 0.5), (0.0, 0.0)]
    grid = Grid(0, 3, 2)
    picture = Picture(recorded(rows, MEAN), MEAN, grid, LIMITS)
    picture.update()
    np.testing.assert_array_equal(picture.indices, worked_out(rows, grid, MEAN))


def test_only_the_columns_that_may_still_change_are_read_again(monkeypatch: object) -> None:
    asked: list[tuple[int, int]] = []

    class Watched(History):
        def window(self, name: str, first: int, last: int, *rest: object) -> object:  # type: ignore[override]
            asked.append((first, last))
            return super().window(name, first, last, *rest)  # type: ignore[arg-type]

    history = Watched(history_of(2).started)
    append(history, [(-1.0, -2.0)] * 40)
    picture = Picture(history, GRADIENT, Grid(0, 100, 4), LIMITS)
    picture.update()
    append(history, [(-1.0, -2.0)] * 2)
    asked.clear()
    picture.update()
    # steps 40 and 41 begin column 10
    # the second time for the zeros that the largest value hides
    assert asked == [(40, 41), (40, 41)]


@given(st.floats(-0.5, 5000), st.floats(1, 20_000), st.integers(0, 3000), st.integers(1, 20_000))
def test_a_grid_covers_what_is_seen_at_the_resolution_of_the_screen(
    low: float, length: float, pixels: int, frames: int
) -> None:
    grid = Grid.covering(low, low + length, pixels, frames)
    assert grid.first * grid.stride <= low + 0.5
    assert (grid.first + grid.columns) * grid.stride >= low + length + 0.5
    assert grid.stride & (grid.stride - 1) == 0
    assert grid.stride == 1 or grid.stride < frames
    # too coarse by no more than the next power of two
    assert grid.stride == 1 or length / (grid.stride / 2) > max(pixels, 2)
    assert grid.columns <= max(max(pixels, 2), 2 * length / frames if frames > 1 else length) * 2 + 2


def test_single_columns_are_read_whole_wherever_they_lie() -> None:
    rows = [(float(step % 7) - 6, -3.0) for step in range(50)]
    history = recorded(list(rows), GRADIENT)
    for column in range(13):
        window = read_columns(history, GRADIENT.name, Grid(0, 1, 4), column, column + 1, 50)
        assert window.values[:, 0].tolist() == [max(row[0] for row in rows[4 * column : 4 * column + 4])]


def test_what_is_present_is_told() -> None:
    history = recorded([(-math.inf, -1.0), None], GRADIENT)
    picture = Picture(history, GRADIENT, Grid(0, 5, 1), LIMITS)
    assert picture.present(EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED) == ()
    picture.update()
    assert picture.present(EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED) == (EXACTLY_ZERO, NOT_MEASURED)


@pytest.mark.slow
def test_a_spike_of_a_single_step_stays_in_sight_however_far_one_zooms_out() -> None:
    steps, spike, layer = 100_000, 65_431, 2
    history, row = history_of(3), np.array([-9.0, -9.0, -9.0], np.float32)
    append(history, [row] * spike)
    append(history, [np.where(np.arange(1, 4) == layer, np.float32(-1.0), row)])
    append(history, [row] * (steps - spike - 1))
    limits = (-10.0, 0.0)
    ordinary, highest = quantize(np.array([[-9.0, -1.0]], np.float32), np.array([True]), *limits, logarithmic=True)[0]
    for pixels in (800, 20, 2):
        grid = Grid.covering(-0.5, steps - 0.5, pixels, steps)
        assert grid.columns <= pixels + 1
        picture = Picture(history, GRADIENT, grid, limits)
        picture.update()
        found = np.argwhere(picture.indices == highest).tolist()
        assert found == [[layer - 1, spike // grid.stride]]
        assert (picture.indices == ordinary).sum() == picture.indices.size - 1
    # the mean says how it was most of the time: one step of thousands hardly changes it
    mean = Picture(history, GRADIENT, Grid.covering(-0.5, steps - 0.5, 20, steps, summary="mean"), limits)
    mean.update()
    assert (mean.indices == ordinary).all()


def test_the_picture_of_means_is_that_of_the_means() -> None:
    rows = np.random.default_rng(3).normal(-5, 2, (100, 3)).astype(np.float32)
    grid = Grid(0, 7, 16, "mean")
    picture = Picture(append(history_of(3), rows), GRADIENT, grid, LIMITS)
    picture.update()
    means = np.array([rows[start : start + 16].mean(axis=0) for start in range(0, 100, 16)])
    exact = quantize(means, np.ones(7, bool), *LIMITS, logarithmic=True).T.astype(int)
    # float32 may round to the neighbouring colour
    assert np.abs(picture.indices.astype(int) - exact).max() <= 1
    assert (picture.indices == exact).mean() > 0.9
