"""What to tell a person whose run cannot be read or stored: what is wrong, and the way out."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.store.checks import DamagedError

_FULL = "the disk is full; free some space"
_BUSY = "another program is using the run; close it, or try again later"
_NO_PERMISSION = "no permission; allow reading and writing the file and its folder, or choose another folder"

# by SQLite's result code: the extended one if it is here, else the primary one
_OF_DATABASE = {
    "SQLITE_NOTADB": "this is not a run of gradviz",
    "SQLITE_INTERRUPT": "the run is damaged: reading it takes too long",
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": "the run is read-only; allow writing to it and to its folder, or save a copy elsewhere",
    "SQLITE_FULL": _FULL,
    # what a quota or a limit on the size of files does not allow
    "SQLITE_IOERR_WRITE": _FULL,
    "SQLITE_IOERR": "the disk reported an error; check that it is still connected",
    "SQLITE_CANTOPEN": "the run cannot be opened; check that the file is there and may be read",
    "SQLITE_PERM": _NO_PERMISSION,
    "SQLITE_AUTH": _NO_PERMISSION,
    "SQLITE_NOMEM": "there is not enough memory for the run",
}
_OF_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.ENOENT: "there is no such folder; create it",
    errno.ENOTDIR: "there is no such folder; create it",
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: _NO_PERMISSION,
}


def sentence(error: Exception) -> str:
    """Return what to say of an error that reading or writing a run raises."""
    match error:
        case sqlite3.Error():
            code = getattr(error, "sqlite_errorname", "") or ""
            primary = "_".join(code.split("_")[:2])
            return _OF_DATABASE.get(code) or _OF_DATABASE.get(primary) or f"the run is damaged ({error})"
        case OSError():
            return _OF_SYSTEM.get(error.errno or 0, error.strerror or str(error))
        case DamagedError():
            return f"the run is damaged: {error}"
        case UnicodeDecodeError():
            # SQLite quotes some of the damage where it complains of a damaged file
            return "the run is damaged: its texts are not texts"
        case MemoryError():
            return "there is not enough memory for the run"
        case _:
            return str(error)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and damaged data raise into a RecordingError of one line that names the file."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, MemoryError, RecordingError) as error:
        text = sentence(error)
        if isinstance(error, RecordingError) and text.startswith(str(path)):
            raise
        raise RecordingError(f"{path}: {text}") from error


def not_stored(path: Path, error: Exception, frames: int) -> str:
    """Say why the run is not stored beyond its first `frames` frames for the time being."""
    kept = f"{path.name} holds the run up to step {frames - 1:,}" if frames else f"nothing of the run is in {path.name}"
    return f"Training continues, but {kept}: {sentence(error)}. What is missing is written as soon as possible"


def removed(path: Path) -> str:
    """Say that the file is gone and a new one is written."""
    return f"Training continues, but {path} was removed or moved while it was being written. It is written again"


def replaced(path: Path) -> str:
    """Say that there is another file where the run was."""
    return f"another file has taken the place of {path}; move it away"


def lost(path: Path, frames: int, missing: int) -> str:
    """Say that the last frames could not be stored."""
    steps = "the last step" if missing == 1 else f"the last {missing:,} steps"
    return f"{path.name} ends at step {frames - 1:,}: {steps} could not be stored"
