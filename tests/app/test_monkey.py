"""Random orders and events, a few of them: no exception, no word of Qt, no thread left. The long one is a benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest
from monkey import Monkey
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

ACTIONS = 40


@pytest.fixture(autouse=True)
def no_dialog_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for an answer gets none."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_args, **_kwargs: ("", ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda *_args: True)


@pytest.mark.slow
def test_nothing_random_breaks_the_window(tmp_path: Path, qtbot: QtBot) -> None:
    monkey = Monkey(tmp_path, seed=7)
    with monkey.watching():
        monkey.act(ACTIONS // 2)
        monkey.reopen()
        monkey.act(ACTIONS // 2)
        monkey.close()
    assert monkey.troubles == []
    assert sum(monkey.done.values()) == ACTIONS + 1
