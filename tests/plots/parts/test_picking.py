"""Which step a place on the axis or a key means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from made_up_runs import append, click, evaluate, history_of, place_of, shown
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from pytestqt.qtbot import QtBot

from gradviz.plots.curves import CurvesPlot
from gradviz.plots.heatmaps.heatmap import HeatmapPlot
from gradviz.plots.parts.picking import step_at, step_by_key

KEY = Qt.Key
ROW = [-1.0, -2.0]


@pytest.fixture
def curves(qtbot: QtBot) -> Iterator[CurvesPlot]:
    plot = CurvesPlot()
    shown(plot, qtbot, (520, 420))
    yield plot
    plot.close()


def pressed(key: Qt.Key, here: int | None, frames: int, *, shift: bool = False) -> int | None:
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    return step_by_key(QKeyEvent(QEvent.Type.KeyPress, key, held), here, frames)


@pytest.mark.parametrize(
    ("key", "shift", "step"),
    [
        (KEY.Key_Left, False, 499), (KEY.Key_Right, False, 501), (KEY.Key_Left, True, 490), (KEY.Key_Right, True, 510),
        (KEY.Key_PageUp, False, 600), (KEY.Key_PageDown, False, 400), (KEY.Key_Home, False, 0),
        (KEY.Key_End, False, 1000), (KEY.Key_A, False, None), (KEY.Key_Space, False, None),
    ],
)  # fmt: skip
def test_keys_move_by_one_ten_a_tenth_of_the_run_and_to_its_ends(key: Qt.Key, shift: bool, step: int | None) -> None:
    assert pressed(key, 500, 1001, shift=shift) == step


@pytest.mark.parametrize("frames", [1, 2, 7, 4000])
def test_no_key_leaves_the_run(frames: int) -> None:
    for here in (0, frames - 1):
        for key in (KEY.Key_Left, KEY.Key_Right, KEY.Key_PageUp, KEY.Key_PageDown, KEY.Key_Home, KEY.Key_End):
            step = pressed(key, here, frames, shift=True)
            assert step is not None
            assert 0 <= step < frames


def test_without_a_picked_step_keys_start_from_the_latest_and_without_steps_nowhere() -> None:
    assert pressed(KEY.Key_Left, None, 50) == 48
    assert pressed(KEY.Key_Left, None, 0) is None


@pytest.mark.parametrize("frames", [3, 40])
@pytest.mark.parametrize("x", [-7.0, 0.4, 0.6, 1.49, 2.2, 1e6])
def test_where_steps_can_be_hit_the_nearest_is_meant(x: float, frames: int) -> None:
    nearest = min(range(frames), key=lambda step: abs(step - x))
    assert step_at(x, 0.5, frames) == nearest


def test_where_a_pixel_holds_many_steps_the_ends_can_be_hit_all_the_same() -> None:
    # 100,000 steps on 500 pixels: the first pixel covers 200 steps
    assert step_at(150, 200, 100_000) == 0
    assert step_at(599, 200, 100_000) == 0
    assert step_at(601, 200, 100_000) == 601
    assert step_at(99_500, 200, 100_000) == 99_999
    assert step_at(50_000.4, 200, 100_000) == 50_000


def test_a_click_at_the_edge_of_a_long_run_picks_its_first_step(qtbot: QtBot) -> None:
    plot = HeatmapPlot()
    shown(plot, qtbot)
    plot.show_history(append(history_of(2, steps=0), [ROW] * 6000))
    plot.grab()
    picked: list[int] = []
    plot.step_picked.connect(picked.append)
    for step in (15, 3000, 5990):
        click(plot, place_of(plot, plot.panes[0].view, step, 1.5), Qt.MouseButton.LeftButton)
    assert picked[0] == 0
    assert abs(picked[1] - 3000) < 20
    assert picked[2] == 5999
    plot.close()


def test_the_curves_take_the_keys_of_the_heatmap(curves: CurvesPlot, qtbot: QtBot) -> None:
    curves.show_history(append(history_of(2), [ROW] * 101))
    picked: list[int] = []
    curves.step_picked.connect(picked.append)
    for key in (KEY.Key_Left, KEY.Key_PageDown, KEY.Key_Home, KEY.Key_Right, KEY.Key_End):
        qtbot.keyClick(curves, key)
    assert picked == [99, 89, 0, 1, 100]
    assert curves.readout().lines["step"] == (100,)


def test_the_curves_say_their_values_at_the_cursor(curves: CurvesPlot) -> None:
    history = append(history_of(2), [ROW] * 8, losses=[8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    curves.show_history(history)
    assert curves.readout().words == ("training batch", "validation")
    curves.show_step(3)
    # nothing was evaluated yet; the share of the batch is step / 50 in a made-up run
    assert curves.readout().words == ("training batch: loss 5, accuracy 6.0%", "validation")
    evaluate(history, 2, 0.25, 0.625)
    curves.refresh()
    assert curves.readout().words[1] == "validation (step 2): loss 0.25, accuracy 62.5%"
    curves.show_step(2)
    assert curves.readout().words[1] == "validation: loss 0.25, accuracy 62.5%"
    assert curves.readout().title == "Loss and accuracy · up to step 7, 2 picked"
    curves.show_step(None)
    assert curves.readout().words[0] == "training batch"


def test_the_values_at_the_cursor_do_not_move_the_plot(curves: CurvesPlot) -> None:
    curves.resize(900, 420)
    curves.show_history(append(history_of(2), [ROW] * 8, losses=[1.0, 0.123456, 1e-9, 2.0, 12345.6, 1.0, 1.0, 1.0]))
    heights = set()
    for step in (None, 0, 1, 2, 4):
        curves.show_step(step)
        heights.add(curves.views[0].height())
    assert len(heights) == 1
