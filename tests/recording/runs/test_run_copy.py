"""Copies of run files: whole or not at all, also of a database that somebody is writing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gradviz.errors import RecordingError
from gradviz.recording.runs.run_copy import copy_run


def written(path: Path, *, wal: bool = False, rows: int = 50) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    if wal:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE chunks (data BLOB)")
    # one transaction: a disk may take a hundredth of a second for each
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO chunks VALUES (randomblob(?))", [(1000,)] * rows)
    connection.execute("COMMIT")
    return connection


def contents(path: Path) -> list[tuple[bytes]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT data FROM chunks ORDER BY rowid").fetchall()


@pytest.mark.parametrize("wal", [False, True])
def test_a_copy_holds_what_the_run_holds(tmp_path: Path, wal: bool) -> None:
    path, target = tmp_path / "run #1 %41.gradviz", tmp_path / "copy.gradviz"
    target.write_bytes(b"an older copy")
    with closing(written(path, wal=wal)):
        # in WAL mode the file itself holds next to nothing yet
        assert copy_run(path, target)
    assert contents(target) == contents(path)
    assert sorted(each.name for each in tmp_path.iterdir() if "copy" in each.name or "part" in each.name) == [
        target.name
    ]


@pytest.mark.slow
def test_a_cancelled_copy_leaves_nothing(tmp_path: Path) -> None:
    path, target = tmp_path / "run.gradviz", tmp_path / "copy.gradviz"
    written(path, rows=3000).close()
    seen: list[tuple[int, int]] = []

    def cancel(done: int, total: int) -> bool:
        seen.append((done, total))
        return False

    assert not copy_run(path, target, cancel)
    assert 0 < seen[0][0] <= seen[0][1]
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_copied_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gradviz"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(RecordingError, match=r"broken\.gradviz"):
        copy_run(broken, tmp_path / "copy.gradviz")
    with pytest.raises(RecordingError, match=r"gone\.gradviz"):
        copy_run(tmp_path / "gone.gradviz", tmp_path / "copy.gradviz")
    written(tmp_path / "run.gradviz").close()
    with pytest.raises(RecordingError, match="itself"):
        copy_run(tmp_path / "run.gradviz", tmp_path / "run.gradviz")
    with pytest.raises(RecordingError):
        copy_run(tmp_path / "run.gradviz", tmp_path / "no folder" / "copy.gradviz")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["broken.gradviz", "run.gradviz"]
