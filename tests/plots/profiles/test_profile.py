from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from made_up_runs import GRADIENT, MEAN, append, colour_at, history_of, hover, place_of, run_of, shown
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.profiles.profile_line import ProfileLine

INITIAL = [-8.0, -6.0, -4.0, -2.0]
LATER = [-math.inf, -30.0, math.nan, -1.5]


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[ProfilePlot]:
    plot = ProfilePlot()
    shown(plot, qtbot, (520, 340))
    yield plot
    plot.close()


def drawn(plot: ProfilePlot, name: str) -> dict[float, float]:
    """Where a line or marks are, by layer; gaps left out, nothing where they are not drawn."""
    readout = plot.readout()
    return readout[name].finite if name in readout else {}


def words_of(plot: ProfilePlot) -> list[str]:
    return list(plot.readout().words)


def near(plot: ProfilePlot, layer: float, value: float, reach: int = 3) -> set[str]:
    """The colours within a few pixels of a point."""
    place = place_of(plot, plot.view, layer, value)
    offsets = range(-reach, reach + 1)
    return {colour_at(plot, place + QPoint(x, y)) for x in offsets for y in offsets}


def test_the_latest_step_is_drawn_before_the_initial_one(plot: ProfilePlot) -> None:
    history = run_of([INITIAL, [-7.0, -5.0, -3.0, -1.0]])
    plot.show_history(history)
    assert drawn(plot, "now") == {1: -7.0, 2: -5.0, 3: -3.0, 4: -1.0}
    assert drawn(plot, "initial") == dict(enumerate(INITIAL, start=1))
    append(history, [[-6.5, -4.5, -2.5, -0.5]])
    plot.refresh()
    assert drawn(plot, "now")[1] == -6.5
    assert plot.readout().title == "Gradient norm · step 2"
    assert words_of(plot) == ["step 2", "at initialisation"]


def test_a_picked_step_stays_and_the_latest_is_followed_again(plot: ProfilePlot) -> None:
    history = run_of([[-float(step)] * 3 for step in range(1, 9)])
    plot.show_history(history)
    plot.show_step(4)
    append(history, [[-20.0] * 3])
    plot.refresh()
    assert drawn(plot, "now") == {1: -5.0, 2: -5.0, 3: -5.0}
    assert plot.readout().title.endswith("step 4")
    plot.show_step(None)
    assert drawn(plot, "now")[2] == -20.0


def test_before_training_the_title_says_so(plot: ProfilePlot) -> None:
    plot.show_history(run_of([INITIAL]))
    assert plot.readout().title == "Gradient norm · at initialisation (before training)"
    assert "initial" not in plot.readout()


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_no_layer_is_missing(plot: ProfilePlot, style: Style) -> None:
    plot.apply_style(style)
    plot.show_history(run_of([INITIAL, LATER]))
    zeros, lost, dots = (drawn(plot, f"now {each}") for each in ("zeros", "lost", "single layers"))
    assert set(zeros) == {1}
    assert set(lost) == {3}
    # neither layer 2 nor 4 has a neighbour to draw a line to
    assert dots == {2: -30.0, 4: -1.5}
    assert drawn(plot, "now") == {2: -30.0, 4: -1.5}
    floor, ceiling = zeros[1], lost[3]
    assert floor < -30.0
    assert ceiling >= -1.5
    assert style.zero_colour in near(plot, 1, floor)
    assert style.nan_colour in near(plot, 3, ceiling)
    assert style.series[0] in near(plot, 2, -30.0)
    assert words_of(plot)[2:] == ["exactly zero: 1 layer", "not a number or infinite: 1 layer"]
    assert [colour for _, colour, _ in plot.readout().key][2:] == [style.zero_colour, style.nan_colour]


def test_many_zeros_are_counted_and_infinities_are_no_zeros(plot: ProfilePlot) -> None:
    plot.show_history(run_of([INITIAL, [-math.inf, -math.inf, math.inf, -1.0]]))
    assert "exactly zero: 2 layers" in words_of(plot)
    assert "not a number or infinite: 1 layer" in words_of(plot)


def test_a_network_that_delivers_nothing_but_zeros_is_drawn(plot: ProfilePlot) -> None:
    plot.show_history(run_of([[-math.inf] * 5]))
    assert set(drawn(plot, "now zeros")) == {1, 2, 3, 4, 5}
    assert LIGHT.zero_colour in near(plot, 3, drawn(plot, "now zeros")[3])


def test_zero_is_an_ordinary_value_of_a_linear_quantity(plot: ProfilePlot) -> None:
    history = append(history_of(3, quantities=(GRADIENT, MEAN)), [[0.0, -0.25, 0.1]], MEAN.name)
    plot.show_history(history)
    plot.show_quantity(MEAN.name)
    assert drawn(plot, "now") == pytest.approx({1: 0.0, 2: -0.25, 3: 0.1})
    assert plot.view.viewRange()[1] == pytest.approx([-0.25, 0.25 + 0.5 * 0.03])
    assert not drawn(plot, "now zeros")


@pytest.mark.parametrize("layers", [1, 2, 2000])
def test_every_depth_is_drawn(plot: ProfilePlot, layers: int) -> None:
    plot.show_history(run_of([np.full(layers, -3.25)]))
    low, high = plot.view.viewRange()[0]
    assert low < 1 <= layers < high
    assert LIGHT.series[0] in near(plot, layers, -3.25, reach=2)


@pytest.mark.parametrize("reference_layers", [2, 4, 9])
def test_another_run_of_any_depth_is_drawn_behind(plot: ProfilePlot, reference_layers: int) -> None:
    other = run_of([np.full(reference_layers, -5.0), np.full(reference_layers, -12.5)])
    plot.show_history(run_of([INITIAL] * 5))
    plot.show_reference(other, "previous: 2 × 8 tanh")
    # this run is at step 4, the other one ended at step 1
    assert drawn(plot, "other") == dict.fromkeys(range(1, reference_layers + 1), -12.5)
    assert "previous: 2 × 8 tanh (step 1)" in words_of(plot)
    low, high = plot.view.viewRange()[1]
    assert low < -12.5 < high
    plot.show_step(0)
    assert set(drawn(plot, "other").values()) == {-5.0}
    plot.show_reference(None)
    assert "other" not in plot.readout()
    assert len(words_of(plot)) == 1


def test_another_run_that_measured_something_else_is_left_out(plot: ProfilePlot) -> None:
    other = append(history_of(4, quantities=(MEAN,)), [[0.1] * 4], MEAN.name)
    plot.show_history(run_of([INITIAL]))
    plot.show_reference(other, "previous")
    assert "other" not in plot.readout()
    assert words_of(plot) == ["step 0"]


def test_what_is_not_measured_at_first_begins_a_step_later(plot: ProfilePlot) -> None:
    history = run_of([None, [-3.0] * 3, [-4.0] * 3])
    plot.show_history(history)
    assert drawn(plot, "initial") == {1: -3.0, 2: -3.0, 3: -3.0}
    assert words_of(plot) == ["step 2", "step 1"]
    plot.show_step(0)
    assert plot.readout().notice == "Gradient norm was not measured at step 0."
    assert "now" not in plot.readout()


def test_lines_mark_where_floating_point_ends(plot: ProfilePlot) -> None:
    plot.show_history(run_of([[-40.0, -10.0, -2.0]]))
    assert plot.readout().lines["floors"] == pytest.approx([math.log10(1.17549435e-38)], abs=1e-6)
    plot.show_history(run_of([[-600.0, -10.0, -2.0]]))
    assert len(plot.readout().lines["floors"]) == 2
    plot.show_history(run_of([[-600.0, -10.0, -2.0]], precision="float64"))
    assert plot.readout().lines["floors"] == pytest.approx([-307.6527, -323.3062], abs=1e-4)
    plot.show_history(run_of([INITIAL]))
    assert "floors" not in plot.readout().lines


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (1, "step 1 · layer 1 · exactly zero: underflowed or dead (gradient norm) · at step 0: 1.00e-08 |g|"),
        (2, "step 1 · layer 2 · 1.00e-30 |g| (gradient norm) · at step 0: 1.00e-06 |g|"),
        (3, "step 1 · layer 3 · not a number (gradient norm) · at step 0: 1.00e-04 |g|"),
    ],
)
def test_the_layer_under_the_mouse_is_read_out(plot: ProfilePlot, qtbot: QtBot, layer: int, words: str) -> None:
    plot.show_history(run_of([INITIAL, LATER]))
    assert hover(plot, qtbot, place_of(plot, plot.view, layer + 0.2, -15.0)) == words


def test_leaving_empties_the_readout(plot: ProfilePlot, qtbot: QtBot) -> None:
    with qtbot.waitSignal(plot.hovered) as caught:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert caught.args == [""]


def test_the_axis_does_not_jitter_while_a_run_goes_on(plot: ProfilePlot) -> None:
    history = run_of([[-3.0, -2.0, -1.5]])
    plot.show_history(history)
    generator, ranges = np.random.default_rng(0), []
    for step in range(150):
        append(history, [generator.normal(-3.0 - step / 30, 0.4, 3)])
        plot.refresh()
        ranges.append(tuple(plot.view.viewRange()[1]))
    assert [low for low, _ in ranges] == sorted((low for low, _ in ranges), reverse=True)
    assert [high for _, high in ranges] == sorted(high for _, high in ranges)
    assert len(set(ranges)) < 15


def test_nothing_new_is_not_drawn_again(plot: ProfilePlot, monkeypatch: pytest.MonkeyPatch) -> None:
    history = run_of([INITIAL])
    plot.show_history(history)
    rows: list[object] = []
    monkeypatch.setattr(ProfileLine, "draw", lambda line, *_ends, **_more: rows.append(line.name))
    plot.refresh()
    assert not rows
    append(history, [INITIAL])
    plot.refresh()
    assert rows.count("now") == 1


def test_without_a_run_it_says_what_to_do(plot: ProfilePlot) -> None:
    plot.show_history(None)
    assert "Press Start (Ctrl+R)" in plot.readout().notice
    plot.show_history(history_of(3))
    assert plot.readout().notice
    plot.show_history(run_of([INITIAL]))
    assert plot.readout().notice == ""
    plot.show_history(None)
    assert not drawn(plot, "now")
    assert plot.readout().title == ""
    assert words_of(plot) == []
