"""A run file as long as it is written."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gradviz.errors import RecordingError
from gradviz.recording.frame import Started
from gradviz.recording.store import beginning, facts
from gradviz.recording.store.connection import closed, connected, created
from gradviz.recording.store.standing import into_one_file

# long enough for somebody who waits for the lock to get it
LOCK_FREE_S = 0.005
# how long closing waits for others to stop reading before it leaves the log to them
WAIT_FOR_READERS_MS = 500
COMPANIONS = ("-wal", "-shm", "-journal")

_SETTINGS = (
    "journal_mode = WAL",
    # a transaction survives the end of the process; the end of the power may cost the last ones, never the file
    "synchronous = NORMAL",
    "secure_delete = OFF",
)
_NOTHING_YET: dict[str, Any] = {
    "progress": {"frames": 0, "loss": None, "accuracy": None, "losses": []},
    "diverged": None,
    "ending": None,
    "why": "",
    "continued": [],
}


class LiveFile:
    """The connection of the disk writer. It holds SQLite's write lock, but for a moment after each transaction.

    Every method may raise sqlite3.Error or RecordingError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connected(path, "rw")
        for setting in _SETTINGS:
            self._connection.execute(f"PRAGMA {setting}")
        self._identity = identity(path)
        self._hold()

    @property
    def is_there(self) -> bool:
        """Whether the file still lies where it was made."""
        return identity(self.path) == self._identity

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of the block or nothing."""
        self._hold()
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        self.breathe()

    def breathe(self) -> None:
        """Let others have the lock for a moment, in which this waits."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        time.sleep(LOCK_FREE_S)
        # else somebody else writes; the next transaction waits for them
        with suppress(sqlite3.OperationalError):
            self._hold()

    def finish(self) -> None:
        """Put everything into one single file, if nobody else is reading, and close it."""
        try:
            with suppress(sqlite3.Error):
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._connection.execute(f"PRAGMA busy_timeout = {WAIT_FOR_READERS_MS}")
                into_one_file(self._connection)
        finally:
            self.close()

    def close(self) -> None:
        """Let the file go as it stands."""
        closed(self._connection)

    def _hold(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN IMMEDIATE")


def start(path: Path, started: Started, said: Mapping[str, Any]) -> LiveFile:
    """Make the file of a new run, which appears whole or not at all. Raises RecordingError, sqlite3.Error or OSError.

    What an earlier file of that name left beside it goes: SQLite would take its log for that of the new one.
    """
    aside = path.with_name(f".gradviz-{os.urandom(8).hex()}.part")
    try:
        # where that cannot be, the system says why; SQLite says only that it cannot open it
        aside.touch(0o644)
        connection = created(aside)
        try:
            connection.execute("BEGIN")
            beginning.put(connection, started)
            facts.put(connection, {**_NOTHING_YET, **said})
            connection.execute("COMMIT")
            # before anybody sees the file: who looks into it at once would be in the way of the change
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            closed(connection)
        if path.exists():
            raise RecordingError(f"there is a file {path} already; choose another name")
        for ending in COMPANIONS:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        aside.rename(path)
        try:
            return LiveFile(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    finally:
        for ending in ("", *COMPANIONS):
            with suppress(OSError):
                aside.with_name(aside.name + ending).unlink()


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at `path` from one that takes its place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
