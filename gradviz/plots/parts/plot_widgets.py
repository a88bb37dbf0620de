"""What plots have in common: they say what is under the mouse; those of runs show a step, which mouse and keys pick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Signal

from gradviz.plots.parts.drawn import Readout
from gradviz.plots.parts.notice import NO_RUN
from gradviz.plots.parts.picking import step_at, step_by_key
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.shown_run import ShownRun
from gradviz.recording.history import History


class HoverPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """A plot of which `hovered` says in words what is under the mouse; nothing once it is elsewhere."""

    hovered = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        # the window takes what is dropped; a view of Qt's would complain of drags that leave it
        for each in (self, self.viewport()):
            each.setAcceptDrops(False)
        self.style_in_use: Style = LIGHT

    def leaveEvent(self, event: Any) -> None:
        """Say nothing once the mouse is elsewhere."""
        super().leaveEvent(event)
        self.hovered.emit("")


class RunsPlot(HoverPlot):
    """A plot of any number of runs; `step_picked` carries the step that mouse or keys chose.

    `runs` are shown at `step`, None for the latest of each. `absence` is what it says while there is no run.
    """

    step_picked = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.absence = NO_RUN
        self.runs: tuple[ShownRun, ...] = ()
        self.step: int | None = None

    @property
    def history(self) -> History | None:
        """The recording that is shown, where it is a single one."""
        return self.runs[0].history if len(self.runs) == 1 else None

    @property
    def latest(self) -> int:
        """The last step of the longest run; -1 before there is one."""
        return max((run.latest for run in self.runs), default=-1)

    @property
    def shown_step(self) -> int:
        """The step that is shown: the picked one, else the latest of the longest run; -1 before there is one."""
        return self.latest if self.step is None else min(self.step, self.latest)

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Draw other runs, from their beginning, and follow them."""
        raise NotImplementedError

    def show_history(self, history: History | None) -> None:
        """Draw a single run, or none."""
        self.show_runs(() if history is None else (ShownRun(history),))

    def show_step(self, step: int | None) -> None:
        """Show `step`; None follows the latest."""
        raise NotImplementedError

    def fit_all_steps(self) -> None:
        """Let the axes hold every step; they do so anyway."""

    def state(self) -> Any:
        """Return all that is shown and how, for `restore` of this plot or of another one of its class."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Show what a plot showed when `state` was taken; colours stay as they are."""
        raise NotImplementedError

    def readout(self) -> Readout:
        """Return what is drawn and written, as data."""
        raise NotImplementedError

    def keyPressEvent(self, event: Any) -> None:
        """Move the picked step; called by Qt."""
        step = step_by_key(event, self.step, self.latest + 1)
        if step is None:
            super().keyPressEvent(event)
        else:
            event.accept()
            self._pick(step)

    def _pick_near(self, x: float, pixel: float) -> None:
        """Pick the step at the place `x` of an axis on which a pixel is `pixel` steps wide."""
        if self.latest >= 0:
            self._pick(step_at(x, pixel, self.latest + 1))

    def _pick(self, step: int) -> None:
        self.show_step(step)
        self.step_picked.emit(step)
