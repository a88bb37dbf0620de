"""Progress of what is written while the window lives, with a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget

PROGRESS_AFTER_MS = 400


@contextmanager
def progress_window(window: QWidget, title: str, words: str) -> Iterator[Callable[[int, int], bool]]:
    """Give a function that is told how much of how much is done, and says whether to go on.

    The window lives while it is called: everything that waits for its turn has it then. A window that is closed
    meanwhile wants nothing any more.
    """
    on_screen = window.isVisible()
    progress = QProgressDialog(words, "Cancel", 0, 100, window)
    progress.setWindowTitle(title)
    progress.setWindowModality(Qt.WindowModality.WindowModal)
    progress.setMinimumDuration(PROGRESS_AFTER_MS)

    def tell(done: int, total: int) -> bool:
        progress.setValue(round(100 * done / max(total, 1)))
        QApplication.processEvents()
        return not progress.wasCanceled() and (window.isVisible() or not on_screen)

    try:
        yield tell
    finally:
        progress.close()
        progress.deleteLater()
