"""A run opened from its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from gradviz.recording.history import History
from gradviz.recording.store.info import RunInfo, info_of
from gradviz.recording.store.standing import settle
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
