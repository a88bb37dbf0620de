"""Copying a run into a file of its own, with progress and a way out where that takes a while."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget

from gradviz.recording.runs.library import SUFFIX
from gradviz.recording.runs.run_copy import copy_run

PROGRESS_AFTER_MS = 400


def save_run(path: Path, target: Path, window: QWidget) -> Path | None:
    """Copy a run to `target`, with the ending of a run; return where it went, or None if the person cancelled.

    Raises RecordingError.
    """
    if target.suffix.lower() != SUFFIX:
        target = target.with_name(target.name + SUFFIX)
    progress = QProgressDialog("Copying the run…", "Cancel", 0, 100, window)
    progress.setWindowModality(Qt.WindowModality.WindowModal)
    progress.setMinimumDuration(PROGRESS_AFTER_MS)

    def tell(done: int, total: int) -> bool:
        progress.setValue(round(100 * done / max(total, 1)))
        QApplication.processEvents()
        return not progress.wasCanceled()

    try:
        return target if copy_run(path, target, tell) else None
    finally:
        progress.close()
        progress.deleteLater()
