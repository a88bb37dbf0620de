"""Whether a process is writing a run.

It holds a lock on a small file beside the run for as long as it lives. The system releases the lock however the process
ends; a suspended process keeps it.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from gradviz.errors import RecordingError

SUFFIX = "-lock"
# whether there is a lock is tried with a lock, which is held for a moment
PATIENCE_S = 0.5
BETWEEN_TRIES_S = 0.002

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], *, shared: bool) -> None:
        del shared  # there are no such locks
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes], *, shared: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)


class WriterLock:
    """Held by the process that writes the run at `path`, until `release`.

    Raises RecordingError if another process, or this one, already writes it, and OSError if there can be no lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = _beside(path)
        give_up = time.monotonic() + PATIENCE_S
        while not self._acquired():
            if time.monotonic() > give_up:
                raise RecordingError(f"{path} is being written; stop that run first")
            time.sleep(BETWEEN_TRIES_S)

    def release(self) -> None:
        """Let others write the run."""
        if self._file.closed:
            return
        with suppress(OSError):
            self._path.unlink()
        self._file.close()
        if sys.platform == "win32":
            # which removes no file that is open
            with suppress(OSError):
                self._path.unlink()

    def _acquired(self) -> bool:
        file = self._path.open("ab")
        if _got_lock(file, shared=False) and _is_there(file, self._path):
            self._file = file
            return True
        file.close()
        return False


def is_written(path: Path) -> bool:
    """Whether a process is writing the run at `path`. Changes nothing, and needs no permission to."""
    give_up = time.monotonic() + (PATIENCE_S if sys.platform == "win32" else 0.0)
    while True:
        try:
            with _beside(path).open("rb") as file:
                if _got_lock(file, shared=True):
                    return False
        except OSError:
            return False
        if time.monotonic() >= give_up:
            return True
        time.sleep(BETWEEN_TRIES_S)


def _beside(path: Path) -> Path:
    # not by `with_name`, which refuses a folder such as "."
    return path.parent / (path.name + SUFFIX)


def _got_lock(file: IO[bytes], *, shared: bool) -> bool:
    """Lock `file` unless another process has; a file system without locks never refuses."""
    try:
        _lock(file, shared=shared)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True
    return True


def _is_there(file: IO[bytes], path: Path) -> bool:
    """Whether `file` is still the one at `path`: the former owner of the lock removes it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False
