"""Looks at the files of runs beside the window, so that a slow or sleeping disk never holds it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from gradviz.app.threads.newest_request import NewestRequest
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.recording.runs.run_list import RunReader

LISTING = "listing"


class LibraryThread(NewestRequest):
    """Lists the runs of a library whenever asked to, and changes their files. `listed` carries a list of Listed.

    The thread begins with the first thing there is to do; without a library there never is any.
    """

    listed = Signal(object)
    kinds = (LISTING,)

    def __init__(self, library: Library | None, parent: QObject | None = None) -> None:
        super().__init__("library", parent, starts_when_asked=library is not None)
        self.library = library
        self._reader: RunReader | None = None

    def ask(self) -> None:
        """Have the runs listed, once for all requests not yet begun."""
        self.put(LISTING, None)

    def do(self, job: Callable[[], object]) -> None:
        """Have `job` done, and the runs listed after it."""
        self.put_job(job)
        self.ask()

    def prepare(self) -> None:
        """Empty the trash of what has been in it for long enough."""
        # brings numpy and pydantic along, which the window opens without
        from gradviz.recording.runs.run_list import RunReader

        assert self.library is not None
        self._reader = RunReader()
        self.library.empty_trash()

    def answer(self, kind: str, request: Any) -> None:
        """List the runs."""
        assert self.library is not None
        assert self._reader is not None
        self.listed.emit(self._reader.listing(self.library.paths()))
