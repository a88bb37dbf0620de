"""Every error of the database that a person can do something about has a sentence of its own."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gradviz.recording.store.error_messages import sentence


def no_database(path: Path) -> None:
    path.write_bytes(b"no database, but longer than its header is" * 10)
    sqlite3.connect(path).execute("SELECT * FROM sqlite_master")


def not_there(path: Path) -> None:
    sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def locked(path: Path) -> None:
    sqlite3.connect(path, isolation_level=None).execute("BEGIN EXCLUSIVE")
    sqlite3.connect(path, timeout=0).execute("CREATE TABLE t (x)")


def read_only(path: Path) -> None:
    sqlite3.connect(path).execute("CREATE TABLE t (x)")
    sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True).execute("CREATE TABLE u (x)")


def full(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA max_page_count = 2")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (zeroblob(100000))")


def interrupted(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.set_progress_handler(lambda: True, 1)
    connection.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")


def disk_full(_path: Path) -> None:
    raise OSError(errno.ENOSPC, "no space")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (no_database, "not a run"),
        (not_there, "cannot be opened"),
        (locked, "another program"),
        (read_only, "read-only"),
        (full, "disk is full"),
        (interrupted, "too long"),
        (disk_full, "disk is full"),
    ],
)
def test_an_error_has_its_sentence(path: Path, fail: Callable[[Path], None], words: str) -> None:
    with pytest.raises((sqlite3.Error, OSError)) as failed:
        fail(path)
    assert words in sentence(failed.value)


def test_any_other_error_of_the_database_is_damage(path: Path) -> None:
    with pytest.raises(sqlite3.Error) as failed:
        sqlite3.connect(path).execute("SELECT * FROM nothing")
    assert "damaged" in sentence(failed.value)
