"""The plots as one board: same run, same quantity, same step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from driving import GRADIENT, SHARE, TINY, click, drag, made_up, place_of, point
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gradviz.app.board import PICTURE_PERIOD_MS, TEXT_PERIOD_MS, Board
from gradviz.app.session.run_names import in_short
from gradviz.app.session.shown import Shown
from gradviz.experiment import Experiment
from gradviz.plots.parts.style import DARK
from gradviz.recording.frame import Frame

ROWS = [[-1.0 - step, -2.0 - step, -3.0 - step] for step in range(6)]
OTHERS = [[-9.0, -8.0, -7.0]] * 6


@pytest.fixture
def board(qtbot: QtBot) -> Iterator[Board]:
    holder = QWidget()
    board = Board(holder)
    column = QVBoxLayout(holder)
    for part in (board.heatmap, board.profile, board.curves, board.held_out):
        part.setMinimumHeight(220)
        column.addWidget(part)
    holder.resize(500, 1000)
    qtbot.addWidget(holder)
    holder.show()
    board.step_wanted.connect(board.show_step)
    board.show(Shown("run", made_up(ROWS)))
    board.heatmap.plot.grab()
    board.curves.grab()
    yield board
    holder.close()


def heatmap_place(board: Board, step: float, layer: float = 2) -> QPoint:
    return place_of(board.heatmap.plot, board.heatmap.plot.panes[0].view, step, layer)


def shown_step(board: Board) -> int:
    return board.profile.shown_step


def test_every_plot_shows_the_run(board: Board) -> None:
    history = board.history
    parts = (board.heatmap.plot, board.profile, board.curves, board.samples, board.boundary)
    assert all(part.history is history for part in parts)
    assert shown_step(board) == 5


@pytest.mark.parametrize("step", [0, 2, 5])
def test_a_click_into_the_heatmap_picks_a_step_for_all(board: Board, step: int) -> None:
    click(board.heatmap.plot, heatmap_place(board, step))
    assert shown_step(board) == step
    assert board.heatmap.plot.step == step
    assert board.curves.readout().lines["step"] == (step,)
    board.show_step(None)
    assert shown_step(board) == 5
    assert "step" not in board.curves.readout().lines


def test_a_drag_over_the_heatmap_picks_step_after_step(board: Board) -> None:
    picked: list[int] = []
    board.heatmap.plot.step_picked.connect(picked.append)
    drag(board.heatmap.plot, [heatmap_place(board, step) for step in (0, 1.4, 3, 4.2)])
    assert picked[-1] == 4
    assert picked == sorted(picked)
    assert shown_step(board) == 4


def test_a_click_into_the_curves_picks_a_step_for_all(board: Board) -> None:
    click(board.curves, place_of(board.curves, board.curves.views[0], 3, 0.5))
    assert shown_step(board) == 3
    assert board.heatmap.plot.step == 3


def test_arrow_keys_move_the_step_of_all(board: Board, qtbot: QtBot) -> None:
    for _ in range(2):
        qtbot.keyClick(board.heatmap.plot, Qt.Key.Key_Left)
    assert shown_step(board) == 3
    qtbot.keyClick(board.heatmap.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert shown_step(board) == 0


def test_the_quantity_of_the_heatmap_is_that_of_the_profile(board: Board) -> None:
    board.heatmap.quantity.setCurrentIndex(1)
    assert board.profile.quantity == SHARE
    board.heatmap.quantity.setCurrentIndex(0)
    assert board.profile.quantity == GRADIENT


def test_every_plot_reads_out_into_the_same_line(board: Board) -> None:
    words = []
    for plot, place in (
        (board.heatmap.plot, heatmap_place(board, 1, 1)),
        (board.profile, place_of(board.profile, board.profile.view, 3, -8)),
        (board.curves, place_of(board.curves, board.curves.views[0], 4, 0.5)),
    ):
        point(plot, place)
        words.append(board.heatmap.readout.text())
    assert words[0].startswith("step 1 · layer 1 · 1.00e-02")
    assert words[1].startswith("step 5 · layer 3 · 1.00e-08")
    assert words[2].startswith("step 4 · batch: loss 1")


def test_the_run_before_is_drawn_for_comparison_unless_unwanted(board: Board) -> None:
    before = made_up(OTHERS, Experiment(depth=3, width=8, activation="leaky_relu", shortcut="pre_activation"))
    board.show(Shown("run", made_up(ROWS), before))
    assert board.profile.readout()["other"].y.tolist() == OTHERS[0]
    assert any("previous: 3 × 8 leaky ReLU pre-activation shortcut" in words for words in board.profile.readout().words)
    board.compare(False)
    assert "other" not in board.profile.readout()
    board.compare(True)
    assert "other" in board.profile.readout()


def test_a_preview_fills_every_plot_with_the_run_behind_it(board: Board) -> None:
    run, preview = board.history, made_up([[-4.0, -5.0, -6.0]])
    board.show(Shown("preview", preview, run))
    parts = (board.heatmap.plot, board.profile, board.curves, board.samples, board.boundary, board.playback)
    assert all(part.history is preview for part in parts)
    assert board.profile.readout()["now"].y.tolist() == [-4.0, -5.0, -6.0]
    # the first step of the run, because the preview has no other
    assert board.profile.readout()["other"].y.tolist() == ROWS[0]


def test_nothing_is_shown_while_a_file_is_waited_for(board: Board) -> None:
    board.show(Shown(waiting_for="run.gradviz"))
    assert board.history is None
    assert all("run.gradviz" in plot.readout().notice for plot in (board.heatmap.plot, board.profile, board.curves))
    board.show(Shown())
    assert not any("run.gradviz" in plot.readout().notice for plot in (board.heatmap.plot, board.profile, board.curves))


@pytest.mark.parametrize("planar", [False, True])
def test_points_in_the_plane_get_a_boundary_and_pictures_their_samples(board: Board, planar: bool) -> None:
    board.show(Shown("run", made_up(ROWS, planar=planar)))
    wanted = board.boundary if planar else board.samples
    assert board.held_out.currentWidget() is wanted
    assert board.held_out_plot is wanted
    assert board.plots()["held-out samples"] is wanted


def test_a_live_board_pulls_and_an_ended_one_rests(board: Board, qtbot: QtBot) -> None:
    history = board.history
    assert history is not None
    board.live(True)
    assert (board._pictures.interval(), board._words.interval()) == (PICTURE_PERIOD_MS, TEXT_PERIOD_MS)
    with qtbot.waitSignal(board.text_due, timeout=5000):
        history.append(Frame(6, 1.0, 0.0, 0.1, {GRADIENT.name: history.row(GRADIENT.name, 0)}))  # type: ignore[dict-item]
    qtbot.waitUntil(lambda: shown_step(board) == 6)
    board.live(False)
    assert not board._pictures.isActive()
    assert not board._words.isActive()
    history.append(Frame(7, 1.0, 0.0, 0.1, {GRADIENT.name: history.row(GRADIENT.name, 0)}))  # type: ignore[dict-item]
    board.live(False)
    assert shown_step(board) == 7


def test_a_right_click_asks_for_the_menu_of_that_plot_and_a_drag_does_not(board: Board) -> None:
    wanted: list[str] = []
    board.menu_wanted.connect(lambda name, _place: wanted.append(name))
    right = Qt.MouseButton.RightButton
    click(board.heatmap.plot, heatmap_place(board, 1), right)
    click(board.profile, place_of(board.profile, board.profile.view, 2, -3), right)
    click(board.curves, place_of(board.curves, board.curves.views[0], 2, 0.5), right)
    click(board.samples, board.samples.rect().center(), right)
    assert wanted == ["heatmap", "profile", "curves", "held-out samples"]


def test_the_board_on_one_page_covers_no_plot_with_another(board: Board) -> None:
    placements = board.placements("board")
    assert [each.view for each in placements] == list(board.plots().values())
    for place, one in enumerate(placements):
        for other in placements[place + 1 :]:
            assert one.rect.intersected(other.rect).isEmpty()
    heatmap, *rest = placements
    assert sum(each.rect.height() for each in rest) == pytest.approx(heatmap.rect.height())
    (alone,) = board.placements("curves")
    assert (alone.rect.width(), alone.rect.height()) == (board.curves.width(), board.curves.height())


def test_every_plot_takes_the_style(board: Board) -> None:
    board.apply_style(DARK)
    for plot in board.plots().values():
        assert plot.backgroundBrush().color().name() == DARK.background
    assert board.boundary.backgroundBrush().color().name() == DARK.background


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "3 × 4 tanh"),
        ({"activation": "leaky_relu", "shortcut": "pre_activation"}, "3 × 4 leaky ReLU pre-activation shortcut"),
    ],
)
def test_a_run_has_a_short_name(values: dict[str, object], words: str) -> None:
    assert in_short(made_up(ROWS, TINY.changed(**values))) == words
