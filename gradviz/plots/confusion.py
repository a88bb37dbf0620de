"""Which classes a network confuses: the samples of each, by what they are taken for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.class_matrix import ClassMatrix
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.confusion import class_accuracies, confusion_matrix
from gradviz.recording.frame import Evaluation, HeldOut


class ConfusionPlot(HeldOutPlot):
    """A row for each class, a column for what its validation samples are taken for, and its accuracy at the right.

    `hovered` says in words what is in the cell under the mouse.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._matrix = ClassMatrix()
        super().__init__(parent)
        self.setToolTip("Rows: what samples are; columns: what the network takes them for")
        self.setAccessibleName("Confusion matrix")
        scene: Any = self.scene()
        scene.sigMouseMoved.connect(self._say_cell)
        self.apply_style(LIGHT)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many samples of the class of the row are taken for that of the column, as drawn; [0, 0] for none."""
        return self._matrix.counts

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """The share that is right of each class, as drawn; NaN for one without samples."""
        return self._matrix.accuracies

    def _picture(self) -> pg.GraphicsWidget:
        return self._matrix

    def _why_not(self, held_out: HeldOut) -> str:
        return "" if held_out.targets is None else "What is predicted is a number, not a class"

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        matrix = confusion_matrix(held_out, evaluation)
        self._matrix.show(held_out.class_names, matrix, class_accuracies(matrix))
        style = self.style_in_use
        return [
            ("■", style.series[0], "right"),
            ("■", style.series[1], "wrong; the fuller the colour, the more of the class"),
            ("%", style.muted, "share of the class that is right"),
        ]

    def _colour_picture(self, style: Style) -> None:
        self._matrix.apply_style(style)

    def _say_cell(self, place: Any) -> None:
        cell = self._matrix.cell_at(self._matrix.mapFromScene(place)) if self._drawn is not None else None
        if cell is None or self.history is None or self.history.started.held_out is None:
            self.hovered.emit("")
            return
        row, column = cell
        names = self.history.started.held_out.class_names
        count, of = int(self.counts[row, column]), int(self.counts[row].sum())
        verb = "rightly taken" if row == column else "taken"
        self.hovered.emit(f"{count:,} of {of:,} samples of class {names[row]} are {verb} for {names[column]}")
