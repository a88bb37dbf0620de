"""What plots have in common: they say what is under the mouse, and those over steps let mouse and keys pick one."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Signal

from gradviz.plots.parts.picking import step_at, step_by_key
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History


def shown_quantity(history: History | None, name: str | None) -> Quantity | None:
    """Return what is shown of a run: the quantity `name`, by default its first; None if it does not have it."""
    if history is None or not history.quantities:
        return None
    if name is None:
        return history.quantities[0]
    return next((each for each in history.quantities if each.name == name), None)


class HoverPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """A plot of which `hovered` says in words what is under the mouse; nothing once it is elsewhere."""

    hovered = Signal(str)

    def leaveEvent(self, event: Any) -> None:
        """Say nothing once the mouse is elsewhere."""
        super().leaveEvent(event)
        self.hovered.emit("")


class StepPlot(HoverPlot):
    """A plot of one run over its steps; `step_picked` is the step that mouse or keys chose."""

    step_picked = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self._picked: int | None = None

    def pick_step(self, step: int | None) -> None:
        """Mark `step`; None marks nothing and stands for the latest."""
        raise NotImplementedError

    def keyPressEvent(self, event: Any) -> None:
        """Move the picked step; called by Qt."""
        step = step_by_key(event, self._picked, self.history.frames) if self.history is not None else None
        if step is None:
            super().keyPressEvent(event)
        else:
            event.accept()
            self._pick(step)

    def _pick_near(self, x: float, pixel: float) -> None:
        """Pick the step at the place `x` of an axis on which a pixel is `pixel` steps wide."""
        if self.history is not None and self.history.frames:
            self._pick(step_at(x, pixel, self.history.frames))

    def _pick(self, step: int) -> None:
        self.pick_step(step)
        self.step_picked.emit(step)
