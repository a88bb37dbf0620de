"""Loss and accuracy over the steps."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QComboBox, QGraphicsView

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
        self.choice = QComboBox()
        self.choice.setToolTip("Which of the further numbers is drawn below loss and accuracy")
        self.choice.setAccessibleName("Further number")
        self.choice.setVisible(False)
        self.choice.activated.connect(lambda _: self.plot.show_number(str(self.choice.currentData())))
        if (column := self.layout()) is not None:
            column.addWidget(self.choice)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview."""
        super().show_history(history)
        self._offer()

    def refresh(self) -> None:
        """Pull what is new, also what numbers there are."""
        super().refresh()
        self._offer()

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the curves."""
        return {"curves": self.plot}

    def _offer(self) -> None:
        """Let the person choose, where there is a choice."""
        names = [family.name for family in self.plot.numbers]
        if names != [self.choice.itemData(place) for place in range(self.choice.count())]:
            chosen = self.choice.currentData()
            self.choice.clear()
            for family in self.plot.numbers:
                self.choice.addItem(family.label, family.name)
            self.choice.setCurrentIndex(names.index(chosen) if chosen in names else 0)
            self.choice.setVisible(len(names) > 1)
