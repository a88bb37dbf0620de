"""Picking a step with the mouse or the keys, and the line that marks it."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent

from gradviz.plots.parts.style import Style

ABOVE_ALL = 100
SHIFT_FACTOR = 10
PAGES = 10
# where one pixel holds several steps, a click this near to an end of the run means that end
SNAP_PX = 3


def step_at(x: float, pixel: float, frames: int) -> int:
    """Return the step meant by the place `x` on a step axis on which a pixel is `pixel` steps wide.

    The nearest of the run's `frames` steps. Where single steps cannot be hit, the first and the last one can: what lies
    next to them snaps to them.
    """
    latest = frames - 1
    step = min(max(round(x), 0), latest)
    if pixel > 1:
        for end in (0, latest):
            if abs(step - end) < SNAP_PX * pixel:
                return end
    return step


def step_by_key(event: QKeyEvent, here: int | None, frames: int) -> int | None:
    """Return the step to which a key leads from `here` (None: the latest) in a run of `frames`; None for other keys.

    The arrows make one step, with Shift ten; Page Up and Page Down go a tenth of the run on and back, and Home and End
    to where it begins and ends.
    """
    if frames < 1:
        return None
    latest = frames - 1
    step = latest if here is None else here
    stride = SHIFT_FACTOR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
    page = max(round(latest / PAGES), 1)
    places: dict[int, int] = {
        Qt.Key.Key_Left: step - stride,
        Qt.Key.Key_Right: step + stride,
        Qt.Key.Key_PageDown: step - page,
        Qt.Key.Key_PageUp: step + page,
        Qt.Key.Key_Home: 0,
        Qt.Key.Key_End: latest,
    }
    place = places.get(event.key())
    return None if place is None else min(max(place, 0), latest)


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

    @property
    def step(self) -> int | None:
        """Where it stands; None while it is hidden."""
        return round(self._lines[1].value()) if self._lines[1].isVisible() else None

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

    @property
    def step(self) -> int | None:
        """Where it stands; None while it is hidden."""
        return round(self._line.value()) if self._line.isVisible() else None

    @property
    def words(self) -> str:
        """What is written beside it; empty while it is hidden."""
        return str(self._line.label.toPlainText()) if self._line.isVisible() else ""

    @property
    def words_rect(self) -> QRectF:
        """Where the words are in the scene."""
        return QRectF(self._line.label.mapRectToScene(self._line.label.boundingRect()))

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
