"""The quantity of the heatmap over the layers, at the picked or the latest step."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsView

from gradviz.app.panels.panel import PanelContext, PlotPanel
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.profiles.profile_rows import Theory
from gradviz.recording.frame import Started
from gradviz.recording.history import History

TIP = "The quantity of the heatmap over the layers, at the picked or the latest step"


class ProfilePanel(PlotPanel):
    """The profile with the run for comparison and the theory, which its tooltip explains."""

    def __init__(self, context: PanelContext) -> None:
        plot = ProfilePlot()
        super().__init__(plot, context)
        self.plot = plot
        self.plot.setToolTip(TIP)
        # the arrows of the heatmap move it, too
        self.plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        context.quantity_shown.connect(self.plot.show_quantity)
        context.theory_found.connect(self._show_theory)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview, the latest step of it; theory has to be found anew."""
        super().show_history(history)
        self.plot.setToolTip(TIP)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the profile."""
        return {"profile": self.plot}

    def _show_theory(self, started: Started, theory: Theory) -> None:
        """Draw what theory predicts, if `started` is still what is shown."""
        if self.plot.history is not None and self.plot.history.started is started:
            self.plot.show_theory(theory)
            self.plot.setToolTip("\n\n".join(part for part in (TIP, theory.words, theory.source) if part))
