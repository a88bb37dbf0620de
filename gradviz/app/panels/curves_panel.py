"""Loss and accuracy over the steps."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QGraphicsView, QVBoxLayout

from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.plots.curves import CurvesPlot
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.recording.history import History

TIP = (
    "Loss and accuracy of the training batch and of validation samples; click or drag to pick a step, also with ← and →"
)


class CurvesPanel(PlainPanel):
    """The curves with those of the run for comparison."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self.plot = CurvesPlot()
        self.plot.setToolTip(TIP)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        context.reference_changed.connect(self.plot.show_reference)
        context.log_loss_changed.connect(self.plot.show_log_loss)
        context.absence_changed.connect(self._say_absent)
        context.whole_wanted.connect(self.plot.show_all)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview, from its beginning."""
        self.plot.show_history(history)

    def show_step(self, step: int | None) -> None:
        """Mark `step`; None marks nothing and stands for the latest."""
        self.plot.show_step(step)

    def refresh(self) -> None:
        """Pull what is new."""
        self.plot.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.plot.apply_style(style)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the curves."""
        return {"curves": self.plot}

    def _say_absent(self, words: str) -> None:
        self.plot.absence = words or NO_RUN
        self.plot.refresh()
