"""A plot of one family of further numbers, under those of loss and accuracy and over the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from gradviz.plots.further_numbers import NumberFamily, families, latest_told, number_line, number_span
from gradviz.plots.parts.axes import DecadeAxis, WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.drawn import DrawnSeries, line_of
from gradviz.plots.parts.key import KeyEntry
from gradviz.plots.parts.limits import Span, nice_above, united
from gradviz.plots.parts.loss_above_accuracy import LEFT_PX
from gradviz.plots.parts.picking import PickingViewBox, StepCursor
from gradviz.plots.parts.step_line import COLUMNS_FOR_ENDS, Values
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.shown_run import ShownRun

_STROKES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DotLine)
LONGEST_LABEL = 10
# beyond it an axis cannot reach from a value to its negative
LARGEST = 1e300
_STROKE_SIGNS = ("—", "- -", "- ·", "· ·")


class NumberPlot:
    """The lines of the `chosen` family of all runs that have it; hidden where no run has any."""

    def __init__(self) -> None:
        self.view = PickingViewBox()
        self._axis, self._steps = DecadeAxis("left"), WholeNumberAxis("bottom")
        self._steps.setLabel("step")
        self._axis.setWidth(LEFT_PX)
        self.item: Any = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self._steps, "left": self._axis})
        self.item.hideButtons()
        self.item.setVisible(False)
        self.cursor = StepCursor(self.item)
        self.offered: tuple[NumberFamily, ...] = ()
        self._wanted = ""
        self._style = LIGHT
        self._lines: dict[tuple[int, str], Any] = {}
        self._drawn: object = None

    @property
    def chosen(self) -> NumberFamily | None:
        """The family that is drawn: the one asked for, where there is one of that name, else the first."""
        named = (each for each in self.offered if each.name == self._wanted)
        return next(named, self.offered[0] if self.offered else None)

    @property
    def label(self) -> str:
        """What is drawn; empty while it is hidden."""
        return self.chosen.label if self.chosen is not None else ""

    def choose(self, name: str) -> None:
        """Draw the family of that name from the next `draw` on, in every run that has it."""
        self._wanted = name
        self._drawn = None

    def draw(self, runs: Sequence[ShownRun], view: Span, pixels: int) -> None:
        """Draw the steps in `view`, `pixels` wide; what a long run costs is the pixels, not the steps."""
        self.offered = families(run.history for run in runs)
        self.item.setVisible(bool(self.offered))
        drawn = (self.chosen, view, pixels, tuple((run.history, run.history.frames) for run in runs))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        family = self.chosen
        self._make_lines(runs, family)
        if family is None:
            return
        self._axis.set_logarithmic(family.logarithmic)
        # the axis is short where there is little room; the legend, or the title, says the whole name
        words = family.label if len(family.label) <= LONGEST_LABEL else ""
        if self._axis.labelText != words:
            relabel(self._axis, words)
        self._make_room([number_span(run.history, member, self._place, COLUMNS_FOR_ENDS)
                         for run in runs for member in family.members])  # fmt: skip
        for (number, member), line in self._lines.items():
            line.setData(*number_line(runs[number].history, member, view, pixels, self._place))

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        for axis in (self._axis, self._steps):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        self.cursor.apply_style(style)
        for (number, member), line in self._lines.items():
            line.setPen(self._pen(number, member))

    def legend(self, runs: Sequence[ShownRun], step: int | None) -> list[KeyEntry]:
        """Explain the lines of a single run, with their values at the picked `step`."""
        family = self.chosen
        if family is None or len(runs) != 1:
            return []
        entries = []
        for place, member in enumerate(family.members):
            told = latest_told(runs[0].history, member, step) if step is not None else None
            when = "" if told is None or told[0] == step else f" (step {told[0]})"
            value = "" if told is None else f"{when}: {told[1]:.4g}"
            said = family.called(member) if len(family.members) == 1 else f"{family.label}, {family.called(member)}"
            colour = self._style.series[self._colour(0, member)]
            entries.append((_STROKE_SIGNS[place % len(_STROKE_SIGNS)], colour, f"{said}{value}"))
        return entries

    def words_at(self, runs: Sequence[ShownRun], step: int) -> str:
        """Say the chosen numbers of each run at `step`; empty where none was told."""
        family = self.chosen
        parts = []
        for run in runs:
            for member in family.members if family is not None and 0 <= step <= run.latest else ():
                told = latest_told(run.history, member, step)
                whose = f" {run.series.letter}" if len(runs) > 1 else ""
                if told is not None and family is not None:
                    which = "" if len(family.members) == 1 else f", {family.called(member)}"
                    parts.append(f"{family.label}{which}{whose}: {told[1]:.4g}")
        return " · ".join(parts)

    def series(self, runs: Sequence[ShownRun]) -> list[DrawnSeries]:
        """Return what is drawn, by the name of the number; of several runs behind their letters."""
        found = []
        for (number, member), line in self._lines.items():
            name = member if len(runs) == 1 else f"{runs[number].series.letter} {member}"
            found += line_of(name, line)
        return found

    def _place(self, values: Values) -> Values:
        if self.chosen is None or not self.chosen.logarithmic:
            return np.where(np.abs(values) <= LARGEST, values, np.nan)
        there = np.isfinite(values) & (values > 0)
        return np.log10(values, out=np.full(len(values), np.nan), where=there)

    def _make_room(self, spans: Sequence[Span | None]) -> None:
        low, high = united(*spans) or (0.0, 1.0)
        if self.chosen is not None and self.chosen.logarithmic:
            low, high = float(np.floor(low)), float(np.floor(high) + 1)
        else:
            low, high = 0.0 - nice_above(-low), nice_above(high)
            low, high = (low, high) if high > low else (0.0, 1.0)
        margin = 0.05 * (high - low)
        self.view.setLimits(yMin=low - margin, yMax=high + margin)
        self.view.setYRange(low, high, padding=0.02)

    def _make_lines(self, runs: Sequence[ShownRun], family: NumberFamily | None) -> None:
        members = family.members if family is not None else ()
        wanted = [(number, member) for number in range(len(runs)) for member in members]
        if wanted == list(self._lines):
            return
        for line in self._lines.values():
            self.item.removeItem(line)
        self._lines = {key: self.item.plot(connect="finite", pen=self._pen(*key)) for key in wanted}
        for line in self._lines.values():
            line.setDownsampling(auto=True, method="peak")
            line.setClipToView(True)

    def _colour(self, number: int, member: str) -> int:
        """Return the place of a colour: of a single run each member has its own, of several each run."""
        several = len({key[0] for key in self._lines}) > 1 or number > 0
        members = self.chosen.members if self.chosen is not None else (member,)
        return (number if several else members.index(member)) % len(self._style.series)

    def _pen(self, number: int, member: str) -> Any:
        members = self.chosen.members if self.chosen is not None and member in self.chosen.members else (member,)
        stroke = _STROKES[members.index(member) % len(_STROKES)]
        return pg.mkPen(self._style.series[self._colour(number, member)], width=1, style=stroke)
