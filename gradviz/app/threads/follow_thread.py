"""Follows a run file that another process is writing, beside the window: looking into a file may take its time."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure
from gradviz.errors import RecordingError

if TYPE_CHECKING:
    from gradviz.recording.frame import Ending
    from gradviz.recording.history import History
    from gradviz.recording.store import Run

PERIOD_S = 0.25
# a file that has just appeared may not be whole yet
GRACE_S = 5.0


class FollowThread(QThread):
    """Waits for the file `path` if it is not there yet, then takes what is new a few times a second, until it ends.

    `began` carries a list of one History, which only this thread appends to, as soon as there is a step in it, and
    again if the file becomes another run. `trouble` tells of damage found later and of a file that is gone; `failed`
    carries a Failure. `ending` says how the run ended once the thread has finished; None if it was told to `stop`.
    """

    began = Signal(object)
    trouble = Signal(str)
    failed = Signal(object)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("follower")
        self.path = path
        self.ending: Ending | None = None
        self._stopped = threading.Event()
        self._shown: History | None = None

    def stop(self) -> None:
        """Leave the file alone."""
        self._stopped.set()

    def run(self) -> None:
        """Follow; called by QThread in the new thread."""
        try:
            while (follower := self._opened()) is not None:
                with follower:
                    self._follow(follower)
                if self.ending is not None:
                    return
                if self._stopped.is_set():
                    return
                self.trouble.emit(f"{self.path.name} was removed while it was followed; waiting for it to come back")
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def _opened(self) -> Run | None:
        """Wait for a file that can be read; None if told to stop before there was one."""
        # brings the store along, which the window opens without
        from gradviz.recording.store import open_run

        appeared: float | None = None
        while not self._stopped.is_set():
            if self.path.exists():
                appeared = appeared or time.monotonic()
                try:
                    return open_run(self.path, self.trouble.emit)
                except RecordingError:
                    if time.monotonic() - appeared > GRACE_S:
                        raise
            self._stopped.wait(PERIOD_S)
        return None

    def _follow(self, follower: Run) -> None:
        """Take what is new until the run has ended, its file is gone, or it is not to be followed any more."""
        while not self._stopped.is_set():
            if follower.history is not self._shown and follower.history.frames:
                self._shown = follower.history
                self.began.emit([follower.history])
            if follower.info.ending != "recording":
                self.ending = follower.info.ending
                return
            try:
                found = follower.poll()
            except RecordingError:
                if self.path.exists():
                    raise
                return
            if not found:
                self._stopped.wait(PERIOD_S)
