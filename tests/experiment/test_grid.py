"""Sweeps as data: axes as people write them, and every cell exactly once."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradviz.errors import ExperimentError
from gradviz.experiment import Experiment, load_preset
from gradviz.experiment.grid import Axis, Cell, Grid, grid_of, parse_axis

BASE = Experiment(depth=3, steps=5)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sigma_w=0.5:3:6", (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)),
        ("depth=log:5:320:4", (5, 20, 80, 320)),
        ("depth=1:3:9", (1, 2, 3)),
        ("activation=relu, tanh", ("relu", "tanh")),
        ("learning_rate=0.1,0.01,0.1", (0.1, 0.01)),
        ("zero_init_branch=true,false", (True, False)),
        ("depth=7:7:1", (7,)),
    ],
)
def test_axes_are_read(text: str, values: tuple[object, ...]) -> None:
    found = parse_axis(text, BASE).values
    assert len(found) == len(values)
    for one, other in zip(found, values, strict=True):
        assert one == (pytest.approx(other) if isinstance(other, float) else other)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sigma_w", "sigma_w"),
        ("sigma=1:2:3", "sigma"),
        ("depth=0:5:3", "depth"),
        ("depth=1:99999:3", "depth"),
        ("sigma_w=log:0:1:3", "sigma_w"),
        ("sigma_w=1:2:0", "sigma_w"),
        ("sigma_w=1:2:99999", "sigma_w"),
        ("sigma_w=a,b", "sigma_w"),
        ("sigma_w=1_0,2", "sigma_w"),
        ("sigma_w=nan,1", "sigma_w"),
        ("depth=1.5,2", "depth"),
        ("activation=relu,rellu", "activation"),
        ("depth=", "depth"),
    ],
)
def test_axes_that_cannot_be_are_refused_by_name(text: str, word: str) -> None:
    with pytest.raises(ExperimentError, match=word):
        parse_axis(text, BASE)


@given(width=st.integers(1, 40), height=st.integers(1, 40), seeds=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_every_cell_comes_once(width: int, height: int, seeds: int) -> None:
    grid = Grid(
        base=BASE.flat(),
        x=Axis(field="sigma_w", values=tuple(range(1, width + 1))),
        y=Axis(field="depth", values=tuple(range(1, height + 1))),
        seeds=seeds,
    )
    cells = list(grid.cells())
    assert len(cells) == len(set(cells)) == grid.size == width * height * seeds
    assert {(cell.x, cell.y, cell.repeat) for cell in cells} == {
        (x, y, repeat) for x in range(width) for y in range(height) for repeat in range(seeds)
    }


def test_the_picture_comes_before_its_details() -> None:
    grid = grid_of(BASE, "sigma_w=1:3:16", "depth=1:16:16")
    early = list(grid.cells())[:16]
    # a sixteenth of the cells, and none farther than two places from one of them
    for x in range(13):
        for y in range(13):
            assert min(max(abs(x - cell.x), abs(y - cell.y)) for cell in early) <= 2


def test_a_cell_is_the_base_with_its_values_and_its_seed() -> None:
    grid = grid_of(load_preset("sigmoid-30"), "depth=2,4", "activation=relu,tanh", seeds=2)
    found = grid.experiment(Cell(x=1, y=0, repeat=1))
    assert (found.value("depth"), found.value("activation"), found.training.seed) == (4, "relu", 1)
    assert found == load_preset("sigmoid-30").changed(depth=4, activation="relu", seed=1, title="", notes="")
    assert Grid.model_validate_json(grid.model_dump_json()) == grid


def test_a_sweep_has_two_different_axes_and_an_end() -> None:
    with pytest.raises(ExperimentError, match="depth"):
        grid_of(BASE, "depth=1:2:2", "depth=1:2:2")
    with pytest.raises(ExperimentError, match="cells"):
        grid_of(BASE, "sigma_w=0.1:3:9999", "sigma_b=0:1:9999")
    with pytest.raises(ExperimentError, match="seeds"):
        grid_of(BASE, "depth=1:2:2", seeds=0)


def test_a_logarithmic_axis_is_even_in_its_logarithm() -> None:
    values = [float(value) for value in parse_axis("learning_rate=log:0.0001:1:9", BASE).values]
    steps = [math.log(b / a) for a, b in itertools.pairwise(values)]
    assert steps == pytest.approx([math.log(1e4) / 8] * 8)
    assert (values[0], values[-1]) == (0.0001, 1.0)
