"""Heatmaps side by side: one scale for all, one part of steps and layers, one picked step."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_runs import GRADIENT, MEAN, append, colour_at, history_of, hover, place_of, run_of, shown
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.parts.colour_indices import ABOVE, BELOW
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.plots.shown_run import (
    SeriesStyle,
    ShownRun,
    common_quantities,
    equally_deep,
    places_of_layers,
    shown_runs,
)
from gradviz.recording.history import History

SIZE = (900, 360)


@pytest.fixture
def row(qtbot: QtBot) -> HeatmapPlot:
    row = HeatmapPlot()
    row.set_scale_of("these")
    shown(row, qtbot, SIZE)
    return row


def runs(*histories: History) -> tuple[ShownRun, ...]:
    return shown_runs([f"run {number}" for number in range(len(histories))], histories)


def compare(row: HeatmapPlot, *histories: History) -> None:
    row.show_runs(runs(*histories))
    row.show_quantity(GRADIENT.name)
    for _ in range(2):
        row.grab()
        # what is new among the plots is laid out when Qt finds the time
        QApplication.processEvents()


def flat(value: float, layers: int = 4, steps: int = 10) -> list[list[float]]:
    return [[value] * layers] * steps


def test_the_scale_holds_the_smallest_and_largest_of_all(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-2.5)), run_of(flat(-7.5)), run_of(flat(1.5)))
    # whole decades around all that was measured
    assert row.limits == (-8.0, 2.0)


def test_one_value_has_one_colour_in_every_pane(row: HeatmapPlot) -> None:
    compare(row, run_of([[-1.0, -3.0]] * 10), run_of([[-3.0, -9.0]] * 10))
    first, second = row.panes
    same = [colour_at(row, place_of(row, pane.view, 5, layer)) for pane, layer in ((first, 2), (second, 1))]
    other = colour_at(row, place_of(row, first.view, 5, 1))
    assert same[0] == same[1] != other


def test_a_zoom_in_one_pane_is_a_zoom_in_all(row: HeatmapPlot) -> None:
    compare(row, *(run_of(flat(-1.0, layers=8, steps=50)) for _ in range(3)))
    for leader in (row.panes[0], row.panes[2]):
        low = 10.0 if leader is row.panes[0] else 20.0
        leader.view.setRange(xRange=(low, low + 12), yRange=(2.5, 6.5), padding=0)
        for pane in row.panes:
            np.testing.assert_allclose(pane.view.viewRange(), [(low, low + 12), (2.5, 6.5)])


def test_runs_of_unlike_depth_show_the_same_share_of_their_layers(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-1.0, layers=10)), run_of(flat(-1.0, layers=40)))
    assert any("relative depth" in words for _, _, words in row.readout().key)
    # the lower half of ten layers is that of forty: layers 1 to 20
    row.panes[0].view.setYRange(0.5, 5.5, padding=0)
    np.testing.assert_allclose(row.panes[1].view.viewRange()[1], (0.5, 20.5))


def test_equally_deep_runs_need_no_such_words(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-1.0)), run_of(flat(-1.0)))
    assert not any("relative depth" in words for _, _, words in row.readout().key)


def test_all_panes_reach_as_far_as_the_longest_run(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-1.0, steps=5), steps=4), run_of(flat(-1.0, steps=90), steps=89))
    for pane in row.panes:
        assert pane.view.viewRange()[0] == [-0.5, 89.5]
    # nothing is drawn where the short one has no steps
    beyond = place_of(row, row.panes[0].view, 50, 2)
    assert colour_at(row, beyond) == LIGHT.background


def test_a_step_is_picked_in_all_and_a_short_run_shows_its_last(row: HeatmapPlot, qtbot: QtBot) -> None:
    compare(row, run_of(flat(-1.0, steps=90)), run_of(flat(-1.0, steps=5)))
    long, short = row.panes
    with qtbot.waitSignal(row.step_picked) as picked:
        long.view.picked.emit(60.2)
    assert picked.args == [60]
    assert [pane.cursor.step for pane in (long, short)] == [60, 4]
    assert "step 60" in long.title.text
    assert "step 4, its last" in short.title.text
    row.show_step(None)
    assert long.cursor.step is None
    assert "up to step 89" in long.title.text


def test_the_arrow_keys_pick_steps(row: HeatmapPlot, qtbot: QtBot) -> None:
    compare(row, run_of(flat(-1.0, steps=90)), run_of(flat(-1.0, steps=5)))
    QTest.keyClick(row, Qt.Key.Key_Left)
    assert row.step == 88
    QTest.keyClick(row, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert row.step == 78


def test_what_is_under_the_mouse_is_said_with_its_run(row: HeatmapPlot, qtbot: QtBot) -> None:
    compare(row, run_of([[-1.0, -3.0]] * 10), run_of([[-3.0, -9.0]] * 10))
    assert hover(row, qtbot, place_of(row, row.panes[1].view, 5, 2)) == (
        "B · step 5 · layer 2 · 1.00e-09 |g| (gradient norm)"
    )


def test_live_runs_grow_without_being_shown_anew(row: HeatmapPlot) -> None:
    first, second = history_of(3), history_of(3)
    compare(row, first, second)
    assert "first step" in row.panes[0].notice.text
    append(first, flat(-1.0, layers=3))
    append(second, flat(-20.0, layers=3))
    row.refresh()
    row.grab()
    assert row.limits == (-20.0, 0.0)
    assert row.panes[0].notice.text == ""
    assert len({colour_at(row, place_of(row, pane.view, 5, 2)) for pane in row.panes} - {LIGHT.background}) == 2


def test_a_run_that_did_not_measure_it_says_so(row: HeatmapPlot) -> None:
    other = append(history_of(2, quantities=(MEAN,)), [[1.0, 2.0]], MEAN.name)
    compare(row, run_of(flat(-1.0)), other, run_of(flat(-1.0)))
    assert "did not measure" in row.panes[1].notice.text
    assert row.limits == (-1.0, 0.0)


def test_zeros_and_what_is_not_finite_are_in_the_key_of_all(row: HeatmapPlot) -> None:
    compare(row, run_of([[-np.inf, -1.0]] * 5), run_of([[np.nan, -1.0]] * 5))
    assert {mark for mark, _, words in row.readout().key if "zero" in words or "not a number" in words} == {"■"}
    assert sum(mark == "■" for mark, _, _ in row.readout().key) == 2


def test_another_comparison_takes_the_place_of_the_first(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-1.0)), run_of(flat(-1.0)))
    compare(row, *(run_of(flat(-2.5)) for _ in range(4)))
    row.apply_style(DARK)
    assert row.limits == (-3.0, -2.0)
    widths = [pane.view.width() for pane in row.panes]
    assert max(widths) - min(widths) < 2
    assert colour_at(row, place_of(row, row.panes[3].view, 5, 2)) != DARK.background


def test_the_scale_is_as_high_as_the_pictures(row: HeatmapPlot) -> None:
    compare(row, run_of(flat(-1.0)), run_of(flat(-1.0)))
    scale, view = (each.sceneBoundingRect() for each in (row.scale_view, row.panes[0].view))
    assert abs(scale.top() - view.top()) <= 1
    assert abs(scale.bottom() - view.bottom()) <= 1


def test_looks_differ_in_each_of_colour_stroke_and_mark() -> None:
    looks = [SeriesStyle(number) for number in range(4)]
    for style in (LIGHT, DARK):
        assert len({look.colour(style) for look in looks}) == 4
        assert len({look.pen(style).style() for look in looks}) == 4
    assert len({look.symbol for look in looks}) == len({look.glyph for look in looks}) == 4


def test_only_what_two_runs_measured_can_be_compared() -> None:
    both, one = history_of(2, quantities=(GRADIENT, MEAN)), history_of(2)
    assert [each.name for each in common_quantities(runs(both, one))] == [GRADIENT.name]
    assert common_quantities(runs(one, history_of(2, quantities=(MEAN,)))) == []
    assert equally_deep(runs(both, one))
    assert not equally_deep(runs(both, history_of(3)))


def test_where_layers_stand() -> None:
    assert places_of_layers(4, relative=False).tolist() == [1, 2, 3, 4]
    assert places_of_layers(4, relative=True).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert places_of_layers(1, relative=True).tolist() == [0.5]


def test_the_step_of_a_shorter_run() -> None:
    run = runs(run_of(flat(-1.0, steps=5)))[0]
    assert [run.step_for(step) for step in (None, 3, 9)] == [4, 3, 4]
    assert runs(history_of(2))[0].step_for(None) == -1


def test_one_outlier_before_a_divergence_does_not_turn_all_panes_into_one_colour(row: HeatmapPlot) -> None:
    steady = np.random.default_rng(0).normal(-2.0, 0.4, (60, 4)).astype(np.float32)
    lost = steady.copy()
    lost[-1] = 30.0
    compare(row, run_of(steady), run_of(lost))
    low, high = row.limits
    assert -6.0 <= low <= -3.0
    assert 0.0 <= high <= 3.0
    pane = row.panes[1]
    assert (pane.picture.indices[:, 59] == ABOVE).all()
    assert len(np.unique(pane.picture.indices[:, :59])) > 20


def test_a_colour_is_the_same_in_every_run_unless_asked_otherwise(qtbot: QtBot) -> None:
    plot = HeatmapPlot()
    shown(plot, qtbot, SIZE)
    seen = {}
    for name, rows in (("sick", [[-18.0, -3.0]] * 9), ("healed", [[-3.0, -1.0]] * 9)):
        plot.show_history(run_of(rows))
        seen[name] = plot.panes[0].picture.indices[:, 0].tolist()
    assert seen["sick"][0] == BELOW
    assert seen["sick"][1] == seen["healed"][0]
    plot.set_scale_of("these")
    assert plot.panes[0].picture.indices[0, 0] != seen["healed"][0]
    plot.close()
