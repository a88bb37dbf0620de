"""What to say to a person whose run cannot be stored."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

_FULL = "the disk is full; free some space, and what is missing will be written"
_GOES_ON = "Training goes on"


def in_words(path: Path, error: Exception, frames: int) -> str:
    """Say in one line why the run is not stored beyond its first `frames` frames, and the way out."""
    kept = f"{path.name} holds the run up to step {frames - 1:,}" if frames else f"nothing of the run is in {path.name}"
    return f"{_GOES_ON}, but {kept}: {_reason(path, error)}"


def removed(path: Path) -> str:
    """Say that the file is gone and written anew."""
    return f"{_GOES_ON}, but {path} was removed or moved while it was being written. It is written there anew"


def taken(path: Path) -> str:
    """Say that something else is where the file was."""
    return f"another file has taken the place of {path}; move it away, and the run will be written there anew"


def lost(path: Path, frames: int, missing: int) -> str:
    """Say that closing could not store the last frames."""
    return f"{path.name} ends at step {frames - 1:,}: the last {missing:,} steps could not be stored"


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, sqlite3.Error):
        return _database_reason(path, getattr(error, "sqlite_errorname", "") or "")
    if isinstance(error, OSError):
        return _system_reason(path, error)
    return str(error)


def _database_reason(path: Path, name: str) -> str:
    # a write beyond what a quota or a limit allows reaches SQLite as an error of the disk
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE")):
        return _FULL
    if name.startswith("SQLITE_BUSY"):
        return "another program holds on to the file; close it, and what is missing will be written"
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return f"no permission to write to {path.parent}; allow it, and what is missing will be written"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return "something else has written into the file; move it away, and the run will be written anew"
    return f"the disk reported an error ({name}); see whether it is still connected"


def _system_reason(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return _FULL
        case errno.ENOENT | errno.ENOTDIR:
            return f"there is no folder {path.parent} any more; make it, and the run will be written there"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write to {path.parent}; allow it, and what is missing will be written"
        case _:
            return f"{error.strerror or error}"
