"""`gradviz selftest --until-painted`: starts, paints and closes, to time the start from outside."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QGraphicsView

from gradviz.app.application import application, open_window
from gradviz.app.settings import Settings
from gradviz.recording.runs.library import Library


def first_paint() -> int:
    """Open the window, print `painted` once its plots are painted, and close it."""
    program = application()
    # kept alive here: Qt does not own event filters
    witness = Witness()
    program.installEventFilter(witness)
    with tempfile.TemporaryDirectory(prefix="gradviz-start-") as folder:
        settings, library = Settings(Path(folder) / "settings.ini"), Library(Path(folder) / "runs")
        status = open_window(None, start=False, settings=settings, library=library)
    program.removeEventFilter(witness)
    return status


class Witness(QObject):
    """Sees the first plot being painted."""

    def __init__(self) -> None:
        super().__init__()
        self._seen = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at every event of the program; consume none."""
        if not self._seen and event.type() is QEvent.Type.Paint and isinstance(watched.parent(), QGraphicsView):
            self._seen = True
            # the widget paints after this filter
            QTimer.singleShot(0, self._say)
        return False

    def _say(self) -> None:
        print("painted", flush=True)
        QApplication.closeAllWindows()
