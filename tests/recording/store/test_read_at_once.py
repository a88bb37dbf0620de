"""A list of runs may look into a file the moment it appears; the run is recorded all the same."""

import sqlite3
from pathlib import Path

import pytest
from made_up_events import begun, frame

from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter, live_file, read_info
from gradviz.recording.store.liveness import WriterLock


def test_who_looks_into_a_run_as_it_appears_is_not_in_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.gradviz"
    readers = []
    begin = live_file.LiveFile.__init__

    def looked_at(self: live_file.LiveFile, path: Path, lock: WriterLock) -> None:
        # the file has its name, and its writer no hold on it yet
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM documents").fetchone()
        readers.append(reader)
        begin(self, path, lock)

    monkeypatch.setattr(live_file.LiveFile, "__init__", looked_at)
    history = History(begun())
    history.append(frame(0))
    writer = StoreWriter(path, history, environment={}, on_trouble=lambda text: pytest.fail(text))
    for reader in readers:
        reader.close()
    writer.close("stopped")
    assert (read_info(path).ending, read_info(path).frames) == ("stopped", 1)
