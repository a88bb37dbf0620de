"""A run opened from its file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from gradviz.errors import RecordingError
from gradviz.recording.frame import Ending
from gradviz.recording.history import History
from gradviz.recording.store import documents
from gradviz.recording.store.connection import changing, is_one_file, make_one_file, read_once
from gradviz.recording.store.info import RunInfo, ending_of, info_of
from gradviz.recording.store.liveness import WriterLock
from gradviz.recording.store.stored_file import StoredFile

OnDamage = Callable[[str], None]


class Run:
    """The run in a file, as it stood when it was opened. Close it, or leave it to the garbage collector."""

    def __init__(self, path: Path, on_damage: OnDamage | None = None) -> None:
        self._stored = StoredFile(path, on_damage=on_damage)
        self.info: RunInfo = self._stored.read(lambda connection: info_of(path, connection))
        self.history = History.restored(self._stored.started, self._stored)

    def close(self) -> None:
        """Let the file go. What of the history is not in memory opens it again."""
        self._stored.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_run(path: Path, on_damage: OnDamage | None = None) -> Run:
    """Open the run at `path`. One that was left behind becomes one single file, where it may be written.

    Raises RecordingError. What turns out to be damaged later, when it is looked at, raises it as well; or `on_damage`
    is told of it, once, and it counts as not measured.
    """
    settle(path)
    return Run(path, on_damage)


def settle(path: Path) -> Ending:
    """Make one single file of a run that nobody writes any more, and note that it was interrupted if it was.

    Does nothing for a run that is being written, and for a file that may only be read. Returns how the run stands.
    Raises RecordingError for a file that is no run, or damaged.
    """
    ending, one_file = read_once(path, lambda connection: (ending_of(path, connection), is_one_file(connection)))
    if ending == "interrupted" or not (ending == "recording" or one_file):
        with suppress(RecordingError, OSError):
            _tidy_up(path)
    return ending


def _tidy_up(path: Path) -> None:
    lock = WriterLock(path)
    try:
        with changing(path) as connection:
            state = documents.state(connection)
            documents.put(connection, state.changed(ending=state.ending or "interrupted"))
            connection.execute("COMMIT")
            make_one_file(connection)
    finally:
        lock.release()
