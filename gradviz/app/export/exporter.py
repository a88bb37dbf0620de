"""Carries out an export: pictures of the board, still or moving, or the numbers behind it."""

from __future__ import annotations

from contextlib import closing

from PySide6.QtWidgets import QWidget

from gradviz.app.board import Board
from gradviz.app.export.export_dialog import ExportRequest
from gradviz.app.export.progress_window import progress_window
from gradviz.app.panels.judging_panel import JudgingPanel
from gradviz.app.session.session import Session
from gradviz.errors import ExportError
from gradviz.plots.pages.animation import FrameSource, StepRange
from gradviz.plots.pages.caption import Caption, identity, with_caption
from gradviz.plots.pages.images import Page, Placement, copy_to_clipboard, save_picture
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.exports.tables import save_table
from gradviz.recording.history import History

CLIPBOARD_SCALE = 2


class Exporter:
    """Writes what the board shows. Raises ExportError with the way out; nothing half-written stays behind."""

    def __init__(self, window: QWidget, board: Board, session: Session) -> None:
        self._window, self._board, self._session = window, board, session

    def subjects(self) -> dict[str, str]:
        """Return what can be exported and, in words, how large it is."""
        sizes = {"board": "All plots on one page."}
        for name in self._board.plots():
            page = Page(self._placements(name, LIGHT), LIGHT.background).size
            sizes[name] = f"{page.width()} × {page.height()} pixels."
        history = self._board.history
        if history is not None:
            rows = len(history.started.rows)
            shape = f"{history.frames:,} steps × {rows:,} layers × {len(history.quantities)} quantities."
            sizes["data"] = shape
        return sizes

    def carry_out(self, request: ExportRequest, style: Style) -> bool:
        """Write the file; return False if the person cancelled."""
        history = self._history()
        if request.is_table:
            return self._save_table(request, history)
        if request.cut is not None:
            return self._record(request, request.cut, history, style)
        save_picture(
            request.path,
            self._placements(request.what, style),
            scale=request.scale,
            background=style.background,
            experiment_json=history.started.experiment_json,
            title=self._board.shown.title or "gradviz",
        )
        return True

    def copy(self, what: str, style: Style) -> None:
        """Put a picture of the plot `what` or of the whole `board` on the clipboard."""
        copy_to_clipboard(self._placements(what, style), scale=CLIPBOARD_SCALE, background=style.background)

    @property
    def frames(self) -> int:
        """How many steps there are to animate."""
        return self._board.history.frames if self._board.history is not None else 0

    def moving(self) -> set[str]:
        """Return the names of what can be exported as an animation."""
        return self._board.moving()

    def _placements(self, what: str, style: Style) -> list[Placement]:
        """Return what to put on the page; below it stand the verdict, and what is shown."""
        placements = self._board.placements(what)
        shown = self._identity(self._session.display.step)
        return with_caption(placements, Caption(style, self._board.panel(JudgingPanel).verdict.words, shown))

    def _identity(self, step: int | None) -> str:
        """Say which network, run, step and code is on a picture; empty where nothing is shown."""
        shown, path = self._board.shown, self._session.shown_path
        if shown.history is None:
            return ""
        run = path.stem if path is not None else ""
        return identity(shown.history, step, run=run, preview=shown.kind == "preview")

    def _history(self) -> History:
        if self._board.history is None:
            raise ExportError("there is nothing to export yet; press Start, or wait for the preview")
        return self._board.history

    def _save_table(self, request: ExportRequest, history: History) -> bool:
        with progress_window(self._window, "Export", "Writing the numbers…") as tell:
            return save_table(request.path, history, progress=tell)

    def _record(self, request: ExportRequest, cut: StepRange, history: History, style: Style) -> bool:
        # Pillow is needed for this alone
        from gradviz.plots.pages.animation_file import record

        started, total = history.started, len(cut.steps)
        # the last step is said in the most digits
        verdict, caption = self._board.panel(JudgingPanel).verdict, Caption(style, "", self._identity(None))
        judged = FrameSource(caption, lambda step: caption.say(verdict.words_at(step), self._identity(step)))
        animation = self._board.animation(request.what, style.background, request.scale, caption, judged)
        frames = record(
            request.path,
            animation,
            cut,
            experiment_json=started.experiment_json,
            title=self._board.shown.title or "gradviz",
        )
        # left before its end, the recording leaves nothing behind
        words = f"Drawing {total:,} frames…"
        with closing(animation), closing(frames), progress_window(self._window, "Export", words) as tell:
            return all(tell(done, total) for done in frames)
