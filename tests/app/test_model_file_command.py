"""File > Open model: nothing is executed without a yes, then the window follows what the file's process records."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import TINY, wait_until
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from gradviz.app.main_window import MainWindow
from gradviz.app.session.phase import Phase

MODEL = """
from pathlib import Path
from torch import nn
Path(__file__).with_suffix(".executed").touch()

def build_model():
    return nn.Sequential(nn.Flatten(), nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
"""


def asked(window: MainWindow) -> QMessageBox:
    [box] = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    return box


def button(box: QMessageBox, role: QMessageBox.ButtonRole) -> QAbstractButton:
    [found] = [each for each in box.buttons() if box.buttonRole(each) == role]
    return found


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(MODEL, encoding="utf-8")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    return path


def test_nothing_is_executed_without_a_yes(window: MainWindow, model: Path) -> None:
    window.actions_by_name["open_model"].trigger()
    box = asked(window)
    assert model.name in box.text()
    assert box.defaultButton() is button(box, QMessageBox.ButtonRole.RejectRole)
    button(box, QMessageBox.ButtonRole.RejectRole).click()
    assert window.model_file.process is None
    assert not model.with_suffix(".executed").exists()
    # nor is a file that is dropped or opened from outside
    window.open_file(model)
    assert not model.with_suffix(".executed").exists()


def test_after_a_yes_its_network_is_trained_as_the_form_says_and_followed(
    qtbot: QtBot, window: MainWindow, model: Path
) -> None:
    window.session.set(TINY.changed(data="moons", steps=12))
    window.actions_by_name["open_model"].trigger()
    button(asked(window), QMessageBox.ButtonRole.AcceptRole).click()
    wait_until(qtbot, lambda: window.session.run.phase is Phase.FINISHED)
    history = window.session.run.history
    assert history is not None
    assert history.started.title == model.name
    assert history.started.row_names == ("0", "1", "2", "3")
    assert history.frames == 13
    assert model.with_suffix(".executed").exists()
    wait_until(qtbot, lambda: window.model_file.process is None)


def test_a_mistake_in_the_file_is_shown_with_its_line(qtbot: QtBot, window: MainWindow, model: Path) -> None:
    model.write_text("x = 1\n1 / 0\n", encoding="utf-8")
    window.actions_by_name["open_model"].trigger()
    button(asked(window), QMessageBox.ButtonRole.AcceptRole).click()
    wait_until(qtbot, lambda: window.errors.box is not None)
    assert window.errors.box is not None
    assert f"{model}, line 2: ZeroDivisionError" in window.errors.box.text()
    window.errors.box.close()
    wait_until(qtbot, lambda: not window.session.run.phase.busy)
