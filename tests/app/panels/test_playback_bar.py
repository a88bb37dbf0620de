"""The bar below the heatmap, on a board with a made-up run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import curves_of, heatmap_of, made_up
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSlider, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.board import Board
from gradviz.app.panels.curves_panel import CurvesPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.panels.playback_bar import PlaybackBar, StepSlider
from gradviz.app.session.shown import Shown
from gradviz.app.settings import Settings
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.plots.parts.style import DARK, LIGHT
from gradviz.recording.frame import Frame

ROWS = [[-1.0 - step, -2.0 - step] for step in range(101)]
KEY = Qt.Key


@pytest.fixture
def board(qtbot: QtBot, settings: Settings) -> Iterator[Board]:
    holder = QWidget()
    board = Board(settings, PreviewThread(holder), holder)
    column = QVBoxLayout(holder)
    for part in (board.panel(HeatmapPanel), board.panel(CurvesPanel)):
        column.addWidget(part)
    holder.resize(700, 700)
    qtbot.addWidget(holder)
    board.apply_style(LIGHT)
    holder.show()
    board.context.step_wanted.connect(board.show_step)
    board.show(Shown("run", made_up(ROWS)))
    yield board
    board.playback.pause()
    holder.close()


@pytest.fixture
def bar(board: Board) -> PlaybackBar:
    return board.playback_bar


def picked(board: Board) -> int | None:
    assert heatmap_of(board).step == curves_of(board).step == board.playback.step
    return board.playback.step


def test_the_buttons_go_to_the_ends_and_by_one(board: Board, bar: PlaybackBar) -> None:
    for button, step in (
        (bar.back, 99), (bar.first, 0), (bar.back, 0), (bar.on, 1), (bar.on, 2), (bar.last, 100), (bar.on, 100),
    ):  # fmt: skip
        button.click()
        assert picked(board) == step
        assert bar.slider.value() == step
        assert bar.words.text() == f"{step} / 100"


def test_live_is_lit_while_the_latest_step_is_followed_and_returns_to_it(board: Board, bar: PlaybackBar) -> None:
    assert bar.live.isChecked()
    bar.back.click()
    assert not bar.live.isChecked()
    bar.live.click()
    assert picked(board) is None
    assert bar.live.isChecked()
    # pressed once more it stays lit
    bar.live.click()
    assert bar.live.isChecked()


def test_the_slider_picks_where_it_is_pressed_and_follows_a_step_picked_elsewhere(
    board: Board, bar: PlaybackBar, qtbot: QtBot
) -> None:
    middle = bar.slider.rect().center()
    qtbot.mouseClick(bar.slider, Qt.MouseButton.LeftButton, pos=middle)
    assert picked(board) == pytest.approx(50, abs=2)
    qtbot.mouseClick(bar.slider, Qt.MouseButton.LeftButton, pos=QPoint(bar.slider.width() - 1, middle.y()))
    assert picked(board) == 100
    board.show_step(30)
    assert bar.slider.value() == 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slider", "play", "live"])
def test_the_keys_of_the_plots_work_in_the_bar(board: Board, bar: PlaybackBar, qtbot: QtBot, name: str) -> None:
    control = getattr(bar, name)
    for key, shift, step in (
        (KEY.Key_Left, False, 99), (KEY.Key_Left, True, 89), (KEY.Key_PageDown, False, 79), (KEY.Key_PageUp, False, 89),
        (KEY.Key_Home, False, 0), (KEY.Key_Right, False, 1), (KEY.Key_End, False, 100),
    ):  # fmt: skip
        qtbot.keyClick(control, key, Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier)
        assert picked(board) == step


def test_space_plays_in_both_plots_and_on_the_slider(board: Board, bar: PlaybackBar, qtbot: QtBot) -> None:
    for widget in (heatmap_of(board), curves_of(board), bar.slider):
        qtbot.keyClick(widget, KEY.Key_Space)
        assert board.playback.playing
        qtbot.keyClick(widget, KEY.Key_Space)
        assert not board.playback.playing
    # on a button it presses the button
    qtbot.keyClick(bar.back, KEY.Key_Space)
    assert not board.playback.playing
    assert bar.loop.isCheckable()


def test_a_run_that_is_played_moves_every_plot(board: Board, bar: PlaybackBar, qtbot: QtBot) -> None:
    bar.speed.setCurrentIndex(bar.speed.findData(100))
    assert "1,000 training steps per second" in bar.speed.toolTip()
    bar.play.click()
    assert bar.play.accessibleName() == "hold"
    qtbot.waitUntil(lambda: not board.playback.playing, timeout=10_000)
    assert picked(board) == 100
    assert bar.play.accessibleName() == "play"


def test_a_run_that_goes_on_is_pulled_less_often_while_it_is_played(board: Board, bar: PlaybackBar) -> None:
    board.live(True)
    usual = board.periods_ms
    assert usual is not None
    bar.play.click()
    assert board.periods_ms is not None
    assert board.periods_ms > usual
    bar.play.click()
    assert board.periods_ms == usual
    board.live(False)


def test_the_slider_grows_with_the_run_and_keeps_the_picked_step(board: Board, bar: PlaybackBar) -> None:
    board.show_step(40)
    assert board.history is not None
    row = board.history.row("gradient", 0)
    assert row is not None
    for step in range(101, 1201):
        board.history.append(Frame(step, 1.0, 0.5, 0.1, {"gradient": row}))
    board.refresh()
    assert (bar.slider.maximum(), bar.slider.value()) == (1200, 40)
    assert bar.words.text() == "40 / 1,200"
    board.show_step(None)
    assert bar.slider.value() == 1200


def test_the_timeline_is_as_long_as_planned_and_picks_nothing_that_is_not_recorded(qtbot: QtBot) -> None:
    slider = StepSlider()
    qtbot.addWidget(slider)
    slider.resize(400, 24)
    slider.show_step(20, 50, 200)
    picked: list[int] = []
    slider.picked.connect(picked.append)
    assert (slider.maximum(), slider.latest) == (200, 50)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(50, 12))
    assert picked == [pytest.approx(200 * 50 / 400, abs=3)]
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(399, 12))
    assert picked[1:] == [50]
    # a run without an end is as long as it is recorded
    slider.show_step(5, 9, 0)
    assert slider.maximum() == 9


def test_without_a_run_there_is_nothing_to_press(board: Board, bar: PlaybackBar) -> None:
    for history in (None, made_up(ROWS[:1])):
        board.show(Shown("run", history))
        assert not any(control.isEnabled() for control in (bar.first, bar.play, bar.slider, bar.live))
    assert bar.words.text() == "0 / 0"


@pytest.mark.parametrize("style", [LIGHT, DARK], ids=lambda style: style.name)
def test_the_lamp_is_lit_in_the_accent_of_the_style(board: Board, bar: PlaybackBar, style: object) -> None:
    board.apply_style(style)  # type: ignore[arg-type]

    def ground() -> str:
        return bar.live.grab().toImage().pixelColor(4, bar.live.height() // 2).name()

    assert ground() == style.accent  # type: ignore[attr-defined]
    board.show_step(3)
    assert ground() != style.accent  # type: ignore[attr-defined]


def test_whatever_can_be_operated_has_a_name_a_tip_and_a_place_in_the_order_of_tab(bar: PlaybackBar) -> None:
    controls = [each for each in bar.findChildren(QWidget) if isinstance(each, QAbstractButton | QComboBox | QSlider)]
    assert set(controls) == set(bar.in_tab_order())
    for control in controls:
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
