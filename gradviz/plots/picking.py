"""Picking a step with the mouse, and the line that marks it."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal

from gradviz.plots.style import Style

ABOVE_ALL = 100


class PickingViewBox(pg.ViewBox):  # type: ignore[misc]
    """A view in which a left click or drag picks an x position; the wheel zooms and the middle button moves."""

    picked = Signal(float)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.disableAutoRange()

    def mouseClickEvent(self, event: Any) -> None:
        """Pick where the left button was clicked."""
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.picked.emit(self.mapToView(event.pos()).x())
        else:
            super().mouseClickEvent(event)

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:
        """Pick along the way of the left button; drag along an axis as usual."""
        if event.button() == Qt.MouseButton.LeftButton and axis is None:
            event.accept()
            self.picked.emit(self.mapToView(event.pos()).x())
        else:
            super().mouseDragEvent(event, axis)


class StepCursor:
    """A vertical line, light on dark, that stands out from every colour of a heatmap."""

    def __init__(self, plot: Any) -> None:
        self._lines = [pg.InfiniteLine(angle=90, movable=False), pg.InfiniteLine(angle=90, movable=False)]
        for place, line in enumerate(self._lines):
            line.setZValue(ABOVE_ALL + place)
            line.setVisible(False)
            plot.addItem(line, ignoreBounds=True)

    def show(self, step: int | None) -> None:
        """Stand at `step`, or nowhere."""
        for line in self._lines:
            line.setVisible(step is not None)
            if step is not None:
                line.setValue(step)

    def apply_style(self, style: Style) -> None:
        """Recolour: a line in the text colour with a halo in the background's."""
        self._lines[0].setPen(style.background, width=3)
        self._lines[1].setPen(style.foreground, width=1)


class DivergedLine:
    """A vertical line, with words if wanted, at the step at which the loss ceased to be finite."""

    def __init__(self, plot: Any, *, in_words: bool = True) -> None:
        self._in_words = in_words
        # beside the line, on the side where there is room, and never over its middle, where most happens
        self._line = pg.InfiniteLine(angle=90, movable=False, label="", labelOpts={"position": 0.85})
        self._line.setZValue(ABOVE_ALL - 1)
        self._line.setVisible(False)
        plot.addItem(self._line, ignoreBounds=True)

    def show(self, step: int | None) -> None:
        """Mark `step`, or nothing."""
        self._line.setVisible(step is not None)
        if step is not None:
            self._line.setValue(step)
            self._line.label.setFormat(f"diverged at step {step}" if self._in_words else "")

    def apply_style(self, style: Style) -> None:
        """Recolour line and words."""
        self._line.setPen(style.nan_colour, width=2, style=Qt.PenStyle.DashLine)
        self._line.label.setColor(style.foreground)
        self._line.label.fill = pg.mkBrush(style.background)
