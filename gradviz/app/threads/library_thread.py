"""Looks at the files of runs beside the window: lists them, renames them, empties the trash.

One long-lived thread, so that a slow or sleeping disk never holds the window up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.recording.runs.library import Library

if TYPE_CHECKING:
    from gradviz.recording.runs.run_list import RunReader


class LibraryThread(QThread):
    """Lists the runs of a library whenever asked to. `listed` carries a list of Listed, `failed` a Failure.

    The thread begins with the first thing there is to do; without a library there never is any.
    """

    listed = Signal(object)
    failed = Signal(object)

    def __init__(self, library: Library | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library")
        self.library = library
        self._wake = threading.Condition(threading.RLock())
        self._jobs: deque[Callable[[], object]] = deque()
        self._wanted = False
        self._ended = False

    def ask(self) -> None:
        """Have the runs listed; takes the place of any request not yet begun."""
        with self._wake:
            self._wanted = True
            self._wake.notify()
        self._begin()

    def do(self, job: Callable[[], object]) -> None:
        """Have `job` done, and the runs listed after it."""
        with self._wake:
            self._jobs.append(job)
            self._wanted = True
            self._wake.notify()
        self._begin()

    def end(self) -> None:
        """Let the thread run out once it has done what was asked; wait() for it afterwards."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def run(self) -> None:
        """Serve until `end`; called by QThread in the new thread."""
        try:
            # brings numpy and pydantic along, which the window opens without
            from gradviz.recording.runs.run_list import RunReader

            assert self.library is not None
            reader = RunReader()
            self.library.empty_trash()
            while self._wait():
                self._work(self.library, reader)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def _begin(self) -> None:
        if self.library is not None and not self._ended and not self.isRunning():
            self.start()

    def _wait(self) -> bool:
        """Wait for something to do; return False at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._ended or self._wanted or self._jobs)
            return bool(self._jobs) or not self._ended

    def _work(self, library: Library, reader: RunReader) -> None:
        with self._wake:
            jobs, self._jobs = self._jobs, deque()
            self._wanted = False
        for job in jobs:
            try:
                job()
            except Exception as error:  # one file that cannot be renamed is no reason to rename no other
                self.failed.emit(Failure.of(error))
        self.listed.emit(reader.listing(library.paths()))
