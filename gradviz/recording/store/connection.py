"""Connections to run files that trust nothing in them."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeVar

from gradviz.errors import RecordingError
from gradviz.recording.store import schema
from gradviz.recording.store.error_messages import explained

Access = Literal["ro", "rw"]
T = TypeVar("T")

# longest time for one look into a file, and how often SQLite checks it
LONGEST_LOOK_S = 5.0
INSTRUCTIONS_BETWEEN_LOOKS = 20_000
LARGEST_BLOB_BYTES = 64 << 20
PATIENCE_S = 5.0

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST_BLOB_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4096,
    sqlite3.SQLITE_LIMIT_COLUMN: 32,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 32,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 2,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 8,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 32,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
_SETTINGS = (
    "trusted_schema = OFF",
    "cell_size_check = ON",
    "mmap_size = 0",
    # temporary data are small, and there may be no folder for them
    "temp_store = MEMORY",
)


def connected(path: Path, access: Access) -> sqlite3.Connection:
    """Open a run and check that its tables are ours. Raises RecordingError.

    Reading needs no permission to write, not even to the folder.
    """
    _check_that_it_is_a_file(path)
    if access == "rw":
        return _checked(path, "mode=rw")
    try:
        return _checked(path, "mode=ro")
    except RecordingError:
        if not _lacks_its_log(path):
            raise
        return _checked(path, "mode=ro&immutable=1")


def read_once(path: Path, what: Callable[[sqlite3.Connection], T]) -> T:
    """Open a run, look into it in one transaction, and close it. Raises RecordingError."""
    connection = connected(path, "ro")
    try:
        with look(connection, path):
            return what(connection)
    finally:
        close(connection)


def close(connection: sqlite3.Connection) -> None:
    """Close `connection`, whatever state it is in."""
    with suppress(sqlite3.Error):
        connection.close()


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """Change a run in one transaction, between those of a process that writes it. Raises RecordingError."""
    connection = connected(path, "rw")
    try:
        with explained(path), transaction(connection):
            # SQLite begins to write to a read-only file as well; this fails there, and elsewhere changes nothing
            connection.execute(f"PRAGMA user_version = {schema.FORMAT}")
            yield connection
    finally:
        close(connection)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of the block or nothing. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        if connection.in_transaction:
            connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def make_one_file(connection: sqlite3.Connection) -> None:
    """Put the log into the file and do without one; leaves it as it is where others are reading."""
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


def is_one_file(connection: sqlite3.Connection) -> bool:
    """Whether the run has no log beside it."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal")


@contextmanager
def look(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """Read in one transaction, hence one state of the file, for no longer than LONGEST_LOOK_S.

    Raises RecordingError for whatever goes wrong, naming the file.
    """
    end = time.monotonic() + LONGEST_LOOK_S
    connection.set_progress_handler(lambda: time.monotonic() > end, INSTRUCTIONS_BETWEEN_LOOKS)
    with explained(path):
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        finally:
            connection.set_progress_handler(None, 0)
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _checked(path: Path, query: str) -> sqlite3.Connection:
    with explained(path):
        connection, to_change = limited(path, query), query == "mode=rw"
        try:
            with look(connection, path):
                schema.check(connection, to_change=to_change)
                if not to_change:
                    schema.complete(connection, for_reading=True)
            connection.execute(f"PRAGMA query_only = {not to_change}")
        except BaseException:
            close(connection)
            raise
    return connection


def limited(path: Path, query: str) -> sqlite3.Connection:
    """Open a database in which nothing is trusted. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=PATIENCE_S,
        isolation_level=None,
        check_same_thread=False,
    )
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return connection


def _check_that_it_is_a_file(path: Path) -> None:
    """Raise RecordingError for a pipe, at which opening would wait for ever, and for what is not there."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecordingError(f"cannot open {path}: {reason}") from error
    if not stat.S_ISREG(mode):
        raise RecordingError(f"cannot open {path}: this is not a file")


def _lacks_its_log(path: Path) -> bool:
    """Whether a run that was not closed is where SQLite may not create the log that it expects."""
    return not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
