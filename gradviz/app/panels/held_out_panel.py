"""What the panels about single validation samples have in common: plots, and their numbers as a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QStackedWidget, QVBoxLayout

from gradviz.app.failure import Failure
from gradviz.app.panels.panel import PanelContext, PlainPanel
from gradviz.errors import GradvizError
from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.style import Style
from gradviz.recording.exports.predictions import save_rows
from gradviz.recording.frame import Evaluation, HeldOut
from gradviz.recording.history import History

CSV = ".csv"


class HeldOutPanel(PlainPanel):
    """A panel that one of its plots fills, whichever fits the samples; the keys are what each is called in exports."""

    def __init__(self, plots: Mapping[str, HeldOutPlot], context: PanelContext) -> None:
        super().__init__()
        self._plots, self._context = dict(plots), context
        self._name, self.plot = next(iter(self._plots.items()))
        self._pages = QStackedWidget()
        self.save = QAction("Save these numbers as &CSV…", self)
        self.save.setToolTip("Write what is shown of this step into a table for spreadsheets")
        self.save.triggered.connect(self._ask_and_save)
        for plot in plots.values():
            # the arrows of the heatmap move it, too
            plot.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            plot.addAction(self.save)
            self._pages.addWidget(plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)

    @abstractmethod
    def table(self, held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
        """Return a header and the rows of what the plot shows."""

    def fitting(self, held_out: HeldOut) -> str:
        """Return the name of the plot that fits the samples."""
        return next(iter(self._plots))

    def show_history(self, history: History | None) -> None:
        """Show the samples of another run or preview."""
        samples = history.started.held_out if history is not None else None
        self._name = self.fitting(samples) if samples is not None else next(iter(self._plots))
        self.plot = self._plots[self._name]
        self._pages.setCurrentWidget(self.plot)
        for plot in self._plots.values():
            plot.show_history(history if plot is self.plot else None)
        self._allow_saving()

    def show_step(self, step: int | None) -> None:
        """Show the latest evaluation at or before `step`; None follows the latest."""
        self.plot.show_step(step)
        self._allow_saving()

    def refresh(self) -> None:
        """Pull what is new."""
        self.plot.refresh()
        self._allow_saving()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        for plot in self._plots.values():
            plot.apply_style(style)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plot that fits the samples."""
        return {self._name: self.plot}

    def save_table(self, path: Path) -> None:
        """Write the numbers of the step shown. Raises ExportError."""
        shown = self.plot.shown()
        if shown is not None:
            save_rows(path if path.suffix.lower() == CSV else path.with_name(path.name + CSV), self.table(*shown))

    def _allow_saving(self) -> None:
        self.save.setEnabled(self.plot.shown() is not None)

    def _ask_and_save(self) -> None:
        folder = self._context.settings.export_folder
        suggested = str(folder / f"{self._name.replace(' ', '-')}{CSV}")
        name, _ = QFileDialog.getSaveFileName(self, "Save as table", suggested, f"Tables (*{CSV})")
        if not name:
            return
        try:
            self.save_table(Path(name))
        except GradvizError as error:
            self._context.failed.emit(Failure.of(error))
            return
        self._context.settings.export_folder = Path(name).parent
