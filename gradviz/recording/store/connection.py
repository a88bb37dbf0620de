"""Connections to run files that trust nothing in them, and what to say when SQLite cannot go on."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from gradviz.errors import RecordingError
from gradviz.recording.store import schema
from gradviz.recording.store.codec import DamagedError

Access = Literal["ro", "rw"]

# longest time that one look into a file may take, and how often SQLite asks whether it is over
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
    # what would be spilled is small; a folder for temporary files may not be there
    "temp_store = MEMORY",
)


def connected(path: Path, access: Access) -> sqlite3.Connection:
    """Open a run and check that its tables are ours. Raises RecordingError.

    Whoever can only read, reads: also from a folder in which nothing may be created.
    """
    _check_that_it_is_a_file(path)
    if access == "rw":
        return _checked(path, "mode=rw")
    try:
        return _checked(path, "mode=ro")
    except RecordingError:
        if not _in_wal_mode_without_a_log(path):
            raise
        return _checked(path, "mode=ro&immutable=1")


def created(path: Path) -> sqlite3.Connection:
    """Make a new file with empty tables. Raises sqlite3.Error; for the writer, which explains it."""
    connection = _limited(path, "mode=rwc")
    schema.create(connection)
    return connection


def closed(connection: sqlite3.Connection) -> None:
    """Close `connection`, whatever state it is in."""
    with suppress(sqlite3.Error):
        connection.close()


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
        finally:
            connection.set_progress_handler(None, 0)
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and damaged data raise into a RecordingError with one line that names the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise RecordingError(f"{path}: {_in_words(error)}") from error
    except DamagedError as error:
        raise RecordingError(f"{path}: the run is damaged: {error}") from error
    except UnicodeDecodeError as error:
        # what SQLite has to say of a damaged file may contain some of the damage
        raise RecordingError(f"{path}: the run is damaged: its texts are no texts") from error
    except RecordingError as error:
        if str(error).startswith(str(path)):
            raise
        raise RecordingError(f"{path}: {error}") from error
    except MemoryError as error:
        raise RecordingError(f"{path}: there is not enough memory to open the run") from error


def _in_words(error: sqlite3.Error) -> str:
    match _name(error):
        case "SQLITE_NOTADB":
            return "this is not a run of gradviz"
        case "SQLITE_INTERRUPT":
            return f"the run is damaged: after {LONGEST_LOOK_S:.0f} s it still could not be read"
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return "another program is writing to the run; try again when it is done"
        case "SQLITE_READONLY":
            return "the run may only be read; allow writing to it and to its folder, or save it elsewhere first"
        case "SQLITE_FULL":
            return "the disk is full; free some space"
        case "SQLITE_CANTOPEN":
            return "the run cannot be opened; see whether the file is there and may be read"
        case "SQLITE_PERM" | "SQLITE_AUTH":
            return "no permission to open the run"
        case "SQLITE_IOERR":
            return "the disk reported an error"
        case _:
            return f"the run is damaged ({error})"


def _name(error: sqlite3.Error) -> str:
    """Return the primary result code: SQLITE_IOERR for SQLITE_IOERR_WRITE."""
    extended = getattr(error, "sqlite_errorname", "")
    return "_".join(extended.split("_")[:2])


def _checked(path: Path, query: str) -> sqlite3.Connection:
    with explained(path):
        connection = _limited(path, query)
        try:
            if query.startswith("mode=ro"):
                connection.execute("PRAGMA query_only = ON")
            with look(connection, path):
                schema.check(connection)
        except BaseException:
            closed(connection)
            raise
    return connection


def _limited(path: Path, query: str) -> sqlite3.Connection:
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


def _in_wal_mode_without_a_log(path: Path) -> bool:
    """Whether a run that nobody closed lies where SQLite may not make the log that it wants to look into."""
    return not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
