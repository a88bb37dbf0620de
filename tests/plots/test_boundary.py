from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QColor

from gradviz.experiment import Experiment
from gradviz.plots.boundary import FIELD_STRENGTH, MOST_POINTS, BoundaryPlot, _blend, _margins
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut, Started
from gradviz.recording.history import History

EXTENT = (-2.0, 4.0, -1.0, 2.0)
LEFT, RIGHT, BOTTOM, TOP = EXTENT
ROWS, COLUMNS = 30, 60


def history(held_out: HeldOut) -> History:
    return History(
        Started.of_experiment(
            Experiment(depth=3),
            quantities=(),
            held_out=held_out,
            parameters=100,
            device="cpu",
            threads=1,
            batch_size=4,
            training_samples=8,
        )
    )


def centres() -> tuple[np.ndarray, np.ndarray]:
    x = LEFT + (np.arange(COLUMNS) + 0.5) * (RIGHT - LEFT) / COLUMNS
    y = BOTTOM + (np.arange(ROWS) + 0.5) * (TOP - BOTTOM) / ROWS
    return np.meshgrid(x, y)


def tilted_field() -> np.ndarray:
    """Two classes that draw level on the line y = x / 2."""
    x, y = centres()
    second = 1 / (1 + np.exp(-4 * (y - x / 2)))
    return np.stack([1 - second, second], axis=-1).astype(np.float32)


@pytest.fixture
def points() -> HeldOut:
    generator = np.random.default_rng(0)
    inputs = generator.uniform((LEFT, BOTTOM), (RIGHT, TOP), (200, 2)).astype(np.float32)
    labels = (inputs[:, 1] > inputs[:, 0] / 2).astype(np.int64)
    return HeldOut(inputs, labels, ("below", "above"), extent=EXTENT)


def evaluated(held_out: HeldOut, step: int = 30, boundary: np.ndarray | None = None) -> Evaluation:
    predicted = held_out.labels.copy()
    predicted[:5] = 1 - predicted[:5]
    confidence = np.ones(len(predicted), np.float32)
    return Evaluation(step, 0.1, 0.975, predicted, confidence, tilted_field() if boundary is None else boundary)


@pytest.fixture
def plot(qtbot: object) -> Iterator[BoundaryPlot]:
    plot = BoundaryPlot()
    plot.resize(600, 420)
    yield plot
    plot.close()


def colour_at(plot: BoundaryPlot, x: float, y: float) -> tuple[int, int, int]:
    position = plot.view.mapViewToScene(pg.Point(x, y))
    colour = plot.grab().toImage().pixelColor(round(position.x()), round(position.y()))
    return colour.red(), colour.green(), colour.blue()


def mixed(style: Style, *shares: float) -> list[float]:
    """The field's colour for given class probabilities, worked out by hand."""
    parts = [QColor(style.series[number]).getRgb()[:3] for number in range(len(shares))]
    background = QColor(style.background).getRgb()[:3]
    return [
        FIELD_STRENGTH * sum(share * part[channel] for share, part in zip(shares, parts, strict=True))
        + (1 - FIELD_STRENGTH) * background[channel]
        for channel in range(3)
    ]


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=["light", "dark"])
def test_the_field_is_the_right_way_up_in_the_right_colours(plot: BoundaryPlot, style: Style) -> None:
    plot.apply_style(style)
    nobody = HeldOut(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), ("below", "above"), extent=EXTENT)
    run = history(nobody)
    run.append(evaluated(nobody))
    plot.show_history(run)
    plot.grab()
    # the corners: below right is surely of the first class, above left of the second
    assert colour_at(plot, RIGHT - 0.1, BOTTOM + 0.1) == pytest.approx(mixed(style, 1, 0), abs=3)
    assert colour_at(plot, LEFT + 0.1, TOP - 0.1) == pytest.approx(mixed(style, 0, 1), abs=3)


def test_the_line_runs_where_the_network_is_undecided(plot: BoundaryPlot, points: HeldOut) -> None:
    run = history(points)
    run.append(evaluated(points))
    plot.show_history(run)
    plot.grab()
    (line,) = (each for each in plot.readout().series if each.name.startswith("undecided"))
    x, y = line.x, line.y
    assert x.size > 50
    cell = (TOP - BOTTOM) / ROWS
    # within a hundredth of a cell of the true line; its two ends run straight to the border of the field
    distance = np.sort(np.abs(y - x / 2))
    assert distance[-3] < 0.01 * cell
    assert distance[-1] < cell
    assert x.max() - x.min() > 0.9 * (RIGHT - LEFT)


def test_blend_of_three_classes() -> None:
    shares = np.array([[[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]], np.float32)
    found = _blend(shares, LIGHT)
    assert found.dtype == np.uint8
    for column in range(2):
        assert found[0, column].tolist() == pytest.approx(mixed(LIGHT, *shares[0, column]), abs=0.51)


def test_a_field_that_is_not_a_number_is_background() -> None:
    assert _blend(np.full((1, 1, 2), np.nan, np.float32), LIGHT)[0, 0].tolist() == pytest.approx(
        mixed(LIGHT, 0, 0), abs=0.51
    )


def test_margins_are_zero_between_neighbours() -> None:
    shares = np.array([[[0.4, 0.4, 0.2], [0.1, 0.45, 0.45], [0.2, 0.7, 0.1]]], np.float32)
    margins = np.array(_margins(shares))
    assert margins.shape == (3, 1, 3)
    np.testing.assert_allclose(margins[:, 0, 0], [0.0, 0.0, -0.2], atol=1e-6)
    np.testing.assert_allclose(margins[:, 0, 2], [-0.5, 0.5, -0.6], atol=1e-6)
    assert len(_margins(shares[..., :2])) == 1


def test_every_class_has_its_own_symbol_and_points(plot: BoundaryPlot, points: HeldOut) -> None:
    run = history(points)
    run.append(evaluated(points))
    plot.show_history(run)
    readout = plot.readout()
    drawn = [readout[name] for name in points.class_names]
    assert len({each.symbol for each in drawn}) == 2
    for number, each in enumerate(drawn):
        np.testing.assert_array_equal(np.column_stack([each.x, each.y]), points.inputs[points.labels == number])
    np.testing.assert_array_equal(np.column_stack([readout["wrong"].x, readout["wrong"].y]), points.inputs[:5])


def test_words_around_the_plot(plot: BoundaryPlot, points: HeldOut) -> None:
    run = history(points)
    run.append(evaluated(points))
    plot.show_history(run)
    assert plot.title.text == "Validation samples at step 30: 97.5% right"
    marks = {words: (mark, colour) for mark, colour, words in plot.key.entries}
    assert marks["below"] == ("●", LIGHT.series[0])
    assert marks["above"] == ("▲", LIGHT.series[1])
    assert "wrong" in marks
    for side, words in (("left", "second input"), ("bottom", "first input")):
        assert plot.readout().axes[side] == words
    ((low_x, high_x), (low_y, high_y)) = plot.view.viewRange()
    assert low_x <= LEFT < RIGHT <= high_x
    assert low_y <= BOTTOM < TOP <= high_y


def test_very_many_points_are_cut_and_it_says_so(plot: BoundaryPlot) -> None:
    count = MOST_POINTS + 500
    many = HeldOut(np.zeros((count, 2), np.float32), np.arange(count) % 2, ("a", "b"), extent=EXTENT)
    run = history(many)
    run.append(evaluated(many))
    plot.show_history(run)
    assert sum(len(plot.readout()[name].x) for name in "ab") == MOST_POINTS
    assert plot.key.entries[-1][2] == "the first 2,000 of 2,500 points"


def test_a_run_with_fewer_classes_leaves_nothing_of_the_last_one(plot: BoundaryPlot, points: HeldOut) -> None:
    three = HeldOut(points.inputs, np.arange(200) % 3, ("a", "b", "c"), extent=EXTENT)
    run = history(three)
    run.append(evaluated(three, boundary=np.full((ROWS, COLUMNS, 3), 1 / 3, np.float32)))
    plot.show_history(run)
    before = {each.name for each in plot.readout().series}
    assert {"a", "b", "c", "undecided 0", "undecided 1", "undecided 2"} <= before
    run = history(points)
    run.append(evaluated(points))
    plot.show_history(run)
    assert {each.name for each in plot.readout().series} == {"below", "above", "wrong", "undecided 0"}


def test_refresh_draws_only_what_is_new(plot: BoundaryPlot, points: HeldOut, monkeypatch: pytest.MonkeyPatch) -> None:
    run = history(points)
    plot.show_history(run)
    drawn: list[str] = []
    # shown anew with every picture
    monkeypatch.setattr(plot.key, "show_entries", lambda *_entries: drawn.append(plot.title.text))
    for step in (0, 10):
        run.append(evaluated(points, step))
        for _ in range(3):
            plot.refresh()
    assert ["step 0:" in words for words in drawn] == [True, False]


def test_why_nothing_is_drawn(plot: BoundaryPlot) -> None:
    assert "no run yet" in plot.message.text
    pictures = HeldOut(np.zeros((4, 64), np.float32), np.zeros(4, np.int64), ("0", "1"), image_shape=(8, 8))
    plot.show_history(history(pictures))
    assert "these samples have 64" in plot.message.text
    assert "moons" in plot.message.text
