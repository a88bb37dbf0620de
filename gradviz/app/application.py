"""The desktop program: one QApplication, one window, and an orderly end.

First the window is shown, then the plots come into it, then torch is imported in a worker: each begins once what was
before it has been painted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"  # pyqtgraph would take PyQt6 where both are installed

from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QObject, QTimer
from PySide6.QtGui import QFileOpenEvent, QWindow
from PySide6.QtWidgets import QApplication, QWidget

from gradviz import __version__
from gradviz.app.failure import Failure
from gradviz.app.settings import Settings
from gradviz.app.theme import application_icon
from gradviz.app.threads.garbage import GarbageCollector
from gradviz.experiment import Experiment
from gradviz.recording.runs.library import Library
from gradviz_desktop import namesake

if TYPE_CHECKING:
    from gradviz.app.main_window import MainWindow

# lets Python run its signal handlers (Ctrl-C in the terminal) while Qt's loop is idle
HEARTBEAT_MS = 200
INTERRUPTED = 130


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


def visible_window() -> MainWindow:
    """Return the window that stands on the screen; there has to be one."""
    from gradviz.app.main_window import MainWindow

    windows = (widget for widget in QApplication.topLevelWidgets() if isinstance(widget, MainWindow))
    return next(window for window in windows if window.isVisible())


class _Once(QObject):
    """Calls `then` after the first event of `kind` that reaches `watched`, once Qt has done what it does for it."""

    def __init__(self, watched: QObject, kind: QEvent.Type, then: Callable[[], None]) -> None:
        super().__init__(watched)
        self._kind, self._then = kind, then
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is self._kind and (not isinstance(watched, QWindow) or watched.isExposed()):
            watched.removeEventFilter(self)
            # Qt paints while it handles this event; whatever waits in the queue comes after
            QTimer.singleShot(0, self, self._then)
        return False


class Documents(QObject):
    """Opens what the desktop hands to the running program, as macOS does instead of naming it at the start."""

    def __init__(self, open_file: Callable[[Path], None]) -> None:
        super().__init__()
        self._open_file = open_file

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the events that carry a file."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self._open_file(Path(event.file()))
            return True
        return False


def _close_at_interrupt(window: QWidget) -> Callable[[], bool]:
    """Let Ctrl-C in the terminal close the window; return a function that says whether it has."""
    heartbeat = QTimer(window)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(HEARTBEAT_MS)
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        # Python calls this between any two of its instructions, also in the middle of a picture being painted
        QTimer.singleShot(0, window.close)

    signal.signal(signal.SIGINT, interrupt)
    return lambda: interrupted


def open_window(
    experiment: Experiment | None,
    start: bool,
    settings: Settings | None = None,
    library: Library | None = None,
    follow: Path | None = None,
    recorded: Path | None = None,
    lesson: str | None = None,
) -> int:
    """Show the window, run until it is closed, and return the exit status: 0, or 130 if Ctrl-C closed it.

    `experiment` is put on the form (None: as it was left); with `start` training begins at once, with `follow` the run
    in that file is shown as it goes on, with `recorded` the one in that file as it is, and with `lesson` the lesson of
    that name or file is opened. Runs are kept in `library`
    (None: the person's own).
    """
    program = application()
    from gradviz.app.main_window import MainWindow

    window = MainWindow(experiment, settings, library=library or Library(), furnished=False)
    window.errors.install()
    interrupted = _close_at_interrupt(window)
    collector = GarbageCollector(window)
    window.session.preview.devices_found.connect(collector.spare_what_is_loaded)
    window.show()

    def furnish() -> None:
        window.furnish()
        _Once(next(iter(window.board.plots().values())).viewport(), QEvent.Type.Paint, begin)

    documents = Documents(window.open_file)

    def begin() -> None:
        window.session.begin()
        if sys.platform == "darwin":
            # elsewhere it would only slow every event down
            program.installEventFilter(documents)
        if follow is not None:
            window.session.follow(follow)
        elif recorded is not None:
            window.open_file(recorded)
        elif lesson is not None:
            window.lessons.open(lesson)
        elif start:
            window.session.start()
        elif experiment is None:
            window.lessons.offer()
        if other := namesake():
            window.errors.report(Failure(f"{other.what}\n{other.remedy}"))

    _Once(window.windowHandle(), QEvent.Type.Expose, furnish)
    collector.begin()
    try:
        status = program.exec()
        return INTERRUPTED if interrupted() else status
    finally:
        program.removeEventFilter(documents)
        collector.end()
