"""What the network predicts against what is true: which classes it confuses, or how far off its numbers are."""

from __future__ import annotations

from gradviz.app.panels.held_out_panel import HeldOutPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.plots.confusion import ConfusionPlot
from gradviz.plots.predicted import PredictedPlot
from gradviz.recording.exports.predictions import confusion_table, numbers_table
from gradviz.recording.frame import Evaluation, HeldOut

CONFUSION, PREDICTED = "confusion matrix", "predicted against true"


class PredictionsPanel(HeldOutPanel):
    """The confusion matrix of classes, or predicted against true numbers."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__({CONFUSION: ConfusionPlot(), PREDICTED: PredictedPlot()}, context)

    def fitting(self, held_out: HeldOut) -> str:
        """Return the plot for classes or for numbers."""
        return CONFUSION if held_out.targets is None else PREDICTED

    def table(self, held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
        """Return the matrix with the accuracy of each class, or every number."""
        table = confusion_table if held_out.targets is None else numbers_table
        return table(held_out, evaluation)
