"""A long-lived thread that answers requests, and of each kind only the newest."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QThread, Signal

from gradviz.app.failure import Failure


class NewestRequest(QThread):
    """Answers requests one at a time until `end`; one that is asked for again before its turn is answered once.

    A subclass says in `kinds` what can be asked for, the most urgent first, and answers in `answer`. `failed` carries a
    Failure; the next request is answered all the same.
    """

    failed = Signal(object)
    kinds: ClassVar[tuple[str, ...]] = ("",)

    def __init__(
        self,
        name: str,
        parent: QObject | None = None,
        *,
        starts_when_asked: bool = True,
        priority: QThread.Priority = QThread.Priority.InheritPriority,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._wake = threading.Condition(threading.RLock())
        self._wanted: dict[str, Any] = {}
        self._jobs: deque[Callable[[], object]] = deque()
        self._ended = False
        self._starts_when_asked, self._priority = starts_when_asked, priority

    def end(self) -> None:
        """Let the thread run out; wait() for it afterwards."""
        with self._wake:
            self._ended = True
            self._wake.notify()

    def prepare(self) -> None:
        """Do what comes before any answer; called in the new thread."""

    def answer(self, kind: str, request: Any) -> None:
        """Answer a request; called in the thread."""
        raise NotImplementedError

    def run(self) -> None:
        """Serve until `end`; called by QThread in the new thread."""
        try:
            self.prepare()
            while (act := self._next()) is not None:
                self._do(act)
        except BaseException as error:  # anything that escapes a QThread's run would vanish or abort the process
            self.failed.emit(Failure.of(error))

    def put(self, kind: str, request: Any) -> None:
        """Ask for something, in place of what was asked for and not yet begun."""
        with self._wake:
            self._wanted[kind] = request
            self._wake.notify()
        self._begin()

    def withdraw(self, kind: str) -> None:
        """Forget what was asked for and not yet begun."""
        with self._wake:
            self._wanted.pop(kind, None)

    def put_job(self, job: Callable[[], object]) -> None:
        """Have `job` done before any answer, and even if the thread is told to end meanwhile."""
        with self._wake:
            self._jobs.append(job)
            self._wake.notify()
        self._begin()

    def answer_waiting(self) -> None:
        """Answer what has been asked for so far; called in the thread."""
        while (act := self._next(wait=False)) is not None:
            self._do(act)

    def _begin(self) -> None:
        if self._starts_when_asked and not self._ended and not self.isRunning():
            self.start(self._priority)

    def _next(self, *, wait: bool = True) -> Callable[[], object] | None:
        """Return what to do next; None at the end, or if there is nothing to `wait` for."""
        with self._wake:
            if wait:
                self._wake.wait_for(lambda: self._ended or self._jobs or self._wanted)
            if self._jobs:
                return self._jobs.popleft()
            if self._ended or not self._wanted:
                return None
            kind = next(kind for kind in self.kinds if kind in self._wanted)
            return partial(self.answer, kind, self._wanted.pop(kind))

    def _do(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception as error:  # one request that cannot be answered is no reason to answer no other
            self.failed.emit(Failure.of(error))
