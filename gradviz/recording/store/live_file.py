"""A run file as long as it is written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.store import schema
from gradviz.recording.store.connection import close, connected, limited, make_one_file, transaction
from gradviz.recording.store.liveness import WriterLock

# how long closing waits for others to stop reading before it leaves the log to them
WAIT_FOR_READERS_MS = 500
COMPANIONS = ("-wal", "-shm", "-journal")

_SETTINGS = (
    "journal_mode = WAL",
    # a transaction survives the end of the process; the end of the power may cost the last ones, never the file
    "synchronous = NORMAL",
    "secure_delete = OFF",
)


class LiveFile:
    """The connection of the disk writer, and its lock.

    With a `begin`, which writes how a run begins, the file is created, and appears complete or not at all; without one
    there has to be a run that no process writes. Methods may raise sqlite3.Error, OSError or RecordingError.
    """

    def __init__(self, path: Path, begin: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self.path = path
        self._lock = WriterLock(path)
        try:
            if begin is not None:
                _create(path, begin)
            self.connection = connected(path, "rw")
            for setting in _SETTINGS:
                self.connection.execute(f"PRAGMA {setting}")
        except BaseException:
            self._lock.release()
            raise
        self._identity = identity(path)

    @property
    def is_there(self) -> bool:
        """Whether the file still lies where it was made."""
        return identity(self.path) == self._identity

    def transaction(self) -> AbstractContextManager[None]:
        """Write all of the block or nothing."""
        return transaction(self.connection)

    def finish(self) -> None:
        """Make it one single file, unless others are reading, and close it."""
        with suppress(sqlite3.Error):
            self.connection.execute(f"PRAGMA busy_timeout = {WAIT_FOR_READERS_MS}")
            make_one_file(self.connection)
        self.close()

    def close(self) -> None:
        """Close it as it is."""
        close(self.connection)
        self._lock.release()


def identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at `path` from one that takes its place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _create(path: Path, begin: Callable[[sqlite3.Connection], None]) -> None:
    aside = path.with_name(f".gradviz-{os.urandom(8).hex()}.part")
    try:
        # if that fails the system says why; SQLite says only that it cannot open the file
        aside.touch(0o644)
        connection = limited(aside, "mode=rw")
        try:
            with transaction(connection):
                schema.create(connection)
                begin(connection)
            # before the file appears: a reader would be in the way of the change
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            close(connection)
        if path.exists():
            raise RecordingError(f"there is a file {path} already; choose another name")
        # left by an earlier file of that name: SQLite would take its log for this one's
        for ending in COMPANIONS:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        aside.rename(path)
    finally:
        for ending in ("", *COMPANIONS):
            with suppress(OSError):
                aside.with_name(aside.name + ending).unlink()
