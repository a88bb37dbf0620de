"""Runs that are looked at together: what each is called, what its line looks like, and how layers of unlike depth meet.

A line is told from another by colour, stroke and mark, each of which would do: the colours are those of Okabe and Ito,
and who sees none of them, or prints in grey, goes by the others.
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

FEWEST, MOST = 2, 4
LAYER = "layer (1 = next to the input)"
RELATIVE_DEPTH = "depth in the network (0 = input, 1 = output)"
UNLIKE_DEPTHS = "the runs differ in depth, so layers meet by their relative depth"

_STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DotLine)
_SYMBOLS = ("o", "s", "t1", "d")
_GLYPHS = ("●", "■", "▲", "◆")
_DRAWN_STROKES = ("──", "– –", "– · –", "· · ·")


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A run and what to call it."""

    name: str
    history: History


@dataclass(frozen=True, slots=True)
class Look:
    """How the run at place `number`, counted from 0, is told from the others."""

    number: int

    @property
    def letter(self) -> str:
        """A for the first run, B for the second ..."""
        return "ABCD"[self.number]

    @property
    def symbol(self) -> str:
        """The mark on its lines, as pyqtgraph calls it."""
        return _SYMBOLS[self.number]

    @property
    def mark_px(self) -> float:
        """How large the mark is: smaller than that of the run before it, which so is seen where both lie together."""
        return 10.0 - 1.75 * self.number

    @property
    def sign(self) -> str:
        """Stroke and mark in characters, for a key."""
        return f"{_DRAWN_STROKES[self.number]} {_GLYPHS[self.number]}"

    @property
    def glyph(self) -> str:
        """The mark as a character."""
        return _GLYPHS[self.number]

    def colour(self, style: Style) -> str:
        """Return its colour `#rrggbb`."""
        return style.series[self.number]

    def pen(self, style: Style, width: float = 1.5) -> QPen:
        """Return what to draw its lines with."""
        pen: QPen = pg.mkPen(self.colour(style), width=width, style=_STROKES[self.number])
        return pen


def common_quantities(runs: Sequence[Compared]) -> list[Quantity]:
    """Return the quantities that at least two of `runs` measured, in the order of the first that did."""
    seen: dict[str, list[Quantity]] = {}
    for run in runs:
        for quantity in run.history.quantities:
            seen.setdefault(quantity.name, []).append(quantity)
    return [quantities[0] for quantities in seen.values() if len(quantities) >= FEWEST]


def quantity_of(run: Compared, name: str) -> Quantity | None:
    """Return the quantity `name` as this run measured it; None if it did not."""
    return next((quantity for quantity in run.history.quantities if quantity.name == name), None)


def equally_deep(runs: Sequence[Compared]) -> bool:
    """Whether layer l of one is layer l of every other."""
    return len({len(run.history.started.rows) for run in runs}) <= 1


def places_of_layers(layers: int, *, relative: bool) -> NDArray[np.float64]:
    """Return where layers stand on an axis, layer 1 first: at their number, or amid their share of 0 to 1."""
    numbers = np.arange(1, layers + 1, dtype=np.float64)
    return (numbers - 0.5) / layers if relative else numbers


def last_step(run: Compared, step: int | None) -> int:
    """Return the step of `run` that is shown for the picked `step`: that, its last where it is shorter; -1 for none."""
    latest = run.history.frames - 1
    return latest if step is None else min(step, latest)
