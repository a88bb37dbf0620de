"""Validation samples with what the network takes them for: pictures, or points in the plane with the boundary."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsView, QStackedWidget, QVBoxLayout

from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.plots.boundary import BoundaryPlot
from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.style import Style
from gradviz.plots.samples import SamplesPlot
from gradviz.recording.history import History

NAME = "validation samples"


class ValidationPanel(PlainPanel):
    """One of two plots, as the samples are."""

    def __init__(self, _context: PanelContext) -> None:
        super().__init__()
        self.samples, self.boundary = SamplesPlot(), BoundaryPlot()
        self._both: tuple[HeldOutPlot, ...] = self.samples, self.boundary
        self._pages = QStackedWidget()
        for plot in self._both:
            # the arrows of the heatmap move it, too
            plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            self._pages.addWidget(plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)
        self.addActions(self.samples.actions())

    def show_history(self, history: History | None) -> None:
        """Show the samples of another run or preview."""
        samples = history.started.held_out if history is not None else None
        planar = samples is not None and samples.extent is not None
        self._pages.setCurrentWidget(self.boundary if planar else self.samples)
        for plot in self._both:
            plot.show_history(history)

    def show_step(self, step: int | None) -> None:
        """Show the latest evaluation at or before `step`; None follows the latest."""
        for plot in self._both:
            plot.show_step(step)

    def refresh(self) -> None:
        """Pull what is new."""
        for plot in self._both:
            plot.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        for plot in self._both:
            plot.apply_style(style)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plot that fits the samples."""
        return {NAME: self.boundary if self._pages.currentWidget() is self.boundary else self.samples}
