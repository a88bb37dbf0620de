"""The quantity of the heatmap over the layers, at the picked or the latest step."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGraphicsView, QVBoxLayout

from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.style import Style
from gradviz.plots.profiles.profile import ProfilePlot
from gradviz.plots.profiles.profile_rows import Theory
from gradviz.recording.frame import Started
from gradviz.recording.history import History

TIP = "The quantity of the heatmap over the layers, at the picked or the latest step"


class ProfilePanel(PlainPanel):
    """The profile with the run for comparison and the theory, which its tooltip explains."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__()
        self.plot = ProfilePlot()
        self.plot.setToolTip(TIP)
        # the arrows of the heatmap move it, too
        self.plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)
        context.quantity_shown.connect(self.plot.show_quantity)
        context.reference_changed.connect(self.plot.show_reference)
        context.theory_found.connect(self._show_theory)
        context.absence_changed.connect(self._say_absent)
        context.whole_wanted.connect(self.plot.show_all)

    def show_history(self, history: History | None) -> None:
        """Draw another run or preview, the latest step of it; theory has to be found anew."""
        self.plot.show_history(history)
        self.plot.setToolTip(TIP)

    def show_step(self, step: int | None) -> None:
        """Draw `step`; None follows the latest."""
        self.plot.show_step(step)

    def refresh(self) -> None:
        """Pull what is new."""
        self.plot.refresh()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.plot.apply_style(style)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the profile."""
        return {"profile": self.plot}

    def _show_theory(self, started: Started, theory: Theory) -> None:
        """Draw what theory predicts, if `started` is still what is shown."""
        if self.plot.history is not None and self.plot.history.started is started:
            self.plot.show_theory(theory)
            self.plot.setToolTip("\n\n".join(part for part in (TIP, theory.words, theory.source) if part))

    def _say_absent(self, words: str) -> None:
        self.plot.absence = words or NO_RUN
        self.plot.refresh()
