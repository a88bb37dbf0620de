from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from made_up_runs import click, colour_at, hover, place_of, send, shown, wheel
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.activation import ActivationPlot
from gradviz.plots.distribution import fill_colours
from gradviz.plots.pages.images import Placement, save_picture
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.activations import ActivationCurve

X = np.arange(-3000, 3001) / 100
LABEL = "pre-activations of layer 3 at step 7"
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def curve(name: str) -> ActivationCurve:
    sigmoid, plateau = 1 / (1 + np.exp(-X)), (0.0, math.inf)
    softplus = np.log1p(np.exp(X))
    return {
        "sigmoid": ActivationCurve("sigmoid", X, sigmoid, sigmoid * (1 - sigmoid), 0.25, (0.0, 0.0), True, "at x = 0"),
        "relu": ActivationCurve("relu", X, np.maximum(X, 0), (X > 0) * 1.0, 1.0, plateau, True, "at every x > 0"),
        "linear": ActivationCurve("linear", X, X, X * 0 + 1, 1.0, (-math.inf, math.inf), True, "at every x"),
        "softplus": ActivationCurve(
            "softplus", X, softplus, sigmoid, 1.0, (math.inf, math.inf), False, "approached as x → ∞"
        ),
    }[name]


def inputs(mean: float, std: float) -> tuple[np.ndarray, np.ndarray]:
    counts, edges = np.histogram(np.random.default_rng(1).normal(mean, std, 40_000), 100)
    return edges, counts


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[ActivationPlot]:
    plot = ActivationPlot()
    shown(plot, qtbot, (620, 520))
    plot.show_curve(curve("sigmoid"))
    plot.grab()
    yield plot
    plot.close()


def near(plot: ActivationPlot, panel: int, x: float, y: float, reach: int = 2) -> set[str]:
    place = place_of(plot, plot.views[panel], x, y)
    offsets = range(-reach, reach + 1)
    return {colour_at(plot, place + QPoint(across, down)) for across in offsets for down in offsets}


def mark(plot: ActivationPlot, name: str) -> list[tuple[float, float]]:
    return list(plot.readout()[name].finite.items())


@pytest.mark.slow
@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_both_curves_pass_where_the_formula_says(plot: ActivationPlot, style: Style) -> None:
    plot.apply_style(style)
    for x in (-3.0, 2.0):
        s = 1 / (1 + math.exp(-x))
        assert style.series[0] in near(plot, 0, x, s)
        assert style.series[1] in near(plot, 1, x, s * (1 - s))
    assert colour_at(plot, QPoint(2, 2)) == style.background


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_the_supremum_has_a_dot_a_line_and_words(plot: ActivationPlot, style: Style) -> None:
    plot.apply_style(style)
    assert mark(plot, "supremum") == [(0.0, 0.25)]
    assert plot.readout().lines["supremum"] == (0.25,)
    assert plot.readout().labels["supremum"] == "supremum of |φ′| = 0.25 at x = 0"
    assert style.foreground in near(plot, 1, 0.0, 0.25)
    assert plot.readout().key[2] == ("●", style.foreground, "supremum")


def test_a_quarter_looks_like_a_quarter(plot: ActivationPlot) -> None:
    """The axis of the derivative holds 0 and 1 for every activation, and is the same for all that do not exceed 1."""
    spans = []
    for name in ("sigmoid", "relu", "softplus"):
        plot.show_curve(curve(name))
        spans.append(plot.views[1].viewRange()[1])
    assert spans[0] == spans[1] == spans[2]
    assert spans[0][0] < 0 < 1 < spans[0][1]


def test_a_supremum_that_is_only_approached_is_hollow_and_says_so(plot: ActivationPlot) -> None:
    plot.show_curve(curve("softplus"))
    assert plot.readout().labels["supremum"] == "supremum of |φ′| = 1, approached as x → ∞"
    ((x, y),) = mark(plot, "supremum")
    assert y == 1.0
    # at the end of the range, inside of it
    assert 5.5 < x < 6.0
    assert colour_at(plot, place_of(plot, plot.views[1], x, y)) == LIGHT.background
    assert plot.readout().key[2][0] == "○"


@pytest.mark.parametrize(("name", "low", "high"), [("relu", 0.5, 5.5), ("linear", -5.5, 5.5)])
def test_on_a_plateau_the_dot_is_in_the_middle_of_it(plot: ActivationPlot, name: str, low: float, high: float) -> None:
    plot.show_curve(curve(name))
    ((x, y),) = mark(plot, "supremum")
    assert y == 1.0
    assert x == pytest.approx((low + high) / 2, abs=0.1)
    assert plot.readout().labels["supremum"].endswith(plot.curve.where)  # type: ignore[union-attr]


def test_the_words_of_the_supremum_stay_inside_the_plot(plot: ActivationPlot) -> None:
    for name in ("sigmoid", "relu", "softplus", "linear"):
        plot.show_curve(curve(name))
        for reach in (6.0, 1.0):
            plot.views[0].setXRange(-reach, reach, padding=0)
            plot.grab()
            inside = plot.supremum.words_rect
            assert inside.left() >= -1
            assert inside.right() <= plot.views[1].width() + 1
            assert inside.top() >= 0


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (-1.3, "x = -1.30: φ = 0.214, φ′ = 0.168 (67% of the supremum)"),
        (0.0, "x = 0.00: φ = 0.5, φ′ = 0.25 (100% of the supremum)"),
        (-20.0, "x = -20.00: φ = 2.06e-09, φ′ = 2.06e-09 (less than 0.1% of the supremum)"),
    ],
)
def test_the_cursor_reads_out_both_values(plot: ActivationPlot, qtbot: QtBot, x: float, words: str) -> None:
    with qtbot.waitSignal(plot.cursor_moved) as caught:
        plot.move_cursor(x + 0.004)
    assert caught.args == [x]
    assert plot.cursor_x == x
    assert plot.reading == plot.readout().labels["cursor"] == words
    assert plot.accessibleDescription() == words
    assert plot.readout().lines["cursor"] == (x,)
    s = 1 / (1 + math.exp(-x))
    assert mark(plot, "phi cursor") == [(x, pytest.approx(s))]
    assert mark(plot, "derivative cursor") == [(x, pytest.approx(s * (1 - s)))]


def test_a_negative_zero_is_a_zero(plot: ActivationPlot) -> None:
    made = curve("relu")
    plot.show_curve(ActivationCurve("relu", X, made.phi * -0.0, made.derivative * -0.0, 1.0, (0, 0), True, ""))
    plot.move_cursor(0.0)
    assert plot.reading == "x = 0.00: φ = 0, φ′ = 0 (0% of the supremum)"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "modifier", "x"),
    [
        (Qt.Key.Key_Right, NONE, -1.2),
        (Qt.Key.Key_Left, NONE, -1.4),
        (Qt.Key.Key_Right, SHIFT, -1.29),
        (Qt.Key.Key_Left, SHIFT, -1.31),
        (Qt.Key.Key_PageUp, NONE, -0.3),
        (Qt.Key.Key_PageDown, NONE, -2.3),
        (Qt.Key.Key_Home, NONE, -6.0),
        (Qt.Key.Key_End, NONE, 6.0),
    ],
)
def test_keys_move_the_cursor(
    plot: ActivationPlot, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier, x: float
) -> None:
    plot.move_cursor(-1.3)
    qtbot.keyClick(plot, key, modifier)
    assert plot.cursor_x == pytest.approx(x, abs=1e-12)


def test_the_cursor_stops_at_the_ends_of_the_curve(plot: ActivationPlot, qtbot: QtBot) -> None:
    plot.move_cursor(29.95)
    for _ in range(3):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.cursor_x == 30.0


def test_other_keys_are_left_to_others(plot: ActivationPlot, qtbot: QtBot) -> None:
    plot.move_cursor(-1.3)
    qtbot.keyClick(plot, Qt.Key.Key_A)
    assert plot.cursor_x == -1.3


def drag(plot: ActivationPlot, panel: int, begin: float, end: float, y: float) -> None:
    """Press the left button at one x, move in small steps as a hand does, release at the other."""
    places = [place_of(plot, plot.views[panel], begin + (end - begin) * part / 10, y) for part in range(11)]
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    send(plot, QEvent.Type.MouseMove, places[0], none, none)
    send(plot, QEvent.Type.MouseButtonPress, places[0], left, left)
    for place in places[1:]:
        send(plot, QEvent.Type.MouseMove, place, none, left)
    send(plot, QEvent.Type.MouseButtonRelease, places[-1], left, none)


@pytest.mark.parametrize(("panel", "y"), [(0, 0.5), (1, 0.6)])
@pytest.mark.parametrize("begin", [1.0, -3.0], ids=["on the cursor", "beside it"])
def test_dragging_moves_the_cursor(plot: ActivationPlot, panel: int, y: float, begin: float) -> None:
    plot.move_cursor(1.0)
    drag(plot, panel, begin, 3.5, y)
    # as near as a pixel is
    assert plot.cursor_x == pytest.approx(3.5, abs=0.04)
    assert plot.readout().lines["cursor"] == (plot.cursor_x,)
    # upon a place of the curve, so that what is read was computed
    assert plot.cursor_x in X
    assert plot.views[0].viewRange()[0] == [-6.0, 6.0]


def test_a_click_fetches_the_cursor(plot: ActivationPlot) -> None:
    click(plot, place_of(plot, plot.views[1], -4.0, 0.6), Qt.MouseButton.LeftButton)
    assert plot.cursor_x == pytest.approx(-4.0, abs=0.03)


def test_the_focus_can_be_seen(plot: ActivationPlot) -> None:
    pictures = []
    for focused in (QEvent.Type.FocusOut, QEvent.Type.FocusIn):
        QApplication.sendEvent(plot, QFocusEvent(focused))
        place = place_of(plot, plot.views[0], plot.cursor_x, 0.2)
        line = [colour_at(plot, place + QPoint(offset, 0)) for offset in range(-3, 4)]
        pictures.append(sum(colour != LIGHT.background for colour in line))
    # a wider line
    assert pictures[0] < pictures[1]


def test_the_place_under_the_mouse_is_read_out(plot: ActivationPlot, qtbot: QtBot) -> None:
    words = hover(plot, qtbot, place_of(plot, plot.views[0], 2.0, 0.3))
    x = float(words.removeprefix("x = ").partition(":")[0])
    assert x == pytest.approx(2.0, abs=0.03)
    assert f"φ = {1 / (1 + math.exp(-x)):.3g}," in words
    with qtbot.waitSignal(plot.hovered) as caught:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert caught.args == [""]


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_inputs_lie_behind_with_those_that_are_stopped_apart(plot: ActivationPlot, style: Style) -> None:
    plot.apply_style(style)
    plot.show_distribution(*inputs(-5.9, 2.0), LABEL)
    # sigmoid's slope falls below a hundredth of its supremum at 5.986: close to half of a distribution around there
    below = 0.5 * (1 + math.erf((-5.9862 + 5.9) / (2 * math.sqrt(2))))
    share = int(plot.readout().labels["inputs"].partition("%")[0])
    assert share == pytest.approx(100 * below, abs=1.0)
    assert plot.readout().labels["inputs"].startswith(f"{share}% of the {LABEL} have |φ′| below 1% of its supremum")
    passed, stopped = fill_colours(style)
    assert near(plot, 1, -5.0, 0.1, reach=1) == {passed}
    assert near(plot, 1, -7.0, 0.1, reach=1) == {stopped}
    assert near(plot, 1, 4.0, 0.6, reach=1) == {style.background}
    assert [colour for _, colour, _ in plot.readout().key[3:]] == [passed, stopped]
    assert LABEL in plot.readout().key[3][2]


def test_inputs_are_divided_anew_for_another_activation(plot: ActivationPlot) -> None:
    plot.show_distribution(*inputs(0.0, 1.0), LABEL)
    assert plot.readout().labels["inputs"].startswith("0% of the")
    plot.show_curve(curve("relu"))
    share = int(plot.readout().labels["inputs"].partition("%")[0])
    assert share == pytest.approx(50, abs=1)


def test_inputs_can_be_hidden_and_take_no_room_then(plot: ActivationPlot) -> None:
    plot.show_distribution(*inputs(0.0, 1.0), LABEL)
    QApplication.processEvents()
    plot.grab()
    height = plot.views[1].height()
    plot.show_distribution(None)
    QApplication.processEvents()
    plot.grab()
    assert "inputs" not in plot.readout().labels
    assert plot.views[1].height() > height
    assert len(plot.readout().key) == 3
    assert near(plot, 1, 0.0, 0.7, reach=3) <= {LIGHT.background, LIGHT.grid}


@pytest.mark.parametrize("reach", [1e30, 1e308])
def test_the_inputs_of_a_network_that_explodes_are_drawn(plot: ActivationPlot, reach: float) -> None:
    plot.show_curve(curve("relu"))
    plot.show_distribution(np.linspace(-1, 1, 65) * reach, np.arange(1, 65), LABEL)
    # 1 + 2 + ... + 32 of 1 + 2 + ... + 64
    assert plot.readout().labels["inputs"].startswith(f"{100 * 528 / 2080:.0f}% of the {LABEL}")
    assert plot.readout().labels["inputs"].endswith("100% are out of sight.")
    _, stopped = fill_colours(LIGHT)
    assert near(plot, 1, -20.0, 0.1, reach=1) == {stopped}


def test_no_inputs_at_all_are_said_to_be_none(plot: ActivationPlot) -> None:
    plot.show_distribution(np.array([-1.0, 1.0]), np.array([0]), LABEL)
    assert plot.readout().labels["inputs"] == f"There are no {LABEL} to show."


@pytest.mark.parametrize(("std", "reach"), [(1.0, 6.0), (2.7, 8.0), (3.5, 10.0), (5.0, 15.0), (40.0, 30.0)])
def test_the_range_holds_almost_all_inputs(plot: ActivationPlot, std: float, reach: float) -> None:
    plot.show_distribution(*inputs(0.0, std), LABEL)
    assert plot.views[0].viewRange()[0] == [-reach, reach]
    beyond = math.erfc(reach / (std * math.sqrt(2)))
    assert ("out of sight" in plot.readout().labels["inputs"]) == (beyond > 0.0005)
    # what grows narrower again leaves the range as it is, and does not flicker
    plot.show_distribution(*inputs(0.0, 1.0), LABEL)
    assert plot.views[0].viewRange()[0] == [-reach, reach]
    plot.show_all()
    assert plot.views[0].viewRange()[0] == [-6.0, 6.0]


def test_a_zoom_stays_while_inputs_come_in(plot: ActivationPlot) -> None:
    wheel(plot, place_of(plot, plot.views[1], 0.0, 0.5), 360)
    zoomed = plot.views[0].viewRange()[0]
    assert zoomed[0] > -6
    assert plot.views[1].viewRange()[0] == pytest.approx(zoomed)
    plot.show_distribution(*inputs(0.0, 9.0), LABEL)
    assert plot.views[0].viewRange()[0] == zoomed
    # phi is fitted to what is in sight
    low, high = plot.views[0].viewRange()[1]
    assert low < 0
    assert high == pytest.approx(1 / (1 + math.exp(-zoomed[1])), rel=0.1)
    plot.show_all()
    assert plot.views[0].viewRange()[0][0] < -20


def test_both_panels_have_the_same_x_above_each_other(plot: ActivationPlot) -> None:
    for x in (-5.0, 0.0, 4.0):
        above, below = (place_of(plot, view, x, 0.1).x() for view in plot.views)
        assert abs(above - below) <= 1


def test_without_a_curve_it_says_so_and_nothing_moves(plot: ActivationPlot, qtbot: QtBot) -> None:
    plot.show_distribution(*inputs(0.0, 1.0), LABEL)
    plot.show_curve(None)
    assert "in a moment" in plot.readout().notice
    assert (plot.reading, plot.readout().title, plot.readout().labels, plot.readout().key) == ("", "", {}, ())
    assert "cursor" not in plot.readout().lines
    assert hover(plot, qtbot, place_of(plot, plot.views[0], 0.0, 0.0)) == ""
    plot.grab()
    plot.show_curve(curve("relu"))
    assert plot.readout().title == "ReLU φ(x) and its derivative φ′(x)"
    assert plot.readout().notice == ""
    assert plot.readout().labels["inputs"]


def test_a_vector_picture_holds_the_words_as_text(plot: ActivationPlot, tmp_path: Path) -> None:
    plot.show_distribution(*inputs(0.0, 4.0), LABEL)
    path = tmp_path / "activation.svg"
    page = Placement(plot, QRectF(0, 0, 620, 520))
    save_picture(path, [page], scale=1, background="#ffffff", experiment_json="{}", title="made up")
    # Qt begins a new piece of text where Greek meets Latin
    words = "".join("".join(ElementTree.parse(path).getroot().itertext()).split())
    assert plot.readout().labels["supremum"].replace(" ", "") in words
    assert plot.reading.replace(" ", "") in words
