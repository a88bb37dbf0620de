"""The panels about validation samples: their tables, and when there is one to write."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.panels.held_out_panel import HeldOutPanel
from gradviz.app.panels.mistakes_panel import MistakesPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.app.panels.predictions_panel import PredictionsPanel
from gradviz.experiment import Experiment
from gradviz.recording.frame import Evaluation, HeldOut, Started
from gradviz.recording.history import History

LABELS, PREDICTED = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 0, 1])


@pytest.fixture
def history() -> History:
    held_out = HeldOut(np.arange(15, dtype=np.float32).reshape(5, 3), LABELS, ("no", "yes"))
    history = History(
        Started.of_experiment(
            Experiment(depth=3), quantities=(), held_out=held_out, parameters=1, device="cpu", threads=1, batch_size=4,
            training_samples=8,
        )
    )  # fmt: skip
    history.append(Evaluation(0, 1.0, 0.6, PREDICTED, np.linspace(0.5, 0.9, 5, dtype=np.float32)))
    return history


@pytest.fixture(params=[PredictionsPanel, MistakesPanel])
def panel(request: pytest.FixtureRequest, qtbot: QtBot, context: PanelContext) -> HeldOutPanel:
    panel: HeldOutPanel = request.param(context)
    qtbot.addWidget(panel)
    return panel


def test_a_table_can_be_written_once_there_is_an_evaluation(
    panel: HeldOutPanel, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.show_history(None)
    assert not panel.save.isEnabled()
    panel.show_history(history)
    assert panel.save.isEnabled()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "own"), ""))
    panel.save.trigger()
    with (tmp_path / "own.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert "truth" in head
    # two classes, and two mistakes
    assert len(rows) == 2


def test_a_table_that_cannot_be_written_is_said(
    panel: HeldOutPanel, history: History, context: PanelContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Failure] = []
    context.failed.connect(said.append)
    panel.show_history(history)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "none" / "own.csv"), ""))
    panel.save.trigger()
    assert [each.details for each in said] == [""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    panel.save.trigger()
    assert not list(tmp_path.glob("*.csv"))


def test_numbers_are_drawn_against_the_true_ones(context: PanelContext, qtbot: QtBot, history: History) -> None:
    panel = PredictionsPanel(context)
    qtbot.addWidget(panel)
    numbers = HeldOut(
        np.zeros((3, 2), np.float32), np.zeros(3, np.int64), (), targets=np.arange(3.0), target_name="price"
    )
    other = History(replace(history.started, held_out=numbers))
    other.append(
        Evaluation(
            0, 1.0, 0.5, np.zeros(3, np.int64), np.zeros(3, np.float32), values=np.array([0.0, 1.0, 3.0], np.float32)
        )
    )
    panel.show_history(history)
    assert list(panel.plots()) == ["confusion matrix"]
    panel.show_history(other)
    assert list(panel.plots()) == ["predicted against true"]
    assert panel.save.isEnabled()
    panel.show_history(history)
    assert list(panel.plots()) == ["confusion matrix"]
