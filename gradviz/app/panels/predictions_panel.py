"""Which classes the network confuses, and how right it is about each."""

from __future__ import annotations

from gradviz.app.panels.held_out_panel import HeldOutPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.plots.confusion import ConfusionPlot
from gradviz.recording.exports.predictions import confusion_table
from gradviz.recording.frame import Evaluation, HeldOut


class PredictionsPanel(HeldOutPanel):
    """The confusion matrix; what is under the mouse is said in words."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(ConfusionPlot(), "confusion matrix", context)

    def table(self, held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
        """Return the matrix with the accuracy of each class."""
        return confusion_table(held_out, evaluation)
