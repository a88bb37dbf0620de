"""A run as it is shown: its recording, its name, and what its lines look like beside those of other runs.

Lines differ in colour, stroke and mark, and each alone tells them apart: the colours are those of Okabe and Ito, and
readers who do not see them, or print in grey, go by the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from gradviz.plots.parts.style import Style
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

FEWEST_COMPARED, MOST_COMPARED = 2, 4
RELATIVE_DEPTH = "depth in the network (0 = input, 1 = output)"
DIFFERENT_DEPTHS = "the runs differ in depth, so layers are aligned by relative depth"

_STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DotLine)
_SYMBOLS = ("o", "s", "t1", "d")
_GLYPHS = ("●", "■", "▲", "◆")
_STROKE_GLYPHS = ("──", "– –", "– · –", "· · ·")


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How the lines of the run at place `number`, counted from 0, differ from those of the others."""

    number: int = 0

    @property
    def letter(self) -> str:
        """A for the first run, B for the second, and so on."""
        return "ABCD"[self.number]

    @property
    def symbol(self) -> str:
        """The mark on its lines, by pyqtgraph's name."""
        return _SYMBOLS[self.number]

    @property
    def mark_px(self) -> float:
        """Size of the mark: smaller than that of the run before, which so stays visible where both coincide."""
        return 10.0 - 1.75 * self.number

    @property
    def sign(self) -> str:
        """Stroke and mark as characters, for the legend."""
        return f"{_STROKE_GLYPHS[self.number]} {_GLYPHS[self.number]}"

    @property
    def glyph(self) -> str:
        """The mark as a character."""
        return _GLYPHS[self.number]

    def colour(self, style: Style) -> str:
        """Return its colour `#rrggbb`."""
        return style.series[self.number]

    def pen(self, style: Style, width: float = 1.5) -> QPen:
        """Return the pen for its lines."""
        pen: QPen = pg.mkPen(self.colour(style), width=width, style=_STROKES[self.number])
        return pen


@dataclass(frozen=True, slots=True, eq=False)
class ShownRun:
    """A recording, the name it is shown under, and the style of its lines."""

    history: History
    name: str = ""
    series: SeriesStyle = SeriesStyle()

    @property
    def latest(self) -> int:
        """Its last step so far; -1 before there is one."""
        return self.history.frames - 1

    def step_for(self, picked: int | None) -> int:
        """Return the step that is shown where `picked` is: that one, or the last of a shorter run; -1 for none."""
        return self.latest if picked is None else min(picked, self.latest)

    def quantity(self, name: str | None) -> Quantity | None:
        """Return the quantity `name` as this run measured it, its first for None; None if it did not measure it."""
        if name is None:
            return next(iter(self.history.quantities), None)
        return next((each for each in self.history.quantities if each.name == name), None)


def shown_runs(names: Sequence[str], histories: Sequence[History]) -> tuple[ShownRun, ...]:
    """Return runs to be compared, each with a style of its own."""
    pairs = zip(names, histories, strict=True)
    return tuple(ShownRun(history, name, SeriesStyle(number)) for number, (name, history) in enumerate(pairs))


def common_quantities(runs: Sequence[ShownRun]) -> list[Quantity]:
    """Return the quantities that at least two of `runs` measured, in the order of the first that did.

    A run that has only begun may still measure all that it announces.
    """
    seen: dict[str, list[Quantity]] = {}
    for run in runs:
        for quantity in run.history.quantities:
            if run.latest > 0 and run.history.latest_row(quantity.name, run.latest) is None:
                continue
            seen.setdefault(quantity.name, []).append(quantity)
    return [quantities[0] for quantities in seen.values() if len(quantities) >= FEWEST_COMPARED]


def shown_quantity(runs: Sequence[ShownRun], name: str | None) -> Quantity | None:
    """Return the quantity that is drawn of `runs`: `name`, or for None the first run's first; None if none has it."""
    return next((found for run in runs if (found := run.quantity(name)) is not None), None)


def equally_deep(runs: Sequence[ShownRun]) -> bool:
    """Whether layer l of one run is layer l of every other."""
    return len({len(run.history.started.rows) for run in runs}) <= 1


def places_of_layers(layers: int, *, relative: bool) -> NDArray[np.float64]:
    """Return the positions [layers] of layers on an axis: their numbers, or the middle of their shares of 0 to 1."""
    numbers = np.arange(1, layers + 1, dtype=np.float64)
    return (numbers - 0.5) / layers if relative else numbers
