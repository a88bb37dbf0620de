"""Throwing runs away and bringing them back, where something is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gradviz.app.runs.removal import Removal
from gradviz.app.runs.runs_panel import RunsPanel
from gradviz.errors import RecordingError
from gradviz.recording.runs.library import Library


def test_what_could_not_be_brought_back_can_be_once_the_way_is_free(qtbot: QtBot, tmp_path: Path) -> None:
    panel = RunsPanel()
    qtbot.addWidget(panel)
    removal = Removal(Library(tmp_path), panel)
    paths = [tmp_path / f"{name}.gradviz" for name in ("one", "two", "three")]
    for path in paths:
        path.write_text(path.stem)
    removal.delete(paths)
    paths[1].write_text("in the way")
    with pytest.raises(RecordingError, match=r"two\.gradviz"):
        removal.undo()
    assert panel.list.can_undo
    paths[1].unlink()
    removal.undo()
    assert [path.read_text() for path in paths] == ["one", "two", "three"]
    assert not panel.list.can_undo
