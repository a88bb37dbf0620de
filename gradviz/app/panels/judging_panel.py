"""The verdict in its place: it follows a step that moves no faster than words can be read."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGraphicsView, QVBoxLayout

from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.app.verdict.verdict_panel import VerdictPanel
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

WORDS_PERIOD_MS = 250


class JudgingPanel(PlainPanel):
    """Holds the verdict and passes on what it suggests and points at."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self.verdict = VerdictPanel(context.settings)
        self._step: int | None = None
        self.pause = QTimer(self)
        self.pause.setSingleShot(True)
        self.pause.setInterval(WORDS_PERIOD_MS)
        self.pause.timeout.connect(self._judge)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.verdict)
        self.verdict.suggested.connect(context.remedy_wanted)
        self.verdict.layer_wanted.connect(context.row_wanted)
        self.verdict.quantity_wanted.connect(context.quantity_wanted)
        self.verdict.judged.connect(context.judged)

    def show_history(self, history: History | None) -> None:
        """Judge another run or preview; the step that comes with it is judged at once."""
        self.pause.stop()
        self.verdict.show_history(history)

    def show_step(self, step: int | None) -> None:
        """Judge the run at `step`, but not with every picture; None follows the latest."""
        self._step = step
        if step is None or not self.pause.isActive():
            self._judge()

    def refresh(self) -> None:
        """Judge anew if there is anything new to judge."""
        self.verdict.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.verdict.apply_style(style)

    def stop(self) -> bool:
        """Judge no more; return True."""
        self.pause.stop()
        return True

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return nothing: a verdict is words."""
        return {}

    def _judge(self) -> None:
        if self.verdict.step != self._step:
            self.verdict.show_step(self._step)
            self.pause.start()
