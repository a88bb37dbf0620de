"""One readable error box at a time, with the traceback a click away; and the hook that brings every defect there."""

from __future__ import annotations

import logging
import sys
from types import TracebackType

from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from gradviz.app.failure import Failure

logger = logging.getLogger(__name__)


class ErrorReporter(QObject):
    """Shows failures, from whichever thread they come, one box at a time and none of them twice."""

    _reported = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = parent
        self._waiting: list[Failure] = []
        self._box: QMessageBox | None = None
        self._reported.connect(self._queue)

    @property
    def box(self) -> QMessageBox | None:
        """The box on screen, if any."""
        return self._box

    def report(self, failure: Failure) -> None:
        """Show `failure` as soon as no other box is open; safe to call from any thread."""
        if failure.details:
            logger.error("%s\n%s", failure.message, failure.details)
        self._reported.emit(failure)

    def install(self) -> None:
        """Bring exceptions that nobody caught here instead of to a console that may not exist."""
        sys.excepthook = self._excepthook

    def _excepthook(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self.report(Failure.of(error.with_traceback(traceback)))

    def _queue(self, failure: Failure) -> None:
        if failure in self._waiting:
            return
        self._waiting.append(failure)
        if self._box is None:
            self._show_next()

    def _show_next(self) -> None:
        if not self._waiting:
            return
        assert QThread.currentThread() is self.thread(), "widgets belong to the window's thread"
        failure = self._waiting[0]
        box = QMessageBox(self._window)
        box.setWindowTitle("gradviz")
        box.setIcon(QMessageBox.Icon.Critical if failure.details else QMessageBox.Icon.Warning)
        headline, _, rest = failure.message.partition("\n")
        box.setText(headline)
        if rest:
            box.setInformativeText(rest)
        if failure.details:
            box.setInformativeText((rest + "\n\n" if rest else "") + "gradviz goes on.")
            box.setDetailedText(failure.details)
        box.setStandardButtons(QMessageBox.StandardButton.Ok)
        box.finished.connect(self._closed)
        self._box = box
        box.open()

    def _closed(self) -> None:
        if self._box is not None:
            self._box.deleteLater()
            self._box = None
        self._waiting.pop(0)
        self._show_next()
