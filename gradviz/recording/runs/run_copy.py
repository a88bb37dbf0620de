"""A copy of a run as one file, whether the run has ended, was interrupted or is still being written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.store.error_messages import sentence

PAGES_AT_A_TIME = 2_000

# takes pages done and pages in all; False cancels
Progress = Callable[[int, int], bool]


class _CancelledError(Exception):
    pass


def copy_run(path: Path, target: Path, progress: Progress | None = None) -> bool:
    """Write a copy of the run `path` to `target`, which appears whole or not at all; return False if cancelled.

    SQLite itself copies, because the end of a run that is being written is not in its file yet. Raises RecordingError.
    """
    if target.exists() and path.exists() and target.samefile(path):
        raise RecordingError(f"{target} is the run itself; choose another name")
    aside = target.with_name(f".gradviz-{os.urandom(8).hex()}.part")

    def tell(_status: int, remaining: int, total: int) -> None:
        if progress is not None and not progress(total - remaining, total):
            raise _CancelledError

    try:
        source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        with closing(source), closing(sqlite3.connect(aside)) as copy:
            source.backup(copy, pages=PAGES_AT_A_TIME, progress=tell, sleep=0.05)
            # one single file, whatever the original was at the moment
            copy.execute("PRAGMA journal_mode=DELETE").fetchone()
        aside.replace(target)
    except _CancelledError:
        return False
    except (OSError, sqlite3.Error) as error:
        raise RecordingError(f"cannot copy {path.name} to {target}: {sentence(error)}") from error
    finally:
        for left in (aside, *(aside.with_name(aside.name + end) for end in ("-journal", "-wal", "-shm"))):
            with suppress(OSError):
                left.unlink()
    return True
