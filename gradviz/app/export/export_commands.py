"""Exporting and copying what is shown, with the questions before it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gradviz.app.export.export_dialog import ExportDialog, ExportRequest
from gradviz.app.export.exporter import Exporter
from gradviz.app.session.session import Session
from gradviz.app.settings import Settings
from gradviz.plots.parts.style import Style


class ExportCommands:
    """Asks, exports and says where the file is. `style_now` gives the style in force; `parent` owns the dialogs."""

    def __init__(
        self,
        parent: QWidget,
        exporter: Exporter,
        session: Session,
        settings: Settings,
        style_now: Callable[[], Style],
    ) -> None:
        self._parent, self._exporter, self._session = parent, exporter, session
        self._settings, self._style_now = settings, style_now

    def by_name(self) -> dict[str, Callable[[], object]]:
        """Return what each command does."""
        return {
            "export": lambda: self.ask("board"),
            "export_animation": lambda: self.ask("board", "gif"),
            "copy_board": lambda: self.copy("board"),
        }

    def ask(self, what: str, form: str = "") -> None:
        """Ask in which form and where to export the plot `what`, `board` or `data`, then do it."""
        dialog = ExportDialog(
            self._exporter.subjects(),
            self._settings,
            self._session.shown.stem,
            self._parent,
            moving=self._exporter.moving(),
            frames=self._exporter.frames,
        )
        dialog.choose(what, form)
        dialog.accepted.connect(lambda: self._session.attempt(lambda: self.carry_out(dialog.request())))
        dialog.copy_wanted.connect(self.copy)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def carry_out(self, request: ExportRequest) -> None:
        """Write one export and say where it went. Raises ExportError."""
        done = self._exporter.carry_out(request, self._style_now())
        self._session.said.emit(f"Exported {request.path}" if done else "Export cancelled; nothing was written")

    def copy(self, what: str) -> None:
        """Put the plot `what` or the `board` on the clipboard."""

        def act() -> None:
            self._exporter.copy(what, self._style_now())
            self._session.said.emit(f"Copied the {what} as a picture")

        self._session.attempt(act)
