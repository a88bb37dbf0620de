"""The profile: one quantity over the layers at one step; of a single run with what belongs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF

from gradviz.plots.parts.axes import DecadeAxis, relabel, style_axis
from gradviz.plots.parts.drawn import Readout, axis_labels, given_lines
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.layer_axis import LayerAxis
from gradviz.plots.parts.limits import Span, limits_around, united
from gradviz.plots.parts.notice import NO_STEP_YET, Notice
from gradviz.plots.parts.plot_widgets import RunsPlot
from gradviz.plots.parts.readout import on_axis
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.plots.profiles.profile_line import ProfileLine
from gradviz.plots.profiles.profile_overlays import ProfileOverlays
from gradviz.plots.profiles.profile_rows import (
    Measured,
    ProfileRows,
    Theory,
    finite_span,
    latest_measured,
    read_rows,
)
from gradviz.plots.profiles.profile_words import (
    compared_entries,
    compared_title,
    compared_words_at,
    entries,
    title,
    words_at,
)
from gradviz.plots.shown_run import RELATIVE_DEPTH, ShownRun, equally_deep, shown_quantity
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

# room under the lowest decade for the marks of layers that are exactly zero, as a share of the height
FLOOR_SHARE = 0.07
NOT_IN_RUN = "This run did not measure that; choose another quantity."
# what the line of a single run is called in the read-out
NOW = "now"


@dataclass(frozen=True, slots=True, eq=False)
class ProfileState:
    """What a profile shows, and which part of it: `columns` of the layers, `values` of the quantity."""

    runs: tuple[ShownRun, ...]
    quantity: str | None
    step: int | None
    reference: History | None
    reference_label: str
    theory: Theory
    columns: Span
    values: Span


class ProfilePlot(RunsPlot):
    """Value over layers at the picked, else the latest step, a line for each run. `refresh` pulls; `hovered` says in
    words what a layer has.

    A layer that is exactly zero has no place on a logarithmic axis: it is marked at the floor of the plot, and one
    that is not finite at its ceiling; neither is left out. Runs of different depth are drawn over relative depth. A
    single run has its start, its exact counterpart, another run and the theory beside it.
    """  # fmt: skip

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._name: str | None = None
        self._reference: History | None = None
        self._reference_label = ""
        self._theory = Theory()
        self._drawn: object = None
        self._limits: Span = (-1.0, 0.0)
        self._room: object = None
        self._lines: list[ProfileLine] = []
        self._build()
        self.show_runs(())
        self.apply_style(LIGHT)

    @property
    def relative(self) -> bool:
        """Whether the axis counts shares of the depth, because the runs differ in it."""
        return not equally_deep(self.runs)

    @property
    def quantity(self) -> Quantity | None:
        """What is drawn; None where no run measured what was chosen."""
        return shown_quantity(self.runs, self._name)

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Draw other runs, the latest step of each; theory has to be shown anew."""
        self.runs, self.step, self._theory = tuple(runs), None, Theory()
        for line in self._lines:
            line.remove()
        several = len(runs) > 1
        self._lines = [
            ProfileLine(self._plot, run.series.letter if several else NOW, run.series if several else None)
            for run in runs
        ]
        history = self.history
        self.layers.show_rows(history.started.rows if history is not None else ())
        axis = self._depth_axis if self.relative else self.layers
        if self._plot.getAxis("bottom") is not axis:
            self._plot.setAxisItems({"bottom": axis})
        self._colour_lines()
        self.show_all()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`, now and for runs to come."""
        self._name = name
        self.show_all()

    def show_step(self, step: int | None) -> None:
        """Draw `step`; None follows the latest of each run."""
        self.step = step
        self.refresh()

    def show_reference(self, history: History | None, label: str = "") -> None:
        """Draw another run behind a single one, dashed, at the same step as far as it got there; None: do not."""
        self._reference, self._reference_label = history, label
        self.show_all()

    def show_theory(self, theory: Theory) -> None:
        """Draw what theory expects of a single network as initialised, or say why it expects nothing."""
        self._theory = theory
        self.show_all()

    def show_all(self) -> None:
        """Show all layers and the whole range of values."""
        self._room = self._drawn = None
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self._notice.say(self._what_is_missing())
        steps = tuple(run.step_for(self.step) for run in self.runs)
        reference = self._reference.frames if self._reference is not None else 0
        drawn = (self.runs, self.quantity, self.step, steps, self._reference, reference, self.style_in_use)
        # what is shown is looked up anew only if one of these changed
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._read()
        self._make_room()
        low, high = self._limits
        floor = low - (high - low) * FLOOR_SHARE / 2
        self._overlays.draw(floor, high)
        for line in self._lines:
            line.draw(floor, high, relative=self.relative)
        self._describe()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        for axis in (self._values, self.layers, self._depth_axis):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        self._overlays.apply_style(style)
        self._colour_lines()
        self._notice.apply_style(style)
        self.refresh()

    def state(self) -> ProfileState:
        """Return what is shown, and which part of it."""
        columns, values = self.view.viewRange()
        return ProfileState(
            self.runs, self._name, self.step, self._reference, self._reference_label, self._theory,
            (columns[0], columns[1]), (values[0], values[1]),
        )  # fmt: skip

    def restore(self, state: ProfileState) -> None:
        """Show what a profile showed when `state` was taken."""
        self._name = state.quantity
        self.show_runs(state.runs)
        self.show_reference(state.reference, state.reference_label)
        self.show_theory(state.theory)
        self.show_step(state.step)
        self.view.setRange(xRange=state.columns, yRange=state.values, padding=0)

    def readout(self) -> Readout:
        """Return what is drawn and written, as data."""
        floors, guide = self._overlays.floors.shown, self._overlays.guide
        return Readout(
            title=self._title.text,
            notice=self._notice.text,
            key=self._key.entries,
            axes=axis_labels(self._plot),
            series=(*(each for line in self._lines for each in line.series()), *self._overlays.series()),
            lines=given_lines(guide=guide.shown) | ({"floors": tuple(floors)} if floors else {}),
            labels=({"guide": guide.words} if guide.shown is not None else {})
            | ({"beside": self._overlays.date} if self._overlays.date else {}),
        )

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key()
        self.view = pg.ViewBox(enableMenu=False)
        self.view.disableAutoRange()
        self.layers, self._depth_axis = LayerAxis("bottom"), pg.AxisItem("bottom")
        self._depth_axis.enableAutoSIPrefix(False)
        self._depth_axis.setLabel(RELATIVE_DEPTH)
        self._values = DecadeAxis("left")
        self._plot = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self.layers, "left": self._values})
        self._plot.hideButtons()
        # at the right for the half of the last layer's number that stands beyond the axis
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, self._plot, self._key)):
            self.addItem(part, row=row, col=0)
        self._overlays = ProfileOverlays(self._plot)
        self._notice = Notice(self.view)
        self.scene().sigMouseMoved.connect(self._hover)

    def _what_is_missing(self) -> str:
        if not self.runs:
            return self.absence
        quantity, history = self.quantity, self.history
        if quantity is None:
            return NOT_IN_RUN
        if self.latest < 0:
            return NO_STEP_YET
        step = self.runs[0].step_for(self.step)
        if history is not None and history.latest_row(quantity.name, step) is None:
            return f"{quantity.label} was not measured at step {step}."
        return ""

    def _read(self) -> None:
        """Hand every line its row."""
        quantity, history = self.quantity, self.history
        logarithmic = quantity is not None and quantity.scale == "log10"
        rows = ProfileRows()
        if history is not None:
            step = self.runs[0].step_for(self.step)
            rows = read_rows(history, quantity, step, self._reference, self._theory)
        self._overlays.show(rows, logarithmic=logarithmic)
        for run, line in zip(self.runs, self._lines, strict=True):
            line.show(self._row_of(run, quantity) if len(self.runs) > 1 else rows.now, logarithmic=logarithmic)

    def _row_of(self, run: ShownRun, quantity: Quantity | None) -> Measured:
        step = run.step_for(self.step)
        if quantity is None or run.quantity(quantity.name) is None or step < 0:
            return Measured()
        return latest_measured(run.history, quantity.name, step)

    def _make_room(self) -> None:
        """Let the axes hold all runs from their beginning, and what of the reference lies in their layers.

        They stand still while a step is picked, and keep a zoom if nothing changed.
        """
        quantity = self.quantity
        if quantity is None:
            self._overlays.cross(None, self._limits, double=False)
            return
        layers = max(len(run.history.started.rows) for run in self.runs)
        spans = [run.history.span(quantity.name) for run in self.runs if run.quantity(quantity.name) is not None]
        if self.history is not None:
            spans += [finite_span(self._lines[0].measured.row), *self._overlays.spans(quantity, layers)]
        self._limits = low, high = limits_around(united(*spans), quantity)
        room = (quantity.name, layers, self.relative, low, high)
        if room == self._room:
            return
        self._room = room
        below = (high - low) * FLOOR_SHARE if quantity.scale == "log10" else 0.0
        self._values.set_logarithmic(quantity.scale == "log10")
        relabel(self._values, on_axis(quantity))
        margin = max(0.01 * layers, 0.5)
        first, last = (0.0, 1.0) if self.relative else (1 - margin, layers + margin)
        self.view.setLimits(
            xMin=first, xMax=last, yMin=low - below, yMax=high + (high - low) * 0.03,
            minXRange=1e-3 if self.relative else 1, minYRange=(high - low) * 1e-3,
        )  # fmt: skip
        self.view.setXRange(first, last, padding=0)
        self.view.setYRange(low - below, high + (high - low) * 0.03, padding=0)
        history = self.history
        double = history is not None and history.started.double
        self._overlays.cross(quantity if history is not None else None, self._limits, double=double)

    def _colour_lines(self) -> None:
        style, several = self.style_in_use, len(self.runs) > 1
        for run, line in zip(self.runs, self._lines, strict=True):
            pen = run.series.pen(style, 2.0)
            zero = run.series.colour(style) if several else style.zero_colour
            line.colour(pen, zero, style.nan_colour, filled=True)

    def _describe(self) -> None:
        quantity, style = self.quantity, self.style_in_use
        words, found = "", []
        if quantity is not None and len(self.runs) > 1:
            words = compared_title(quantity, self.step)
            pairs = list(zip(self.runs, self._lines, strict=True))
            found = compared_entries(pairs, self.step, style, relative=self.relative)
        elif quantity is not None:
            step = self.runs[0].step_for(self.step)
            words = title(quantity, self._overlays.rows, step) if step >= 0 else ""
            history = self.runs[0].history
            found = entries(history, quantity, self._lines[0], self._overlays, style, other=self._reference_label)
        self._title.say(words)
        self._key.show_entries(found, style.foreground)

    def _hover(self, position: QPointF) -> None:
        inside = self.view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(self.view.mapSceneToView(position).x()) if inside else "")

    def _words_at(self, x: float) -> str:
        quantity, history = self.quantity, self.history
        if quantity is None:
            return ""
        if history is not None:
            return words_at(history, quantity, self._lines[0], self._overlays, round(x))
        pairs = list(zip(self.runs, self._lines, strict=True))
        return compared_words_at(pairs, quantity, x, relative=self.relative)
