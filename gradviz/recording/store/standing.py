"""How a run file stands: written by a living process, ended, or left behind; and how the last two become one file."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.frame import Ending
from gradviz.recording.store import facts
from gradviz.recording.store.codec import DamagedError
from gradviz.recording.store.connection import closed, connected, explained, look
from gradviz.recording.store.schema import FORMAT

ENDINGS: dict[str, Ending] = {
    "finished": "finished", "stopped": "stopped", "diverged": "diverged", "failed": "failed",
    "interrupted": "interrupted",
}  # fmt: skip

# a beat older than this is that of a dead process
BEAT_LASTS_S = 10.0
# a living writer lets its lock go for a moment a few times a second; nobody meets such moments that often in a row
BETWEEN_LOOKS_S = 0.05
LOOKS, LOOKS_AFTER_A_BEAT = 2, 7
# how long somebody who wants to write tries to get the lock, and how often: the moments are short
PATIENCE_S = 5.0
BETWEEN_TRIES_S = 0.0005

# the runs that this process writes, and what makes their writers let go of their locks at once
_written_here: dict[Path, threading.Event] = {}


def announce(path: Path, let_go: threading.Event) -> None:
    """Take note that this process writes `path`, and will leave the lock for a moment when `let_go` is set."""
    _written_here[path.absolute()] = let_go


def withdraw(path: Path) -> None:
    """Take note that this process does not write `path` any more."""
    _written_here.pop(path.absolute(), None)


def stored_ending(connection: sqlite3.Connection) -> Ending | None:
    """Return how the run was ended; None if nobody did. Raises DamagedError."""
    said = facts.get(connection, "ending")
    if not said.has("ending"):
        return None
    word = said.text("ending")
    if word not in ENDINGS:
        raise DamagedError(f"no run ends as {word[:20]!r}")
    return ENDINGS[word]


def ending(path: Path, connection: sqlite3.Connection) -> Ending:
    """Return how the run at `path`, into which `connection` looks, stands. Raises RecordingError."""
    if (ended := stored_ending(connection)) is not None:
        return ended
    beat = facts.get(connection, "beat").number("beat")
    return "recording" if _is_being_written(path, beat) else "interrupted"


def locked(path: Path) -> sqlite3.Connection:
    """Open a run for writing, in a transaction that nobody else can write in. Raises RecordingError.

    It comes in between two transactions of a process that writes, too.
    """
    connection = connected(path, "rw")
    connection.execute("PRAGMA busy_timeout = 0")
    give_up = time.monotonic() + PATIENCE_S
    with explained(path):
        try:
            while not _got_lock(connection):
                if (writer := _written_here.get(path.absolute())) is not None:
                    writer.set()
                if time.monotonic() > give_up:
                    raise RecordingError("another program is writing to the run; try again when it is done")
                time.sleep(BETWEEN_TRIES_S)
        except BaseException:
            closed(connection)
            raise
    return connection


def check_writable(path: Path) -> None:
    """Raise RecordingError for a run that may only be read; nothing in it changes."""
    connection = locked(path)
    try:
        with explained(path):
            # where nothing may be written the lock is granted in name
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("ROLLBACK")
    finally:
        closed(connection)


def settle(path: Path) -> Ending:
    """Make one single file of a run that nobody writes any more, and note that it was interrupted if it was.

    Does nothing for a run that is being written, and for a file that may only be read. Returns how the run stands.
    Raises RecordingError for a file that is no run, or damaged.
    """
    reader = connected(path, "ro")
    try:
        with look(reader, path):
            stands, in_one_file = ending(path, reader), _journal(reader) != "wal"
    finally:
        closed(reader)
    if stands != "recording" and not (in_one_file and stands != "interrupted"):
        with suppress(RecordingError):
            _tidy(path, stands)
    return stands


def into_one_file(connection: sqlite3.Connection) -> bool:
    """Put the log into the file and do without one. Returns whether that was possible: others may be reading."""
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return _journal(connection, "= DELETE") == "delete"
    except sqlite3.OperationalError:
        return False


def _tidy(path: Path, stands: Ending) -> None:
    connection = locked(path)
    try:
        with explained(path):
            if stored_ending(connection) is None:
                facts.put(connection, {"ending": stands})
            connection.execute("COMMIT")
            into_one_file(connection)
    finally:
        closed(connection)


def _is_being_written(path: Path, beat: float) -> bool:
    if path.absolute() in _written_here:
        return True
    try:
        prober = connected(path, "rw")
    except RecordingError:
        return _beats(beat)
    try:
        prober.execute("PRAGMA busy_timeout = 0")
        for look_number in range(LOOKS_AFTER_A_BEAT if _beats(beat) else LOOKS):
            if look_number:
                time.sleep(BETWEEN_LOOKS_S)
            if not _got_lock(prober):
                return True
            # where nothing may be written the lock is granted in name; there this fails, elsewhere it changes nothing
            prober.execute(f"PRAGMA user_version = {FORMAT}")
            prober.execute("ROLLBACK")
    except sqlite3.Error:
        return _beats(beat)
    finally:
        closed(prober)
    return False


def _got_lock(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            return False
        raise
    return True


def _is_busy(error: sqlite3.Error) -> bool:
    code: int = error.sqlite_errorcode
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _beats(beat: float) -> bool:
    return abs(time.time() - beat) < BEAT_LASTS_S


def _journal(connection: sqlite3.Connection, change: str = "") -> str:
    return str(connection.execute(f"PRAGMA journal_mode {change}").fetchone()[0])
