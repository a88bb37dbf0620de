"""A list of runs may look into a file the moment it appears; the run is recorded all the same."""

import sqlite3
from pathlib import Path
from typing import Literal

import pytest
from made_up_events import begun, frame

from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, live_file, read_info


def test_who_looks_into_a_run_as_it_appears_is_not_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.gradviz"
    readers = []
    connected = live_file.connected

    def looked_at(path: Path, access: Literal["ro", "rw"]) -> sqlite3.Connection:
        # the file has its name, and its writer has not opened it yet
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM documents").fetchone()
        readers.append(reader)
        return connected(path, access)

    monkeypatch.setattr(live_file, "connected", looked_at)
    history = History(begun())
    history.append(frame(0))
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: pytest.fail(text))
    for reader in readers:
        reader.close()
    writer.close("stopped")
    assert (read_info(path).ending, read_info(path).frames) == ("stopped", 1)
