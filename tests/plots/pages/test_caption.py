"""What stands below a picture: nothing of it is lost, however narrow the page."""

from __future__ import annotations

import pytest
from made_up_runs import history_of, run_of
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gradviz.experiment import Experiment
from gradviz.experiment.code import from_code, to_code
from gradviz.plots.pages.caption import HEIGHT, Caption, broken, identity
from gradviz.plots.parts.style import LIGHT
from gradviz.recording.frame import Frame, Started
from gradviz.recording.history import History

EXPERIMENT = Experiment(title="A title", depth=12, shortcut="scaled", learning_rate=0.02, steps=9)


def recorded() -> History:
    history = History(Started.of_experiment(EXPERIMENT, quantities=(), parameters=1, device="cpu", threads=1))
    for step in range(5):
        history.append(Frame(step, 1.0, 0.5, 0.02, {}))
    return history


def test_it_names_network_run_step_and_a_code_that_gives_the_experiment_back() -> None:
    parts = identity(recorded(), 3, run="2026-11-28_1").split(" · ")
    assert parts == [
        "A title",
        EXPERIMENT.network.summary,
        "run 2026-11-28_1",
        "step 3 of 9",
        to_code(EXPERIMENT),
    ]
    assert from_code(parts[-1]) == EXPERIMENT.changed(title="")
    # the latest step there is
    assert "step 4 of 9" in identity(recorded(), None)
    assert "step 4 of 9" in identity(recorded(), 7)


def test_a_preview_has_no_step_and_a_watched_network_no_code() -> None:
    assert "before training" in identity(recorded(), None, preview=True)
    assert "step" not in identity(recorded(), None, preview=True)
    assert "gv1" not in identity(run_of([[-1.0, -2.0]]), None) or history_of(2).started.experiment is not None


@pytest.mark.parametrize("room", [40, 160, 500, 5000])
def test_no_letter_is_lost_and_no_line_is_too_long(qtbot: QtBot, room: int) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    metrics: QFontMetrics = label.fontMetrics()
    words = identity(recorded(), 3, run="a-rather-long-name-of-a-file")
    lines = broken(words, metrics, room)
    assert "".join(lines).replace(" ", "") == words.replace(" ", "")
    assert all(metrics.horizontalAdvance(line) <= room for line in lines)


def test_it_is_as_high_as_its_lines(qtbot: QtBot) -> None:
    caption = Caption(LIGHT, "verdict", identity(recorded(), 3))
    qtbot.addWidget(caption)
    assert Caption(LIGHT, "verdict").height_for(400) == HEIGHT
    assert caption.height_for(200) > caption.height_for(900) > HEIGHT
