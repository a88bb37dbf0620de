"""The desktop program: one QApplication, one window, and an orderly end.

The window is shown before torch is imported; the import begins in a worker once the window has been painted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"  # pyqtgraph would take PyQt6 where both are installed

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QTimer
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QApplication, QWidget

from gradviz import __version__
from gradviz.app.garbage import GarbageCollector
from gradviz.app.settings import Settings
from gradviz.app.theme import application_icon
from gradviz.experiment import Experiment

# lets Python run its signal handlers (Ctrl-C in the terminal) while Qt's loop is idle
HEARTBEAT_MS = 200


def application() -> QApplication:
    """Return the QApplication of this process, made and named at the first call."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QCoreApplication.setApplicationName("gradviz")
    QCoreApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("gradviz")
    # numbers are read and typed as in the experiment files, whatever the language of the desktop
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    result = QApplication(sys.argv[:1])
    result.setApplicationDisplayName("gradviz")
    result.setWindowIcon(application_icon())
    return result


class _FirstPaint(QObject):
    """Calls `then` once the window was painted for the first time."""

    def __init__(self, window: QWidget, then: Callable[[], None]) -> None:
        super().__init__(window)
        self._then = then
        window.windowHandle().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Expose and isinstance(watched, QWindow) and watched.isExposed():
            watched.removeEventFilter(self)
            # Qt paints while it handles this event; whatever waits in the queue comes after
            QTimer.singleShot(0, self, self._then)
        return False


def open_window(experiment: Experiment | None, start: bool, settings: Settings | None = None) -> int:
    """Show the window, run until it is closed, and return the exit status.

    `experiment` is put on the form (None: as it was left); with `start` training begins at once.
    """
    program = application()
    from gradviz.app.main_window import MainWindow

    window = MainWindow(experiment, settings)
    window.errors.install()
    heartbeat = QTimer(window)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(HEARTBEAT_MS)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    collector = GarbageCollector(window)
    window.preview.devices_found.connect(collector.spare_what_is_loaded)
    window.show()

    def begin() -> None:
        window.begin_background_work()
        if start:
            window.commands.start()

    _FirstPaint(window, begin)
    collector.begin()
    try:
        return program.exec()
    finally:
        collector.end()
