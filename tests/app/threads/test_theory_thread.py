"""Theory beside the window: the right curves for the right network, and an orderly end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import WAIT_MS, profile_of, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.main_window import MainWindow
from gradviz.app.panels.heatmap_panel import HeatmapPanel
from gradviz.app.settings import Settings
from gradviz.app.threads import theory_thread
from gradviz.app.threads.theory_thread import TheoryThread, theory_of
from gradviz.experiment import Experiment
from gradviz.plots.profiles.profile_rows import Theory
from gradviz.recording.frame import Started
from gradviz.training.loop import first_frame

SIGMOID = Experiment(depth=12, width=256, activation="sigmoid", initialization="lecun_normal", device="cpu")


def started(experiment: Experiment) -> Started:
    return first_frame(experiment)[0]


@pytest.fixture
def thread(qapp: object) -> Iterator[TheoryThread]:
    thread = TheoryThread()
    yield thread
    thread.end()
    assert thread.wait(WAIT_MS)


def test_the_prediction_fits_the_network_it_was_asked_about() -> None:
    begun, frame = first_frame(SIGMOID)
    theory = theory_of(begun)
    (_, predicted), (_, ceiling) = theory.curves
    measured = frame.rows["activation_grad_rms"] - frame.rows["activation_grad_rms"][-1]
    # half of 0.15 decades of the mean square would be the mean over networks; this is one of them
    np.testing.assert_allclose(predicted, measured, atol=0.3)
    assert ceiling[0] == pytest.approx(11 * np.log10(0.25))
    assert "ordered" in theory.words
    assert "1611.01232" in theory.source


def test_where_theory_does_not_hold_it_says_why() -> None:
    theory = theory_of(started(SIGMOID.changed(normalization="batch")))
    assert theory.curves == ()
    assert theory.words.startswith("no prediction: ")


def test_the_newest_question_is_answered(thread: TheoryThread, qtbot: QtBot) -> None:
    answers: list[Started] = []
    thread.found.connect(lambda asked, _theory: answers.append(asked))
    first, second = started(SIGMOID), started(SIGMOID.changed(depth=5))
    thread.ask(first)
    thread.ask(second)
    wait_until(qtbot, lambda: second in answers)
    thread.ask(first)
    wait_until(qtbot, lambda: answers[-1] is first)


def test_a_failure_is_told_and_the_next_question_answered(
    thread: TheoryThread, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = started(SIGMOID)

    def fail(_started: Started) -> Theory:
        raise ZeroDivisionError("made up")

    with monkeypatch.context() as patched:
        patched.setattr(theory_thread, "theory_of", fail)
        with qtbot.waitSignal(thread.failed, timeout=WAIT_MS) as failed:
            thread.ask(begun)
    failure = failed.args[0]
    assert isinstance(failure, Failure)
    assert "made up" in failure.details
    with qtbot.waitSignal(thread.found, timeout=WAIT_MS):
        thread.ask(begun)


def test_the_window_draws_it_beside_the_preview(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(SIGMOID, Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(window)
    window.show()
    window.session.begin()
    wait_until(qtbot, lambda: window.board.history is not None)
    chooser = window.board.panel(HeatmapPanel).quantity
    chooser.setCurrentIndex(chooser.findData("activation_grad_rms"))
    wait_until(qtbot, lambda: "theory bound" in profile_of(window.board).readout())
    words = profile_of(window.board).readout().words
    assert "mean-field theory" in words
    assert any(each.startswith("ordered") for each in words)
    assert "1611.01232" in profile_of(window.board).toolTip()
    window.close()
