from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
import pytest
from made_up_runs import (
    GRADIENT,
    MEAN,
    append,
    click,
    colour_at,
    history_of,
    hover,
    place_of,
    run_of,
    send,
    shown,
    wheel,
)
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import COLOURS, FIRST_COLOUR
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Diverged

# layer 1 first; every kind of cell there is
ROWS = (
    [-1.5, -2.5, -3.5],
    [-math.inf, -2.0, math.nan],
    None,
    [-3.9, -1.1, -2.2],
    [-1.0, -2.0, -3.0],
    [-2.0, math.inf, -3.0],
)


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[HeatmapPlot]:
    plot = HeatmapPlot()
    # so that what is made up fills the scale
    plot.set_scale_of("these")
    shown(plot, qtbot)
    yield plot
    plot.close()


def place(plot: HeatmapPlot, step: float, layer: float) -> QPoint:
    return place_of(plot, plot.panes[0].view, step, layer)


def cell_colour(plot: HeatmapPlot, step: float, layer: float) -> str:
    return colour_at(plot, place(plot, step, layer))


def on_scale(value: float, low: float, high: float) -> str:
    """The colour of a finite value of a logarithm."""
    index = quantize(np.array([[value]], np.float32), np.array([True]), low, high, logarithmic=True)[0, 0]
    table = pg.colormap.get("viridis").getLookupTable(nPts=COLOURS)
    return "#" + bytes(table[index - FIRST_COLOUR][:3]).hex()


def hovered(plot: HeatmapPlot, qtbot: QtBot, step: float, layer: float) -> str:
    return hover(plot, qtbot, place(plot, step, layer))


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
@pytest.mark.parametrize("first_layer_at", ["bottom", "top"])
def test_every_cell_has_the_colour_of_its_value(plot: HeatmapPlot, style: Style, first_layer_at: str) -> None:
    plot.apply_style(style)
    plot.set_first_layer_at(first_layer_at)  # type: ignore[arg-type]
    plot.show_history(run_of(ROWS))
    plot.set_limits(-4.0, 0.0)
    bottom, top = place(plot, 0, 1).y(), place(plot, 0, 3).y()
    assert (bottom > top) == (first_layer_at == "bottom")
    for step, row in enumerate(ROWS):
        for layer, value in enumerate(row or [None] * 3, start=1):
            if value is None:
                wanted = style.not_measured_colour
            elif value == -math.inf:
                wanted = style.zero_colour
            elif not math.isfinite(value):
                wanted = style.nan_colour
            else:
                wanted = on_scale(value, -4.0, 0.0)
            for across in (-0.4, 0.0, 0.4):
                assert cell_colour(plot, step + across, layer + across) == wanted, (step, layer)
    assert cell_colour(plot, len(ROWS) + 1, 2) == style.background


def test_the_colour_bar_shows_the_colour_that_the_cells_have(plot: HeatmapPlot) -> None:
    plot.show_history(run_of(ROWS))
    plot.set_limits(-4.0, 0.0)
    table = ["#" + bytes(entry[:3]).hex() for entry in pg.colormap.get("viridis").getLookupTable(nPts=COLOURS)]
    for value in (-3.9, -2.0, -1.0):
        seen = colour_at(plot, place_of(plot, plot.scale_view, 0.5, value))
        # a pixel of the bar is as high as an entry, more or less
        assert abs(table.index(seen) - table.index(on_scale(value, -4.0, 0.0))) <= 2


@pytest.mark.parametrize("layers", [1, 2, 2000])
@pytest.mark.parametrize("steps", [1, 30])
def test_every_size_of_network_and_run_fills_its_place(plot: HeatmapPlot, layers: int, steps: int) -> None:
    plot.show_history(run_of([np.full(layers, -1.25)] * steps))
    wanted = on_scale(-1.25, *plot.limits)
    # two pixels from the frame, where a layer may be thinner than one
    for inward, layer in ((-2, 1), (2, layers)):
        for step in (0, steps - 1):
            assert colour_at(plot, place(plot, step, layer) + QPoint(0, inward)) == wanted
    (_, _), (low, high) = plot.panes[0].view.viewRange()
    assert (low, high) == (0.5, layers + 0.5)


def test_more_layers_than_pixels_are_admitted_to_be_a_sample(plot: HeatmapPlot) -> None:
    plot.show_history(run_of([np.full(2000, -1.25)] * 3))
    assert "zoom in to see every one" in plot.readout().axes["left"]
    plot.panes[0].view.setYRange(100, 200, padding=0)
    assert plot.readout().axes["left"] == "layer (1 = next to the input)"
    plot.show_history(run_of([np.full(30, -1.25)] * 3))
    assert plot.readout().axes["left"] == "layer (1 = next to the input)"


def test_ticks_sit_on_the_middle_of_a_layer(plot: HeatmapPlot) -> None:
    plot.show_history(run_of([[-1.0, -2.0, -3.0, -4.0]]))
    axis = plot.panes[0].layers
    for place_of_first in ("bottom", "top"):
        plot.set_first_layer_at(place_of_first)  # type: ignore[arg-type]
        plot.grab()
        [(spacing, ticks)] = axis.tickValues(*axis.range, axis.height())
        assert axis.tickStrings(ticks, 1, spacing) == ["1", "2", "3", "4"]
        assert ticks == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("step", "layer", "words"),
    [
        (0, 1, "step 0 · layer 1 · 3.16e-02 |g| (gradient norm)"),
        (3, 3, "step 3 · layer 3 · 6.31e-03 |g| (gradient norm)"),
        (1, 1, "step 1 · layer 1 · exactly zero: underflowed or dead (gradient norm)"),
        (1, 3, "step 1 · layer 3 · not a number (gradient norm)"),
        (5, 2, "step 5 · layer 2 · infinite: overflowed (gradient norm)"),
        (2, 2, "step 2 · layer 2 · not measured at this step (gradient norm)"),
        (8, 2, ""),
    ],
)
def test_the_value_under_the_mouse_is_read_out(
    plot: HeatmapPlot, qtbot: QtBot, step: int, layer: int, words: str
) -> None:
    plot.show_history(run_of(ROWS))
    plot.set_first_layer_at("top")
    assert hovered(plot, qtbot, step + 0.3, layer - 0.3) == words


def test_a_value_beyond_every_float_is_read_out(plot: HeatmapPlot, qtbot: QtBot) -> None:
    plot.show_history(run_of([[-612.5, -2.0]]))
    assert hovered(plot, qtbot, 0, 1) == "step 0 · layer 1 · 3.16e-613 |g| (gradient norm)"
    assert plot.limits == (-613.0, -1.0)


def test_columns_show_the_geometric_mean_where_asked_for(plot: HeatmapPlot, qtbot: QtBot) -> None:
    rows = np.full((4000, 2), -3.0)
    rows[1::2] = -5.0
    plot.show_history(run_of(rows))
    plot.show_summary("mean")
    stride = plot.panes[0].picture.grid.stride
    assert f"each column: geometric mean of {stride} steps" in plot.readout().axes["bottom"]
    # 10^-4, the mean of exponents
    assert hovered(plot, qtbot, 1000, 1).endswith(": 1.00e-04 |g|")
    plot.show_summary("largest")
    assert hovered(plot, qtbot, 1000, 1).endswith(": 1.00e-03 |g|")
    assert f"each column: maximum of {stride} steps" in plot.readout().axes["bottom"]


def test_where_a_column_holds_several_steps_both_values_are_read_out(plot: HeatmapPlot, qtbot: QtBot) -> None:
    rows = np.full((4000, 2), -3.0)
    rows[1001, 0] = -1.0
    history = run_of(rows)
    plot.show_history(history)
    stride = plot.panes[0].picture.grid.stride
    assert stride >= 4
    assert f"each column: maximum of {stride} steps" in plot.readout().axes["bottom"]
    first = 1001 // stride * stride
    # a pixel is about as wide as a column
    step = round(plot.panes[0].view.mapSceneToView(plot.mapToScene(place(plot, first + stride / 2, 1))).x())
    words = hovered(plot, qtbot, step, 1)
    assert words.startswith(f"step {step} · layer 1 · 1.00e-03 |g| (gradient norm)")
    assert words.endswith(f"shown for steps {first}–{first + stride - 1}: 1.00e-01 |g|")
    plot.panes[0].view.setXRange(990, 1010, padding=0)
    assert plot.panes[0].picture.grid.stride == 1
    assert plot.readout().axes["bottom"] == "step"
    assert cell_colour(plot, 1001, 1) == on_scale(-1.0, *plot.limits)
    assert cell_colour(plot, 1002, 1) == on_scale(-3.0, *plot.limits)


def test_leaving_the_picture_empties_the_readout(plot: HeatmapPlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.hovered) as caught:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert caught.args == [""]


def test_a_click_picks_the_step_under_it(plot: HeatmapPlot, qtbot: QtBot) -> None:
    plot.show_history(run_of(ROWS))
    with qtbot.waitSignal(plot.step_picked) as caught:
        click(plot, place(plot, 3.3, 2), Qt.MouseButton.LeftButton)
    assert caught.args == [3]
    assert "3 picked" in plot.readout().title
    # the cursor is a line of text colour between two of the background's
    across = [colour_at(plot, place(plot, 3, 2) + QPoint(offset, 0)) for offset in range(-3, 4)]
    line = across.index(LIGHT.foreground)
    assert across[line - 1] == across[line + 1] == LIGHT.background
    plot.show_step(None)
    assert cell_colour(plot, 3, 2) == on_scale(-1.1, *plot.limits)


def test_a_click_beyond_the_run_picks_its_last_step(plot: HeatmapPlot, qtbot: QtBot) -> None:
    plot.show_history(run_of(ROWS))
    with qtbot.waitSignal(plot.step_picked) as caught:
        click(plot, place(plot, 8.9, 2), Qt.MouseButton.LeftButton)
    assert caught.args == [len(ROWS) - 1]


def test_a_drag_picks_every_step_on_its_way(plot: HeatmapPlot) -> None:
    plot.show_history(run_of([[-1.0, -2.0]] * 10))
    picked: list[int] = []
    plot.step_picked.connect(picked.append)
    left = Qt.MouseButton.LeftButton
    send(plot, QEvent.Type.MouseButtonPress, place(plot, 2, 1), left, left)
    for step in range(3, 9):
        send(plot, QEvent.Type.MouseMove, place(plot, step, 1), Qt.MouseButton.NoButton, left)
    send(plot, QEvent.Type.MouseButtonRelease, place(plot, 9, 1), left, Qt.MouseButton.NoButton)
    assert picked == sorted(picked)
    assert picked[-1] == 9
    assert len(set(picked)) >= 6


@pytest.mark.parametrize(
    ("start", "key", "modifier", "wanted"),
    [
        (None, Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 28),
        (20, Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 19),
        (20, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 21),
        (5, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, 0),
        (15, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 25),
        (29, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 29),
    ],
)
def test_arrow_keys_move_the_picked_step(
    plot: HeatmapPlot, qtbot: QtBot, start: int | None, key: Qt.Key, modifier: Qt.KeyboardModifier, wanted: int
) -> None:
    plot.show_history(run_of([[-1.0, -2.0]] * 30))
    plot.show_step(start)
    with qtbot.waitSignal(plot.step_picked) as caught:
        qtbot.keyClick(plot, key, modifier)
    # from nothing picked the keys begin at the latest step, 29
    assert caught.args == [wanted]


def test_keys_without_a_run_do_nothing(plot: HeatmapPlot, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(plot.step_picked):
        qtbot.keyClick(plot, Qt.Key.Key_Left)


def test_colour_limits_hold_the_run_and_move_by_whole_decades_outward(plot: HeatmapPlot) -> None:
    history = run_of([[-2.5, -3.5]])
    plot.show_history(history)
    seen = [plot.limits]
    generator = np.random.default_rng(0)
    for step in range(120):
        append(history, [generator.normal(-3.0 - step / 20, 0.8, 2)])
        plot.refresh()
        seen.append(plot.limits)
        low, high = history.span(GRADIENT.name)
        assert plot.limits == (math.floor(low), math.floor(high) + 1)
    assert [low for low, _ in seen] == sorted((low for low, _ in seen), reverse=True)
    assert [high for _, high in seen] == sorted(high for _, high in seen)
    assert len(set(seen)) < 20


def test_limits_set_by_hand_stay_until_they_are_automatic_again(plot: HeatmapPlot) -> None:
    history = run_of([[-2.5, -3.5]])
    plot.show_history(history)
    plot.set_limits(-10.0, -1.5)
    append(history, [[-30.0, 2.0]])
    plot.refresh()
    assert plot.limits == (-10.0, -1.5)
    assert cell_colour(plot, 1, 1) == LIGHT.below_colour
    assert cell_colour(plot, 1, 2) == LIGHT.above_colour
    plot.set_scale_of("these")
    assert plot.limits == (-30.0, 3.0)
    assert cell_colour(plot, 0, 1) == on_scale(-2.5, -30.0, 3.0)
    with pytest.raises(ValueError, match=r"from 1.0 to 1.0"):
        plot.set_limits(1.0, 1.0)


def test_the_step_axis_leaps_rarely_and_the_picture_stays_right(plot: HeatmapPlot) -> None:
    history = run_of([[-1.0, -2.0]])
    plot.show_history(history)
    ranges = []
    for _ in range(299):
        append(history, [[-1.0, -2.0]])
        plot.refresh()
        ranges.append(tuple(plot.panes[0].view.viewRange()[0]))
    assert all(low == -0.5 and high >= step + 1.5 for step, (low, high) in enumerate(ranges))
    assert len(set(ranges)) < 15
    for step in (0, 150, 298):
        assert cell_colour(plot, step, 1) == on_scale(-1.0, *plot.limits)


def test_a_zoom_stays_where_it_is_until_everything_is_asked_for(plot: HeatmapPlot) -> None:
    history = run_of([[-1.0, -2.0]] * 50)
    plot.show_history(history)
    wheel(plot, place(plot, 20, 1), 240)
    zoomed = plot.panes[0].view.viewRange()
    assert not plot.following
    append(history, [[-1.0, -2.0]] * 100)
    plot.refresh()
    assert plot.panes[0].view.viewRange() == zoomed
    plot.show_all()
    assert plot.following
    assert plot.panes[0].view.viewRange() == [[-0.5, 149.5], [0.5, 2.5]]


def test_zooming_out_ends_at_the_run_and_follows_it_again(plot: HeatmapPlot) -> None:
    plot.show_history(run_of([[-1.0, -2.0]] * 50))
    whole = np.array(plot.panes[0].view.viewRange())
    for turn in (480, -480, -2400):
        wheel(plot, place(plot, 20, 1), turn)
        (left, right), (low, high) = plot.panes[0].view.viewRange()
        assert left >= -0.5
        assert right <= 49.5
        assert low >= 0.5
        assert high <= 2.5
    np.testing.assert_allclose(plot.panes[0].view.viewRange(), whole, atol=1e-6)
    assert plot.following


def test_the_key_explains_only_the_colours_that_are_there(plot: HeatmapPlot) -> None:
    history = run_of([[-1.0, -2.0]])
    plot.show_history(history)
    assert plot.readout().key == ()
    append(history, [[-math.inf, -2.0]])
    plot.refresh()
    assert [(colour, words) for _, colour, words in plot.readout().key] == [(LIGHT.zero_colour, "exactly zero")]
    append(history, [[math.nan, -2.0], None])
    plot.refresh()
    assert [colour for _, colour, _ in plot.readout().key] == [
        LIGHT.zero_colour,
        LIGHT.nan_colour,
        LIGHT.not_measured_colour,
    ]
    plot.apply_style(DARK)
    assert plot.readout().key[0][1] == DARK.zero_colour


def test_a_divergence_is_marked(plot: HeatmapPlot) -> None:
    history = run_of([[-1.0, -2.0]] * 8)
    plot.show_history(history)
    assert "diverged" not in plot.readout().lines
    history.append(Diverged(7, math.nan))
    plot.refresh()
    assert plot.readout().lines["diverged"] == (7,)
    assert "7" in plot.readout().labels["diverged"]
    plot.grab()
    # the words lie inside the picture even at its edge
    pane = plot.panes[0]
    assert pane.view.sceneBoundingRect().contains(pane.diverged.words_rect)
    plot.show_history(run_of([[-1.0, -2.0]] * 8))
    assert "diverged" not in plot.readout().lines


def test_without_a_run_it_says_what_to_do(plot: HeatmapPlot) -> None:
    plot.show_history(None)
    assert "Press Start (Ctrl+R)" in plot.readout().notice
    plot.show_history(history_of(3))
    assert plot.readout().notice
    assert "Press Start" not in plot.readout().notice
    plot.show_history(run_of(ROWS))
    assert plot.readout().notice == ""
    plot.show_quantity("something else")
    assert "choose another quantity" in plot.readout().notice


def test_the_title_states_quantity_and_step(plot: HeatmapPlot) -> None:
    history = run_of(ROWS, quantities=(GRADIENT, MEAN))
    plot.show_history(history)
    assert plot.readout().title == "Gradient norm · up to step 5"
    append(history, [[-1.0, -1.0, -1.0]])
    plot.refresh()
    plot.show_step(4)
    assert plot.readout().title == "Gradient norm · up to step 6, 4 picked"
    plot.show_quantity("mean")
    assert plot.readout().title.startswith("Mean · ")
    assert plot.readout().axes["right"] == "Mean"


def test_nothing_new_is_not_drawn_again(plot: HeatmapPlot, monkeypatch: pytest.MonkeyPatch) -> None:
    plot.show_history(run_of(ROWS))
    drawn: list[object] = []
    monkeypatch.setattr(pg.ImageItem, "setImage", lambda *args, **kwargs: drawn.append(args))
    plot.refresh()
    assert not drawn
    append(plot.history, [[-1.0, -1.0, -1.0]])  # type: ignore[arg-type]
    plot.refresh()
    assert len(drawn) == 1


def test_another_run_takes_the_place_of_the_first(plot: HeatmapPlot) -> None:
    plot.show_history(run_of([[-1.0] * 5] * 80))
    plot.show_step(60)
    wheel(plot, place(plot, 20, 1), 240)
    plot.show_history(run_of([[-2.0, -3.0]] * 3))
    assert plot.panes[0].view.viewRange() == [[-0.5, 9.5], [0.5, 2.5]]
    assert plot.following
    assert plot.limits == (-3.0, -1.0)
    assert "picked" not in plot.readout().title
    plot.show_history(None)
    assert cell_colour(plot, 0, 1) == LIGHT.background


def test_a_right_click_opens_no_menu(plot: HeatmapPlot, qtbot: QtBot) -> None:
    plot.show_history(run_of(ROWS))
    click(plot, place(plot, 2, 2), Qt.MouseButton.RightButton)
    assert QApplication.activePopupWidget() is None


def test_a_live_run_is_drawn_as_the_finished_one(plot: HeatmapPlot, qtbot: QtBot) -> None:
    generator = np.random.default_rng(3)
    rows = generator.normal(-4, 2, (700, 6)).astype(np.float32)
    rows[generator.random(rows.shape) < 0.1] = -np.inf
    history = run_of(rows[:1])
    plot.show_history(history)
    for start in range(1, 700, 13):
        append(history, rows[start : start + 13])
        plot.refresh()
    finished = HeatmapPlot()
    finished.set_scale_of("these")
    shown(finished, qtbot)
    finished.show_history(run_of(rows))
    assert finished.panes[0].picture.grid == plot.panes[0].picture.grid
    np.testing.assert_array_equal(finished.panes[0].picture.indices, plot.panes[0].picture.indices)
    finished.close()
