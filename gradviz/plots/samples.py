"""Validation pictures with what the network takes them for."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from gradviz.plots.held_out import HeldOutPlot
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.sample_grid import SampleGrid, ShownSample
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Evaluation, HeldOut

MOST_SAMPLES = 40


class SamplesPlot(HeldOutPlot):
    """A grid of validation pictures, each with prediction and confidence; wrong ones are crossed out and framed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._grid = SampleGrid()
        super().__init__(parent)
        self.wrong_first = QAction("Show &wrong samples first", self)
        self.wrong_first.setCheckable(True)
        self.wrong_first.setToolTip("Put the samples that the network gets wrong at the beginning")
        self.wrong_first.toggled.connect(lambda _on: self.redraw())
        self.addAction(self.wrong_first)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.setToolTip("Samples the network never trains on; right-click to put the wrong ones first")
        self.apply_style(LIGHT)

    @property
    def samples(self) -> tuple[ShownSample, ...]:
        """What is drawn, in this order as far as there is room."""
        return tuple(self._grid.samples)

    def _order(self) -> bool:
        return self.wrong_first.isChecked()

    def _put_in_order(self, wrong_first: bool) -> None:
        self.wrong_first.setChecked(wrong_first)

    def _picture(self) -> pg.GraphicsWidget:
        return self._grid

    def _why_not(self, held_out: HeldOut) -> str:
        if held_out.targets is not None:
            return f"What is predicted is a number, {held_out.target_name}, not a class"
        if held_out.image_shape is not None:
            return ""
        if held_out.extent is not None:
            return "These samples are points in a plane, not pictures: the decision boundary shows them"
        features = held_out.inputs.shape[1]
        if held_out.characters:
            return f"These samples are no pictures, but {features:,} characters each, and the one that comes next"
        return f"These samples are neither pictures nor points in a plane, but rows of {features:,} numbers"

    def _draw(self, held_out: HeldOut, evaluation: Evaluation) -> list[KeyEntry]:
        wrong = evaluation.predicted != held_out.labels
        order = np.argsort(~wrong, kind="stable") if self.wrong_first.isChecked() else np.arange(len(wrong))
        chosen = order[:MOST_SAMPLES]
        self._grid.show(held_out, evaluation, chosen)
        which = "wrong ones first, of" if self.wrong_first.isChecked() else "the first of"
        style = self.style_in_use
        return [
            ("✗", style.series[1], "wrong: prediction ≠ truth"),
            ("%", style.muted, "confidence"),
            ("…", style.muted, f"{which} {len(wrong):,}"),
        ]

    def _colour_picture(self, style: Style) -> None:
        self._grid.apply_style(style)
