"""Carries out an export: pictures of the board, or the numbers behind it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget

from gradviz.app.board import Board
from gradviz.app.export_dialog import ExportRequest
from gradviz.errors import ExportError
from gradviz.plots.images import copy_to_clipboard, save_picture
from gradviz.plots.style import Style
from gradviz.recording.history import History
from gradviz.recording.tables import save_table

CLIPBOARD_SCALE = 2


class Exporter:
    """Writes what the board shows. Raises ExportError with the way out; nothing half-written stays behind."""

    def __init__(self, window: QWidget, board: Board) -> None:
        self._window, self._board = window, board

    def subjects(self) -> dict[str, str]:
        """Return what can be exported and, in words, how large it is."""
        plots = self._board.plots()
        sizes = {"board": "All plots on one page."}
        sizes |= {name: f"{view.width()} × {view.height()} pixels on screen." for name, view in plots.items()}
        history = self._board.history
        if history is not None:
            shape = (
                f"{history.frames:,} steps × {history.started.layers:,} layers × {len(history.quantities)} quantities."
            )
            sizes["data"] = shape
        return sizes

    def carry_out(self, request: ExportRequest, style: Style) -> bool:
        """Write the file; return False if the person cancelled."""
        history = self._history()
        if request.is_table:
            return self._save_table(request, history)
        save_picture(
            request.path,
            self._board.placements(request.what),
            scale=request.scale,
            background=style.background,
            experiment_json=history.started.experiment_json,
            title=history.started.title or "gradviz",
        )
        return True

    def copy(self, what: str, style: Style) -> None:
        """Put a picture of the plot `what` or of the whole `board` on the clipboard."""
        copy_to_clipboard(self._board.placements(what), scale=CLIPBOARD_SCALE, background=style.background)

    def _history(self) -> History:
        if self._board.history is None:
            raise ExportError("there is nothing to export yet; press Start, or wait for the preview")
        return self._board.history

    def _save_table(self, request: ExportRequest, history: History) -> bool:
        progress = QProgressDialog("Writing the numbers…", "Cancel", 0, 100, self._window)
        progress.setWindowModality(Qt.WindowModality.WindowModal)
        progress.setMinimumDuration(400)

        def tell(done: int, total: int) -> bool:
            progress.setValue(round(100 * done / max(total, 1)))
            QApplication.processEvents()
            return not progress.wasCanceled()

        try:
            return save_table(request.path, history, progress=tell)
        finally:
            progress.close()
            progress.deleteLater()
