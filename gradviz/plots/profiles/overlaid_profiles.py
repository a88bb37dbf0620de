"""The profiles of two to four runs in one plot: one quantity over the layers, at the same step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from gradviz.plots.compared import (
    LAYER,
    RELATIVE_DEPTH,
    UNLIKE_DEPTHS,
    Compared,
    Look,
    equally_deep,
    last_step,
    places_of_layers,
    quantity_of,
)
from gradviz.plots.parts.axes import DecadeAxis, WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, limits_around, united
from gradviz.plots.parts.notice import NO_STEP_YET, Notice
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.readout import in_sentence, value_in_words, with_unit
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.frame import Quantity

# room under the lowest decade for the marks of layers that are exactly zero, as a share of the height
FLOOR_SHARE = 0.07
MOST_MARKS = 12
FLOOR_MARK_PX = 8


class _Line:
    """One run's row over the layers, its mark on some of them, and what a line cannot show at floor and ceiling."""

    def __init__(self, plot: Any, run: Compared, look: Look) -> None:
        self.run, self.look = run, look
        self.step = -1
        self.row: NDArray[np.float32] = np.empty(0, np.float32)
        self._curve = plot.plot(connect="finite")
        self._marks, self._zeros, self._lost = (
            pg.ScatterPlotItem(symbol=symbol, size=size, pxMode=True)
            for symbol, size in ((look.symbol, look.mark_px), ("t", FLOOR_MARK_PX), ("x", FLOOR_MARK_PX))
        )
        for item in (self._marks, self._zeros, self._lost):
            plot.addItem(item)

    def read(self, name: str, step: int | None) -> None:
        """Look up the row of `step`, or of the last step where the run is shorter."""
        found = None
        if quantity_of(self.run, name) is not None and (shown := last_step(self.run, step)) >= 0:
            found = self.run.history.latest_row(name, shown)
        self.step, self.row = found if found is not None else (-1, np.empty(0, np.float32))

    def draw(self, span: Span, *, relative: bool, logarithmic: bool) -> None:
        """Draw the row; exact zeros of a logarithmic quantity and what is not finite at the ends of `span`."""
        places, finite = (
            places_of_layers(max(len(self.row), 1), relative=relative)[: len(self.row)],
            np.isfinite(self.row),
        )
        self._curve.setData(places, np.where(finite, self.row, np.float32(np.nan)))
        # marks of several runs stand at different layers, so that none covers another
        every = max(len(self.row) // MOST_MARKS, 1)
        marked = finite & (np.arange(len(self.row)) % every == self.look.number * every // 4)
        self._marks.setData(places[marked], self.row[marked])
        zero = np.isneginf(self.row) & logarithmic
        lost = ~finite & ~zero
        self._zeros.setData(places[zero], np.full(zero.sum(), span[0]))
        self._lost.setData(places[lost], np.full(lost.sum(), span[1]))

    def words(self, asked: int | None) -> str:
        """Say which run and step this is."""
        words = f"{self.look.letter} {self.run.name}"
        if self.step < 0:
            return f"{words}: not measured"
        return f"{words}, step {self.step}" + (" (its last)" if asked is not None and self.step < asked else "")

    def colour(self, style: Style) -> None:
        colour = self.look.colour(style)
        self._curve.setPen(self.look.pen(style, 2.0))
        for item in (self._marks, self._zeros):
            item.setPen(colour)
            item.setBrush(colour)
        self._lost.setPen(style.nan_colour)
        self._lost.setBrush(style.nan_colour)


class OverlaidProfiles(HoverPlot):
    """Value over layers, a line for each run. `refresh` pulls; `hovered` reads out a layer of all of them in words."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.lines: list[_Line] = []
        self._name = ""
        self._step: int | None = None
        self._style = LIGHT
        self._drawn: object = None
        self._room: object = None
        self._title, self._key = Words(size_pt=10.5), Key()
        self._view = pg.ViewBox(enableMenu=False)
        self._view.disableAutoRange()
        self._layers, self._depth = WholeNumberAxis("bottom", first=1), pg.AxisItem("bottom")
        self._depth.enableAutoSIPrefix(False)
        self._values = DecadeAxis("left")
        self._plot = pg.PlotItem(viewBox=self._view, axisItems={"bottom": self._layers, "left": self._values})
        self._plot.hideButtons()
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, self._plot, self._key)):
            self.addItem(part, row=row, col=0)
        self._notice = Notice(self._view)
        self.scene().sigMouseMoved.connect(self._hover)
        self.apply_style(LIGHT)

    @property
    def relative(self) -> bool:
        """Whether the axis counts shares of the depth, because the runs differ in it."""
        return not equally_deep([line.run for line in self.lines])

    def show_runs(self, runs: Sequence[Compared]) -> None:
        """Draw other runs."""
        self._plot.clear()
        self.lines = [_Line(self._plot, run, Look(number)) for number, run in enumerate(runs)]
        axis = self._depth if self.relative else self._layers
        self._plot.setAxisItems({"bottom": axis})
        relabel(axis, RELATIVE_DEPTH if self.relative else LAYER)
        self._step = None
        self.apply_style(self._style)
        self.show_all()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`."""
        self._name = name
        self.show_all()

    def pick_step(self, step: int | None) -> None:
        """Draw `step`; None follows the latest of each run."""
        self._step = step
        self.refresh()

    def show_all(self) -> None:
        """Show all layers and the whole range of values."""
        self._room = self._drawn = None
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        steps = tuple(last_step(line.run, self._step) for line in self.lines)
        drawn = (self._name, self._step, steps, self._style)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        quantity = self._quantity()
        self._notice.say("" if quantity is not None and max(steps, default=-1) >= 0 else NO_STEP_YET)
        if quantity is None:
            return
        for line in self.lines:
            line.read(self._name, self._step)
        low, high = self._make_room(quantity)
        floor = low - (high - low) * FLOOR_SHARE / 2
        for line in self.lines:
            line.draw((floor, high), relative=self.relative, logarithmic=quantity.scale == "log10")
        self._describe(quantity)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        for axis in (self._values, self._layers, self._depth):
            style_axis(axis, style)
        self._view.setBorder(style.grid)
        for line in self.lines:
            line.colour(style)
        self._notice.apply_style(style)
        self.refresh()

    def _quantity(self) -> Quantity | None:
        found = (quantity_of(line.run, self._name) for line in self.lines)
        return next((quantity for quantity in found if quantity is not None), None)

    def _make_room(self, quantity: Quantity) -> Span:
        """Let the axes hold all runs from their beginning, so that they stand still while a step is picked."""
        histories = [line.run.history for line in self.lines if quantity_of(line.run, self._name) is not None]
        low, high = limits_around(united(*(history.span(self._name) for history in histories)), quantity)
        depth = 1.0 if self.relative else float(len(self.lines[0].run.history.started.rows))
        room = (self._name, depth, self.relative, low, high)
        if room != self._room:
            self._room = room
            logarithmic = quantity.scale == "log10"
            self._values.set_logarithmic(logarithmic)
            relabel(self._values, with_unit(quantity))
            below, above = (high - low) * FLOOR_SHARE if logarithmic else 0.0, (high - low) * 0.03
            first, last = (0.0, 1.0) if self.relative else (1 - max(0.01 * depth, 0.5), depth + max(0.01 * depth, 0.5))
            self._view.setLimits(
                xMin=first, xMax=last, yMin=low - below, yMax=high + above, minXRange=(last - first) * 1e-3,
                minYRange=(high - low) * 1e-3,
            )  # fmt: skip
            self._view.setXRange(first, last, padding=0)
            self._view.setYRange(low - below, high + above, padding=0)
        return low, high

    def _describe(self, quantity: Quantity) -> None:
        when = "latest step" if self._step is None else f"at step {self._step}"
        self._title.say(f"{quantity.label} over the layers · {when}")
        entries = [(line.look.sign, line.look.colour(self._style), line.words(self._step)) for line in self.lines]
        if quantity.scale == "log10" and any(np.isneginf(line.row).any() for line in self.lines):
            entries.append(("▼", self._style.muted, "at the floor: exactly zero"))
        if self.relative:
            entries.append(("↔", self._style.muted, UNLIKE_DEPTHS))
        self._key.show_entries(entries, self._style.foreground)

    def _hover(self, position: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(self._view.mapSceneToView(position).x()) if inside else "")

    def _words_at(self, x: float) -> str:
        quantity, parts = self._quantity(), []
        for line in self.lines:
            layer = int(np.ceil(x * len(line.row))) if self.relative else round(x)
            if quantity is not None and 1 <= layer <= len(line.row):
                value = value_in_words(quantity, float(line.row[layer - 1]))
                parts.append(f"{line.look.letter} {line.run.history.started.row_name(layer)}: {value}")
        return f"{' · '.join(parts)} ({in_sentence(quantity.label)})" if quantity is not None and parts else ""
