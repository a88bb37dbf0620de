"""The header: verdict, score, what to try, and before beside now."""

from __future__ import annotations

import math

import numpy as np
import pytest
from driving import TINY, WAIT_MS, made_up, run_to_end, verdict_of, wait_until
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gradviz.app.header.elided_text import ElidedText, broken
from gradviz.app.header.header_bar import HeaderBar
from gradviz.app.header.outcome import Outcome, score_of
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.activation_panel import ActivationPanel
from gradviz.app.panels.distribution_panel import DistributionPanel
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.diagnosis import Remedy, Severity, words
from gradviz.diagnosis.verdict import Verdict
from gradviz.experiment import Experiment
from gradviz.recording.frame import Evaluation, Frame
from gradviz.recording.history import History

LONG = "Vanishing gradient: falls by 0.62 decades per layer, layers 30 to 1 · Not updating: layers 1 to 25"

ROW = {"gradient": np.zeros(1, np.float32), "share": np.zeros(1, np.float32)}


@pytest.fixture
def header(qtbot: QtBot) -> HeaderBar:
    header = HeaderBar()
    qtbot.addWidget(header)
    header.resize(900, 90)
    header.show()
    return header


@pytest.fixture
def text(qtbot: QtBot) -> ElidedText:
    text = ElidedText(2)
    qtbot.addWidget(text)
    text.show()
    return text


def lines_of(text: ElidedText) -> list[str]:
    return broken(text.words, text.font(), text.width(), 2)


def test_long_words_fill_their_lines_are_cut_and_stay_whole_in_the_tooltip(text: ElidedText) -> None:
    text.resize(200, 30)
    text.say(LONG)
    assert text.is_cut
    assert [line.endswith("…") for line in lines_of(text)] == [False, True]
    assert all(text.fontMetrics().horizontalAdvance(line) <= 200 for line in lines_of(text))
    assert LONG in text.toolTip()
    text.resize(2000, 30)
    assert not text.is_cut
    assert lines_of(text) == [LONG]
    # as high as what is said, and never a reason to be wide
    assert text.height() == text.fontMetrics().lineSpacing()
    assert text.minimumSizeHint().width() <= 0


def test_the_score_is_the_evaluation_at_the_step_or_the_latest_before_it() -> None:
    history = History(made_up([[-1.0]]).started)
    for step, accuracy in ((0, 0.125), (2, 0.875)):
        history.append(Evaluation(step, 1.0, accuracy, np.array([0, 0]), np.array([0.9, 0.8], np.float32), None))
    for step in range(5):
        history.append(Frame(step, 0.5, 0.25, 0.1, ROW))
    scores = [score_of(history, step) for step in (None, 4, 2, 1, 0)]
    told = [(score.text, score.step) for score in scores if score is not None]
    assert told == [("87.5%", 2), ("87.5%", 2), ("87.5%", 2), ("12.5%", 0), ("12.5%", 0)]


def test_without_an_evaluation_the_score_is_the_next_best_thing_that_is_known() -> None:
    history = History(made_up([[-1.0]]).started)
    assert score_of(history) is None
    history.append(Frame(0, 0.5, 0.25, 0.1, ROW))
    score = score_of(history, 0)
    assert score is not None
    assert score.text == "25.0%"
    history.append(Frame(1, 0.125, math.nan, 0.1, ROW))
    score = score_of(history)
    assert score is not None
    assert score.text == "0.125"


def test_profiles_before_and_now_share_a_scale(header: HeaderBar) -> None:
    steep, level = np.linspace(-10.0, 0.0, 21), np.full(21, -5.0)
    before = Outcome(9, Severity.CRITICAL, "", None, steep)
    header.show_outcomes(before, Outcome(9, Severity.FINE, "", None, level))
    assert header.change.isVisible()
    assert not header.score.isVisible()
    was, now = header.change.before.profile.heights(), header.change.after.profile.heights()
    assert was == pytest.approx(np.interp(np.linspace(0, 1, len(was)), [0, 1], [0, 1]), abs=0.05)
    assert now == pytest.approx([0.5] * len(now))
    header.show_outcomes(None, before)
    assert not header.change.isVisible()


def test_layers_without_a_value_leave_a_gap(header: HeaderBar) -> None:
    picture = header.change.before.profile
    picture.show_profile(np.array([0.0, -np.inf, np.nan, 1.0]), (0.0, 1.0))
    heights = picture.heights()
    assert [math.isnan(heights[place]) for place in (0, len(heights) * 2 // 5, len(heights) * 3 // 5, -1)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_it_says_the_worst_of_the_diagnosis_and_a_click_opens_the_panel(window: MainWindow, qtbot: QtBot) -> None:
    history = run_to_end(qtbot, window)
    worst = Verdict.of(history)[0]
    assert window.header.verdict.sentence.words == words.capitalised(worst.headline, worst.names)
    assert window.header.verdict.mark.severity == worst.data.severity
    evaluation = history.latest_evaluation
    assert evaluation is not None
    assert window.header.score.value.text() == f"{evaluation.accuracy:.1%}"
    window.docks["verdict"].hide()
    qtbot.mouseClick(window.header.verdict, Qt.MouseButton.LeftButton)
    assert window.docks["verdict"].isVisible()


def test_what_is_tried_is_set_up_trained_and_shown_beside_what_was(window: MainWindow, qtbot: QtBot) -> None:
    before = run_to_end(qtbot, window)
    assert not window.header.change.isVisible()
    window.header.tried.emit(Remedy("shortcut", (("shortcut", "scaled"), ("shortcut_scale", 0.0))))
    wait_until(qtbot, lambda: window.session.run.history is not before and not window.session.run.phase.busy)
    after = window.session.run.history
    assert after is not None
    assert after.started.experiment == TINY.changed(shortcut="scaled", title="", notes="")
    assert window.session.experiment == after.started.experiment
    change = window.header.change
    assert change.isVisible()
    for block, history in ((change.before, before), (change.after, after)):
        evaluation = history.latest_evaluation
        assert evaluation is not None
        assert block.outcome is not None
        assert block.outcome.severity == Verdict.of(history).severity
        assert block.score.text() == f"{evaluation.accuracy:.1%}"
        row = history.row(window.board.quantity, history.frames - 1)
        assert row is not None
        np.testing.assert_array_equal(block.outcome.profile, row)
    # a menu that is read, or a message, covers none of it
    window.say("something")
    assert window.header.verdict.sentence.visibleRegion().boundingRect() == window.header.verdict.sentence.rect()


def test_a_step_that_is_looked_at_is_compared_with_the_same_step(window: MainWindow, qtbot: QtBot) -> None:
    before = run_to_end(qtbot, window)
    window.session.set(window.session.experiment.changed(learning_rate=0.01))
    after = run_to_end(qtbot, window)
    change = window.header.change
    wait_until(qtbot, lambda: change.before.outcome is not None)
    ends = (before.frames - 1, after.frames - 1)
    assert (change.before.outcome.step, change.after.outcome.step) == ends  # type: ignore[union-attr]
    window.session.display.pick_step(0)
    wait_until(qtbot, lambda: change.after.outcome is not None and change.after.outcome.step == 0)
    assert change.before.outcome is not None
    assert change.before.outcome.step == 0
    assert change.before.outcome.score == score_of(before, 0)


def test_a_remedy_goes_to_the_form_and_can_be_taken_back(window: MainWindow) -> None:
    before = window.form.experiment().changed(title="a preset", notes="with notes")
    window.session.set(before)
    verdict_of(window.board).suggested.emit(Remedy("shortcut", (("shortcut", "scaled"), ("shortcut_scale", 0.0))))
    assert window.form.experiment() == before.changed(shortcut="scaled", title="", notes="")
    window.session.edits.undo()
    assert window.form.experiment() == before


def test_jumps_show_the_layer_and_the_quantity(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set(Experiment(depth=9, width=4, steps=3, batch_size=16, device="cpu"))
    window.session.start()
    with qtbot.waitSignal(window.session.run.began, timeout=WAIT_MS):
        pass
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
    verdict_of(window.board).layer_wanted.emit(7)
    verdict_of(window.board).quantity_wanted.emit("update_ratio")
    assert window.board.panel(DistributionPanel).layer.value() == window.board.panel(ActivationPanel).layer.value() == 7
    assert window.board.panel(HeatmapPanel).quantity.currentData() == "update_ratio"
