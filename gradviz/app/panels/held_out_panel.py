"""What the panels about single validation samples have in common: one plot, and its numbers as a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QGraphicsView, QVBoxLayout

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
    """A panel that `plot` fills; `name` is what the plot is called where it is exported."""

    def __init__(self, plot: HeldOutPlot, name: str, context: PanelContext) -> None:
        super().__init__()
        self.plot, self._name, self._context = plot, name, context
        # the arrows of the heatmap move it, too
        plot.setFocusPolicy(plot.focusPolicy().ClickFocus)
        self.save = QAction("Save these numbers as &CSV…", plot)
        self.save.setToolTip(f"Write the {name} of the step shown into a table for spreadsheets")
        self.save.triggered.connect(self._ask_and_save)
        plot.addAction(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(plot)

    @abstractmethod
    def table(self, held_out: HeldOut, evaluation: Evaluation) -> list[list[str]]:
        """Return a header and the rows of what the plot shows."""

    def show_history(self, history: History | None) -> None:
        """Show the samples of another run or preview."""
        self.plot.show_history(history)
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
        self.plot.apply_style(style)

    def plots(self) -> Mapping[str, QGraphicsView]:
        """Return the plot."""
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
