"""A run as an animation: plots off the screen, set to one step after the other, and which steps these are.

The plots on screen stay as they are; an animation has plots of its own, in the state of those when it began.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QGraphicsView

from gradviz.plots.pages.images import Page, Placement
from gradviz.plots.parts.style import Style

# what is shown for a whole number of hundredths of a second, the unit of a GIF; viewers play faster ones slowly
FRAME_RATES = (2, 5, 10, 20, 25, 50)
USUAL_RATE = 10
# as many frames as make a file that one can send
USUAL_FRAMES = 200


@dataclass(frozen=True, slots=True)
class StepRange:
    """The steps from `first` to `last`, both included, every `every`-th of them, so many frames a second."""

    first: int
    last: int
    every: int = 1
    frames_per_second: int = USUAL_RATE

    @classmethod
    def of_all(cls, frames: int) -> StepRange:
        """Return a whole run of `frames` steps in about USUAL_FRAMES frames at most."""
        last = max(frames - 1, 0)
        return cls(0, last, max(math.ceil(last / USUAL_FRAMES), 1))

    @property
    def steps(self) -> Sequence[int]:
        """One step per frame; the last one is shown also where it is not its turn."""
        steps = range(self.first, self.last + 1, self.every)
        return steps if steps[-1] == self.last else [*steps, self.last]

    @property
    def frame_ms(self) -> int:
        """How long each frame is shown."""
        return round(1000 / self.frames_per_second)

    @property
    def seconds(self) -> float:
        """How long it takes once."""
        return len(self.steps) * self.frame_ms / 1000


@dataclass(frozen=True, slots=True)
class FrameSource:
    """A plot off the screen, and what sets it to a step."""

    view: QGraphicsView
    show_step: Callable[[int], object]


@runtime_checkable
class SteppedPlot(Protocol):
    """A plot that can be set to any step, and whose state another one of its class takes over."""

    style_in_use: Style

    def show_step(self, step: int | None) -> None:
        """Show `step`; None follows the latest."""

    def fit_all_steps(self) -> None:
        """Let the axes hold every step, so that they stand still from one to the next."""

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""

    def state(self) -> Any:
        """Return all that is shown and how."""

    def restore(self, state: Any) -> None:
        """Show what a plot of the same class showed when `state` was taken."""


def copy_off_screen(plot: QGraphicsView) -> FrameSource:
    """Return another plot in the state of `plot`, which is never shown. Raises TypeError for one without steps."""
    if not isinstance(plot, SteppedPlot):
        raise TypeError(f"{type(plot).__name__} does not change from step to step")
    other = type(plot)()
    other.resize(plot.size())
    other.apply_style(plot.style_in_use)
    other.restore(plot.state())
    other.fit_all_steps()
    return FrameSource(other, other.show_step)


class Animation:
    """Plots on one page, set to one step after the other. `close` it once it is not needed any more."""

    def __init__(
        self, sources: Sequence[FrameSource], placements: Sequence[Placement], background: str, scale: float
    ) -> None:
        self._sources = sources
        self._page = Page(placements, background)
        self._scale = scale
        self._begun = False
        for placement in placements:
            placement.view.resize(placement.rect.size().toSize())

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of a picture (width, height)."""
        return round(self._page.size.width() * self._scale), round(self._page.size.height() * self._scale)

    def picture(self, step: int) -> QImage:
        """Draw `step`. Raises ExportError for a picture too large for the memory."""
        for source in self._sources:
            source.show_step(step)
        if self._begun:
            return self._page.image_again(self._scale)
        self._begun = True
        return self._page.image(self._scale)

    def close(self) -> None:
        """Do away with the plots."""
        for source in self._sources:
            source.view.close()
            source.view.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
