"""The run files that are open, for as long as anything shows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gradviz.errors import RecordingError
from gradviz.recording.frame import Ending
from gradviz.recording.history import History
from gradviz.recording.runs.library import SUFFIX

if TYPE_CHECKING:
    from gradviz.recording.store import Run


class OpenRuns:
    """Opens each file once, and closes those that nobody looks at any more.

    `on_damage` is told where a file turns out to be damaged only when it is looked at, once for each.
    """

    def __init__(self, on_damage: Callable[[str], None]) -> None:
        self._on_damage = on_damage
        self._open: dict[Path, Run] = {}

    def history(self, path: Path) -> History:
        """Return the history in a file. Raises RecordingError."""
        known = self._open.get(path)
        # of a run that was still being written only what there was at the time
        if known is not None and known.info.ending == "recording":
            self._open.pop(path).close()
            known = None
        if known is None:
            # brings the store along, which the window opens without
            from gradviz.recording.store import open_run

            known = self._open[path] = open_run(path, self._on_damage)
        return known.history

    def ending(self, path: Path) -> Ending:
        """Return how the run in a file that is open ended."""
        return self._open[path].info.ending

    def path_of(self, history: History | None) -> Path | None:
        """Return the file that a history was read from; None if it is of no open file."""
        return next((path for path, run in self._open.items() if run.history is history), None)

    def keep_only(self, shown: list[History]) -> None:
        """Close every file whose history is not among those `shown`."""
        for path, run in list(self._open.items()):
            if not any(run.history is history for history in shown):
                del self._open[path]
                run.close()

    def close(self) -> None:
        """Close every file."""
        self.keep_only([])


def is_being_recorded(path: Path) -> bool:
    """Whether another process writes that file; one that cannot be read is not being written."""
    from gradviz.recording.store import read_info

    try:
        return read_info(path).ending == "recording"
    except RecordingError:
        return False


def recorded_into(path: Path) -> Path:
    """Return the file in which a script records that was given `path`."""
    return path if path.suffix.lower() == SUFFIX or path.exists() else path.with_name(path.name + SUFFIX)
