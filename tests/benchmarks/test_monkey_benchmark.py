"""Ten thousand random orders and events: no exception, no word of Qt, no thread left, and no memory that grows."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import pytest
from monkey import Monkey
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

ACTIONS, REOPENED_EVERY, COLLECTED_EVERY = 10_000, 500, 100
# torch, caches and the trash of closed windows are there by then
SETTLED_AFTER = 3000
GROWTH_MB = 30.0


def resident_mb() -> float:
    """Return the memory of this process that is in use."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.mark.benchmark
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read as Linux tells it")
def test_ten_thousand_random_actions(tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_args, **_kwargs: ("", ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda *_args: True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    before = {thread for thread in threading.enumerate() if thread.is_alive()}
    monkey, settled = Monkey(tmp_path, seed=1), 0.0
    with monkey.watching():
        for done in range(COLLECTED_EVERY, ACTIONS + 1, COLLECTED_EVERY):
            monkey.act(COLLECTED_EVERY)
            if done % REOPENED_EVERY == 0:
                monkey.reopen()
            # as the program does it: in the thread of the window alone
            gc.collect()
            if done == SETTLED_AFTER:
                settled = resident_mb()
        grown = resident_mb() - settled
        monkey.close()
    print(f"\n{dict(monkey.done)}; grown by {grown:.0f} MB after {SETTLED_AFTER:,} actions")
    assert monkey.troubles == []
    left = [thread for thread in threading.enumerate() if thread not in before and "Dummy" not in thread.name]
    assert left == []
    assert grown < GROWTH_MB
