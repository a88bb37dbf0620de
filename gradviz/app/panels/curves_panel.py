"""Loss and accuracy over the steps."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QGraphicsView

from gradviz.app.panels.number_box import NumberBox
from gradviz.app.panels.panel import PanelContext, PlotPanel
from gradviz.plots.curves import CurvesPlot
from gradviz.recording.history import History

TIP = (
    "Loss and accuracy of the training batch and of validation samples; click or drag to pick a step, also with ← and →"
)


class CurvesPanel(PlotPanel):
    """The curves with those of the run for comparison."""

    def __init__(self, context: PanelContext) -> None:
        plot = CurvesPlot()
        super().__init__(plot, context)
        self.plot = plot
        self.plot.setToolTip(TIP)
        context.log_loss_changed.connect(self.plot.show_log_loss)
        self.choice = NumberBox(plot)
        if (column := self.layout()) is not None:
            column.addWidget(self.choice)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview."""
        super().show_history(history)
        self.choice.refresh()

    def refresh(self) -> None:
        """Pull what is new, also what numbers there are."""
        super().refresh()
        self.choice.refresh()

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the curves."""
        return {"curves": self.plot}
