"""The plots as one board: same run, same quantity, same step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import (
    GRADIENT,
    SHARE,
    TINY,
    boundary_of,
    click,
    curves_of,
    drag,
    heatmap_of,
    made_up,
    place_of,
    point,
    profile_of,
    samples_of,
)
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.board import PICTURE_PERIOD_MS, TEXT_PERIOD_MS, Board
from gradviz.app.panels.curves_panel import CurvesPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.panels.profile_panel import ProfilePanel
from gradviz.app.panels.validation_panel import ValidationPanel
from gradviz.app.session.run_names import in_short
from gradviz.app.session.shown import Shown
from gradviz.app.settings import Settings
from gradviz.app.threads.preview_thread import PreviewThread
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK
from gradviz.recording.frame import Frame

ROWS = [[-1.0 - step, -2.0 - step, -3.0 - step] for step in range(6)]
OTHERS = [[-9.0, -8.0, -7.0]] * 6


@pytest.fixture
def board(qtbot: QtBot, settings: Settings) -> Iterator[Board]:
    holder = QWidget()
    board = Board(settings, PreviewThread(holder), holder)
    column = QVBoxLayout(holder)
    for kind in (HeatmapPanel, ProfilePanel, CurvesPanel, ValidationPanel):
        part = board.panel(kind)
        part.setMinimumHeight(220)
        column.addWidget(part)
    holder.resize(500, 1000)
    qtbot.addWidget(holder)
    holder.show()
    board.context.step_wanted.connect(board.show_step)
    board.show(Shown("run", made_up(ROWS)))
    heatmap_of(board).grab()
    curves_of(board).grab()
    yield board
    holder.close()


def heatmap_place(board: Board, step: float, layer: float = 2) -> QPoint:
    return place_of(heatmap_of(board), heatmap_of(board).panes[0].view, step, layer)


def shown_step(board: Board) -> int:
    return profile_of(board).shown_step


def test_every_plot_shows_the_run(board: Board) -> None:
    history = board.history
    parts = (
        heatmap_of(board),
        profile_of(board),
        curves_of(board),
        samples_of(board),
        boundary_of(board),
    )
    assert all(part.history is history for part in parts)
    assert shown_step(board) == 5


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 2, 5])
def test_a_click_into_the_heatmap_picks_a_step_for_all(board: Board, step: int) -> None:
    click(heatmap_of(board), heatmap_place(board, step))
    assert shown_step(board) == step
    assert heatmap_of(board).step == step
    assert curves_of(board).readout().lines["step"] == (step,)
    board.show_step(None)
    assert shown_step(board) == 5
    assert "step" not in curves_of(board).readout().lines


def test_a_drag_over_the_heatmap_picks_step_after_step(board: Board) -> None:
    picked: list[int] = []
    heatmap_of(board).step_picked.connect(picked.append)
    drag(heatmap_of(board), [heatmap_place(board, step) for step in (0, 1.4, 3, 4.2)])
    assert picked[-1] == 4
    assert picked == sorted(picked)
    assert shown_step(board) == 4


def test_a_click_into_the_curves_picks_a_step_for_all(board: Board) -> None:
    click(
        curves_of(board),
        place_of(curves_of(board), curves_of(board).views[0], 3, 0.5),
    )
    assert shown_step(board) == 3
    assert heatmap_of(board).step == 3


def test_arrow_keys_move_the_step_of_all(board: Board, qtbot: QtBot) -> None:
    for _ in range(2):
        qtbot.keyClick(heatmap_of(board), Qt.Key.Key_Left)
    assert shown_step(board) == 3
    qtbot.keyClick(heatmap_of(board), Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert shown_step(board) == 0


def test_the_quantity_of_the_heatmap_is_that_of_the_profile(board: Board) -> None:
    board.panel(HeatmapPanel).quantity.setCurrentIndex(1)
    assert profile_of(board).quantity == SHARE
    board.panel(HeatmapPanel).quantity.setCurrentIndex(0)
    assert profile_of(board).quantity == GRADIENT


def test_every_plot_reads_out_into_the_same_line(board: Board) -> None:
    words = []
    for plot, place in (
        (heatmap_of(board), heatmap_place(board, 1, 1)),
        (
            profile_of(board),
            place_of(profile_of(board), profile_of(board).view, 3, -8),
        ),
        (
            curves_of(board),
            place_of(curves_of(board), curves_of(board).views[0], 4, 0.5),
        ),
    ):
        point(plot, place)
        words.append(board.panel(HeatmapPanel).readout.text())
    assert words[0].startswith("step 1 · layer 1 · 1.00e-02")
    assert words[1].startswith("step 5 · layer 3 · 1.00e-08")
    assert words[2].startswith("step 4 · batch: loss 1")


def test_the_run_before_is_drawn_for_comparison_unless_unwanted(board: Board) -> None:
    before = made_up(OTHERS, Experiment(depth=3, width=8, activation="leaky_relu", shortcut="pre_activation"))
    board.show(Shown("run", made_up(ROWS), before))
    assert profile_of(board).readout()["other"].y.tolist() == OTHERS[0]
    assert any(
        "previous: 3 × 8 leaky ReLU pre-activation shortcut" in words for words in profile_of(board).readout().words
    )
    board.compare(False)
    assert "other" not in profile_of(board).readout()
    board.compare(True)
    assert "other" in profile_of(board).readout()


def test_a_preview_fills_every_plot_with_the_run_behind_it(board: Board) -> None:
    run, preview = board.history, made_up([[-4.0, -5.0, -6.0]])
    board.show(Shown("preview", preview, run))
    parts = (
        heatmap_of(board),
        profile_of(board),
        curves_of(board),
        samples_of(board),
        boundary_of(board),
        board.playback,
    )
    assert all(part.history is preview for part in parts)
    assert profile_of(board).readout()["now"].y.tolist() == [-4.0, -5.0, -6.0]
    # the first step of the run, because the preview has no other
    assert profile_of(board).readout()["other"].y.tolist() == ROWS[0]


def test_nothing_is_shown_while_a_file_is_waited_for(board: Board) -> None:
    board.show(Shown(waiting_for="run.gradviz"))
    assert board.history is None
    assert all(
        "run.gradviz" in plot.readout().notice for plot in (heatmap_of(board), profile_of(board), curves_of(board))
    )
    board.show(Shown())
    assert not any(
        "run.gradviz" in plot.readout().notice for plot in (heatmap_of(board), profile_of(board), curves_of(board))
    )


@pytest.mark.parametrize("planar", [False, True])
def test_points_in_the_plane_get_a_boundary_and_pictures_their_samples(board: Board, planar: bool) -> None:
    board.show(Shown("run", made_up(ROWS, planar=planar)))
    wanted = boundary_of(board) if planar else samples_of(board)
    assert wanted.isVisible()
    assert board.plots()["validation samples"] is wanted


def test_a_live_board_pulls_and_an_ended_one_rests(board: Board, qtbot: QtBot) -> None:
    history = board.history
    assert history is not None
    board.live(True)
    assert board.periods_ms == (PICTURE_PERIOD_MS, TEXT_PERIOD_MS)
    with qtbot.waitSignal(board.text_due, timeout=5000):
        history.append(Frame(6, 1.0, 0.0, 0.1, {GRADIENT.name: history.row(GRADIENT.name, 0)}))  # type: ignore[dict-item]
    qtbot.waitUntil(lambda: shown_step(board) == 6)
    board.live(False)
    assert board.periods_ms is None
    history.append(Frame(7, 1.0, 0.0, 0.1, {GRADIENT.name: history.row(GRADIENT.name, 0)}))  # type: ignore[dict-item]
    board.live(False)
    assert shown_step(board) == 7


def test_a_right_click_asks_for_the_menu_of_that_plot_and_a_drag_does_not(board: Board) -> None:
    wanted: list[str] = []
    board.menu_wanted.connect(lambda name, _place: wanted.append(name))
    right = Qt.MouseButton.RightButton
    click(heatmap_of(board), heatmap_place(board, 1), right)
    click(
        profile_of(board),
        place_of(profile_of(board), profile_of(board).view, 2, -3),
        right,
    )
    click(
        curves_of(board),
        place_of(curves_of(board), curves_of(board).views[0], 2, 0.5),
        right,
    )
    click(samples_of(board), samples_of(board).rect().center(), right)
    assert wanted == ["heatmap", "profile", "curves", "validation samples"]


def test_the_board_on_one_page_covers_no_plot_with_another(board: Board) -> None:
    placements = board.placements("board")
    assert [each.view for each in placements] == [
        board.plots()[name] for name in ("heatmap", "profile", "curves", "validation samples")
    ]
    for place, one in enumerate(placements):
        for other in placements[place + 1 :]:
            assert one.rect.intersected(other.rect).isEmpty()
    heatmap, *rest = placements
    assert sum(each.rect.height() for each in rest) == pytest.approx(heatmap.rect.height())
    (alone,) = board.placements("curves")
    assert (alone.rect.width(), alone.rect.height()) == (
        curves_of(board).width(),
        curves_of(board).height(),
    )


def test_every_plot_takes_the_style(board: Board) -> None:
    board.apply_style(DARK)
    for plot in board.plots().values():
        assert plot.backgroundBrush().color().name() == DARK.background
    assert boundary_of(board).backgroundBrush().color().name() == DARK.background


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "3 × 4 tanh"),
        ({"activation": "leaky_relu", "shortcut": "pre_activation"}, "3 × 4 leaky ReLU pre-activation shortcut"),
    ],
)
def test_a_run_has_a_short_name(values: dict[str, object], words: str) -> None:
    assert in_short(made_up(ROWS, TINY.changed(**values))) == words
