"""The samples that the network is surest of and wrong about."""

from __future__ import annotations

from gradviz.app.panels.held_out_panel import HeldOutPanel
from gradviz.app.panels.panel import PanelContext
from gradviz.plots.mistakes import MistakesPlot
from gradviz.recording.exports.predictions import mistakes_table
from gradviz.recording.frame import Evaluation, HeldOut


class MistakesPanel(HeldOutPanel):
    """The most confident mistakes, as pictures or as rows."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__({"confident mistakes": MistakesPlot()}, context)

    def table(self, held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
        """Return all wrong samples, the surest first."""
        return mistakes_table(held_out, evaluation)
