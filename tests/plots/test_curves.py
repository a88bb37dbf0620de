from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from made_up_runs import append, click, colour_at, evaluate, history_of, hover, place_of, run_of, shown, wheel
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.curve_lines import CurvePair
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.parts.style import DARK, LIGHT, Style
from gradviz.recording.frame import Diverged, Frame
from gradviz.recording.history import History

ROW = [-1.0, -2.0, -3.0]


@pytest.fixture
def plot(qtbot: QtBot) -> Iterator[CurvesPlot]:
    plot = CurvesPlot()
    shown(plot, qtbot, (520, 420))
    yield plot
    plot.close()


def run_with(losses: list[float], **settings: object) -> History:
    """A run of these batch losses; the share classified rightly is step / 50."""
    return append(history_of(3, **settings), [ROW] * len(losses), losses=losses)  # type: ignore[arg-type]


def points(plot: CurvesPlot, name: str) -> list[tuple[float, float]]:
    """Where a line passes, NaN in its gaps; nothing where it is not drawn."""
    readout = plot.readout()
    return list(zip(readout[name].x.tolist(), readout[name].y.tolist(), strict=True)) if name in readout else []


def near(plot: CurvesPlot, view: object, step: float, value: float, reach: int = 2) -> set[str]:
    place = place_of(plot, view, step, value)
    offsets = range(-reach, reach + 1)
    return {colour_at(plot, place + QPoint(x, y)) for x in offsets for y in offsets}


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_loss_and_accuracy_of_batch_and_held_out_samples_are_drawn(plot: CurvesPlot, style: Style) -> None:
    plot.apply_style(style)
    history = run_with([2.0, 1.5, 1.25, 1.0, 0.5, 0.25])
    evaluate(history, 0, 2.25, 0.125)
    evaluate(history, 4, 0.75, 0.75)
    plot.show_history(history)
    assert points(plot, "batch loss") == list(enumerate([2.0, 1.5, 1.25, 1.0, 0.5, 0.25]))
    assert points(plot, "batch accuracy") == [(step, pytest.approx(2.0 * step)) for step in range(6)]
    assert points(plot, "validation loss") == [(0, 2.25), (4, 0.75)]
    assert points(plot, "validation accuracy") == [(0, 12.5), (4, 75.0)]
    assert style.series[0] in near(plot, plot.views[0], 2.5, 1.125)
    assert style.series[1] in near(plot, plot.views[0], 4, 0.75)
    assert style.series[1] in near(plot, plot.views[1], 4, 75.0)


def test_the_title_states_what_and_how_far(plot: CurvesPlot) -> None:
    history = run_with([2.0] * 5)
    plot.show_history(history)
    assert plot.readout().title == "Loss and accuracy · up to step 4"
    append(history, [ROW])
    plot.refresh()
    assert plot.readout().title.endswith("step 5")


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_chance_is_one_in_the_number_of_classes(plot: CurvesPlot, classes: int) -> None:
    plot.show_history(run_with([1.0], classes=classes))
    assert plot.readout().lines["chance"] == pytest.approx((100 / classes,))
    plot.show_history(None)
    assert "chance" not in plot.readout().lines


def test_both_plots_show_the_same_steps_under_each_other(plot: CurvesPlot) -> None:
    plot.show_history(run_with([1.0] * 40))
    plot.grab()
    for step in (0, 17, 39):
        above, below = (place_of(plot, view, step, 1.0).x() for view in (plot.views[0], plot.views[1]))
        assert abs(above - below) <= 1
    wheel(plot, place_of(plot, plot.views[1], 20, 50), 240)
    assert plot.views[0].viewRange()[0] == pytest.approx(plot.views[1].viewRange()[0])
    assert plot.views[0].viewRange()[0][0] > 0


def test_losses_that_are_not_finite_leave_a_gap_and_spoil_nothing(plot: CurvesPlot) -> None:
    history = run_with([2.0, math.nan, 1.0, math.inf, 1.5])
    history.append(Diverged(4, math.inf))
    plot.show_history(history)
    # an infinity in the data would spoil every range that is made from it
    assert [step for step, loss in points(plot, "batch loss") if not math.isnan(loss)] == [0, 2, 4]
    low, high = plot.views[0].viewRange()[1]
    assert low < 0 < 2.0 < high < 3.0
    assert plot.readout().lines["diverged"] == (4,)
    assert "4" in plot.readout().labels["diverged"]
    plot.grab()


def test_a_run_of_nothing_but_nan_is_drawn(plot: CurvesPlot) -> None:
    plot.show_history(run_with([math.nan]))
    plot.grab()
    assert plot.views[0].viewRange()[1] == pytest.approx([-0.02, 1.02])


def test_a_logarithmic_loss_axis_holds_what_is_positive(plot: CurvesPlot) -> None:
    plot.show_history(run_with([10.0, 0.1, 0.0, math.inf]))
    plot.show_log_loss(True)
    drawn = {step: loss for step, loss in points(plot, "batch loss") if not math.isnan(loss)}
    assert drawn == {0: pytest.approx(1.0), 1: pytest.approx(-1.0)}
    low, high = plot.views[0].viewRange()[1]
    assert low <= -1
    assert high >= 1
    plot.show_log_loss(False)
    assert points(plot, "batch loss")[2] == (2, 0.0)


def test_a_spike_between_two_pixels_is_seen(plot: CurvesPlot) -> None:
    losses = [1.0] * 20_000
    losses[12_345] = 3.0
    plot.show_history(run_with(losses))
    assert LIGHT.series[0] in near(plot, plot.views[0], 12_345, 2.5)
    # and only there
    assert LIGHT.series[0] not in near(plot, plot.views[0], 11_500, 2.5)


def test_a_long_run_is_a_line_through_as_many_points_as_the_screen_shows(plot: CurvesPlot) -> None:
    losses = np.random.default_rng(0).normal(5, 1, 20_000)
    plot.show_history(run_with(losses.tolist()))
    drawn = np.array(points(plot, "batch loss"))
    assert plot.views[0].width() < len(drawn) < 6 * plot.views[0].width()
    assert np.all(np.diff(drawn[:, 0]) >= 0)
    stride = 2 * len(losses) / len(drawn)
    for step, value in drawn[:: len(drawn) // 40]:
        around = losses[max(int(step - stride), 0) : int(step + stride)]
        assert around.min() <= value <= around.max()
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == (losses.min(), losses.max())
    # zoomed in, every step is there, and one more at both ends for the line to leave the view
    plot.views[0].setXRange(12_000, 12_100, padding=0)
    assert points(plot, "batch loss") == [(step, losses[step]) for step in range(11_999, 12_102)]
    assert [step for step, _ in points(plot, "batch accuracy")] == list(range(11_999, 12_102))


@pytest.mark.slow
def test_many_looks_at_the_held_out_samples_are_few_points_too(plot: CurvesPlot) -> None:
    history, losses = history_of(3), np.random.default_rng(0).normal(5, 1, 9000)
    for step, loss in enumerate(losses):
        evaluate(history, step, loss, 0.5)
        append(history, [ROW], losses=[1.0])
    plot.show_history(history)
    drawn = np.array(points(plot, "validation loss"))
    assert len(drawn) <= 2 * plot.views[0].width()
    assert (drawn[:, 1].min(), drawn[:, 1].max()) == (losses.min(), losses.max())
    together = -(-len(losses) // round(plot.views[0].width()))
    groups = [losses[start : start + together] for start in range(0, len(losses), together)]
    np.testing.assert_array_equal(drawn[:, 1].reshape(-1, 2), [(each.min(), each.max()) for each in groups])
    plot.views[0].setXRange(4000, 4020, padding=0)
    assert points(plot, "validation loss") == [(step, losses[step]) for step in range(3999, 4022)]
    assert len(plot.readout()["validation loss marks"].x) == 23


def test_zeros_hide_nothing_on_a_logarithmic_axis(plot: CurvesPlot) -> None:
    losses = np.tile([0.0, 10.0, 0.1, 0.0], 5000)
    plot.show_log_loss(True)
    plot.show_history(run_with(losses.tolist()))
    values = [value for _, value in points(plot, "batch loss")]
    assert np.isfinite(values).all()
    assert max(values) == pytest.approx(1.0)
    low, high = plot.views[0].viewRange()[1]
    assert low < high
    assert high >= 1.0


def test_another_run_is_drawn_behind(plot: CurvesPlot) -> None:
    other = run_with([2.0] * 3)
    evaluate(other, 0, 2.5, 0.25)
    evaluate(other, 2, 1.5, 0.5)
    plot.show_history(run_with([1.0] * 4))
    plot.show_reference(other, "previous: 2 × 8")
    assert points(plot, "reference loss") == [(0, 2.5), (2, 1.5)]
    assert points(plot, "reference accuracy") == [(0, 25.0), (2, 50.0)]
    assert plot.readout().key[-1] == ("- -", LIGHT.series[2], "previous: 2 × 8, validation")
    evaluate(other, 3, 0.5, 1.0)
    plot.refresh()
    assert points(plot, "reference accuracy")[-1] == (3, 100.0)
    plot.show_reference(None)
    assert points(plot, "reference loss") == []
    assert len(plot.readout().key) == 2


def test_a_click_in_either_plot_picks_a_step(plot: CurvesPlot, qtbot: QtBot) -> None:
    plot.show_history(run_with([1.0] * 30))
    for view, y, step in ((plot.views[0], 0.5, 12), (plot.views[1], 50, 21)):
        with qtbot.waitSignal(plot.step_picked) as caught:
            click(plot, place_of(plot, view, step, y), Qt.MouseButton.LeftButton)
        assert caught.args == [step]
        for each, height in ((plot.views[0], 0.3), (plot.views[1], 80)):
            assert LIGHT.foreground in near(plot, each, step, height)


def test_a_click_beyond_the_run_picks_its_last_step(plot: CurvesPlot, qtbot: QtBot) -> None:
    plot.show_history(run_with([1.0] * 3))
    with qtbot.waitSignal(plot.step_picked) as caught:
        click(plot, place_of(plot, plot.views[0], 8, 0.5), Qt.MouseButton.LeftButton)
    assert caught.args == [2]
    plot.show_history(None)
    with qtbot.assertNotEmitted(plot.step_picked):
        click(plot, place_of(plot, plot.views[0], 8, 0.5), Qt.MouseButton.LeftButton)


def test_picking_nothing_takes_the_cursor_away(plot: CurvesPlot) -> None:
    plot.show_history(run_with([1.0] * 30))
    plot.show_step(10)
    assert LIGHT.foreground in near(plot, plot.views[0], 10, 0.4)
    plot.show_step(None)
    assert LIGHT.foreground not in near(plot, plot.views[0], 10, 0.4)


def test_the_step_under_the_mouse_is_read_out(plot: CurvesPlot, qtbot: QtBot) -> None:
    history = run_with([2.0, 1.5, 1.25, 1.0, math.nan])
    evaluate(history, 1, 1.75, 0.375)
    plot.show_history(history)
    first = hover(plot, qtbot, place_of(plot, plot.views[0], 0, 1.0))
    assert first == "step 0 · batch: loss 2, accuracy 0.0%"
    later = hover(plot, qtbot, place_of(plot, plot.views[1], 3.2, 50))
    assert later == "step 3 · batch: loss 1, accuracy 6.0% · validation at step 1: loss 1.75, accuracy 37.5%"
    assert "loss nan" in hover(plot, qtbot, place_of(plot, plot.views[0], 4, 1.0))
    assert hover(plot, qtbot, place_of(plot, plot.views[0], 7, 1.0)) == ""
    with qtbot.waitSignal(plot.hovered) as caught:
        QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert caught.args == [""]


def test_the_axes_leap_rarely_and_only_outward(plot: CurvesPlot) -> None:
    history = run_with([1.0])
    plot.show_history(history)
    generator, ranges = np.random.default_rng(0), []
    for step in range(299):
        append(history, [ROW], losses=[1.0 + step / 100 + generator.random()])
        plot.refresh()
        (_, right), (_, top) = plot.views[0].viewRange()
        ranges.append((right, top))
        assert right >= step + 1.5
    assert ranges == sorted(ranges)
    assert len(set(ranges)) < 25


def test_a_zoom_stays_until_everything_is_asked_for(plot: CurvesPlot) -> None:
    history = run_with([1.0] * 50)
    plot.show_history(history)
    wheel(plot, place_of(plot, plot.views[0], 20, 0.5), 240)
    zoomed = plot.views[0].viewRange()
    assert not plot.following
    append(history, [ROW] * 100, losses=[3.0] * 100)
    plot.refresh()
    assert plot.views[0].viewRange() == zoomed
    plot.show_all()
    assert plot.following
    assert plot.views[0].viewRange()[0] == [-0.5, 149.5]


def test_nothing_new_is_not_drawn_again(plot: CurvesPlot, monkeypatch: pytest.MonkeyPatch) -> None:
    history = run_with([1.0] * 5)
    plot.show_history(history)
    drawn: list[str] = []
    monkeypatch.setattr(CurvePair, "draw", lambda pair, *_points: drawn.append(pair.name))
    plot.refresh()
    assert not drawn
    evaluate(history, 4, 1.0, 0.5)
    plot.refresh()
    assert sorted(drawn) == ["batch", "reference", "validation"]


def test_without_a_run_it_says_what_to_do(plot: CurvesPlot) -> None:
    plot.show_history(None)
    assert "Press Start (Ctrl+R)" in plot.readout().notice
    plot.show_history(history_of(3))
    assert plot.readout().notice
    plot.show_history(run_of([ROW]))
    assert plot.readout().notice == ""
    plot.show_history(None)
    assert points(plot, "batch loss") == []
    assert plot.readout().title == "Loss and accuracy"


def test_a_loss_out_of_all_proportion_is_marked_above_an_axis_that_shows_the_others(plot: CurvesPlot) -> None:
    history = history_of(2)
    losses = [2.3, 2.0, 1.5, 1.2, 1.1, 1e15]
    for step, loss in enumerate(losses):
        history.append(Frame(step, loss, 0.5, 0.1, {}))
    plot.show_history(history)
    assert plot.views[0].viewRange()[1][1] < 20
    marks = plot.readout()["clipped losses"]
    assert marks.x.tolist() == [5.0]
    assert plot.readout().key[-1][0] == "▲"
    plot.show_log_loss(True)
    assert "clipped losses" not in plot.readout() or not len(plot.readout()["clipped losses"].x)
    assert plot.views[0].viewRange()[1][1] >= 15


def test_a_loss_that_only_falls_is_shown_whole(plot: CurvesPlot) -> None:
    history = history_of(2)
    for step, loss in enumerate([5000.0, 20.0, 2.0, 1.0]):
        history.append(Frame(step, loss, 0.5, 0.1, {}))
    plot.show_history(history)
    assert plot.views[0].viewRange()[1][1] >= 5000
