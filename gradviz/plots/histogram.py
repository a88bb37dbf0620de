"""How the numbers of one layer are spread, as last measured, before how they were spread at first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF

from gradviz.plots.distribution import share_in_words
from gradviz.plots.layer_spread import LayerSpread
from gradviz.plots.parts.axes import DecadeAxis, power_of_ten, relabel, style_axis
from gradviz.plots.parts.drawn import Readout, steps_of
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, united
from gradviz.plots.parts.notice import NO_RUN, Notice
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.readout import in_sentence, measured_at
from gradviz.plots.parts.round_ends import decades_around, ends_around, unit_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.activations import Floats
from gradviz.recording.frame import KINDS, Distributions, Kind
from gradviz.recording.history import History
from gradviz.recording.powers import scientific

NONE_YET = "This run has no distributions yet; runs of a script have none, only what each module's numbers amount to."
# so many measurements, from all over a run, tell how far its numbers reach
AXIS_SAMPLES = 100
HEADROOM = 1.05
FILL_ALPHA = 90
LEAST_DECADES = 0.05
SMALLEST_ZOOM = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class HistogramState:
    """What a histogram shows, and, unless it is `following`, which range of the numbers."""

    history: History | None
    step: int | None
    distributions: tuple[Distributions | None, Distributions | None]
    missing: str
    picked: int | None
    kind: str
    layer: int
    logarithmic: bool
    following: bool
    numbers: Span


class HistogramPlot(HoverPlot):
    """Density over the numbers of one kind in one layer: filled as it is, a line for what it was at first.

    Densities are parts of the highest, so that equal areas are equally many numbers and the axis stays where it is. The
    wheel zooms; `hovered` reads out a bin in words. It follows a run that it is shown with `show_history`, or draws
    distributions that it is given.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self.step: int | None = None
        self._looked_up: object = None
        self.now: LayerSpread | None = None
        self.first: LayerSpread | None = None
        self._distributions: tuple[Distributions | None, Distributions | None] = None, None
        self._kind, self._layer = KINDS[0].name, 1
        self._missing = NO_RUN
        self._picked: int | None = None
        self._logarithmic = False
        self._following = True
        self._unit = 1.0
        self._held: Span | None = None
        self._build()
        self.setAccessibleName("Distribution within a layer")
        self.apply_style(LIGHT)
        self._draw()

    @property
    def summary(self) -> str:
        """How many numbers there are, from where to where, and how many have no place on the axis; empty without."""
        now = self.now
        if now is None:
            return ""
        words = f"{now.total:,} number{'s'[: now.total != 1]}"
        if now.span is not None:
            words += f" from {_spoken(now.kind, now.span[0])} to {_spoken(now.kind, now.span[1])}"
        for count, what in ((now.zeros, "exactly zero"), (now.not_finite, "infinite or not a number")):
            if count:
                words += f"; {share_in_words(count / now.total)} are {what}"
        return words + "."

    def show_history(self, history: History | None) -> None:
        """Show another run or preview, the latest step of it; None shows none."""
        self.history, self.step, self._looked_up = history, None, None
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Show what was measured at `step` or, before it, last; None follows the latest."""
        self.step = step
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        history, step = self.history, self.step
        now = history.distributions_at_or_latest(step) if history is not None else None
        if self._looked_up == (history, now, step):
            return
        self._looked_up = history, now, step
        first = history.first_distributions if history is not None else None
        missing = NO_RUN if history is None else none_up_to(step)
        self.show_distributions(now, first, missing, picked=step)

    def fit_all_steps(self) -> None:
        """Let the axis hold the numbers of the whole run, so that it stands still from step to step."""
        history, step = self.history, self.step
        if history is None:
            return
        steps = history.distribution_steps
        for each in steps[:: max(len(steps) // AXIS_SAMPLES, 1)]:
            self.show_step(int(each))
        self.show_step(step)

    def show_distributions(
        self, now: Distributions | None, first: Distributions | None, missing: str = "", *, picked: int | None = None
    ) -> None:
        """Draw `now`, and behind it `first` of the same run; without `now` say what is `missing`.

        `picked` is the step that `now` stands for, if that is not its own.
        """
        same = now is not None and self._distributions == (now, first)
        another_run = first is not self._distributions[1]
        self._distributions, self._missing, self._picked = (now, first), missing or NONE_YET, picked
        if same:
            self._describe()
        else:
            self._draw(anew=another_run)

    def show_kind(self, name: str) -> None:
        """Draw the kind `name` of numbers, one of KINDS."""
        self._kind = name
        self._draw(anew=True)

    def show_row(self, row: int) -> None:
        """Draw the layer of that number, from 1 on."""
        self._layer = row
        self._draw(anew=True)

    def show_logarithmic(self, logarithmic: bool) -> None:
        """Draw densities over powers of ten, where rare numbers are seen beside common ones; or as they are."""
        self._logarithmic = logarithmic
        self._densities.set_logarithmic(logarithmic)
        self._draw()

    def show_all(self) -> None:
        """Show the whole range again."""
        self._draw(anew=True)

    def state(self) -> HistogramState:
        """Return what is shown, and which part of it."""
        low, high = self.view.viewRange()[0]
        return HistogramState(
            self.history, self.step, self._distributions, self._missing, self._picked, self._kind, self._layer,
            self._logarithmic, self._following, (low, high),
        )  # fmt: skip

    def restore(self, state: HistogramState) -> None:
        """Show what a histogram showed when `state` was taken."""
        self.history, self.step, self._looked_up = state.history, state.step, None
        self.show_kind(state.kind)
        self.show_row(state.layer)
        self.show_logarithmic(state.logarithmic)
        self.show_distributions(*state.distributions, state.missing, picked=state.picked)
        if not state.following:
            self._following = False
            self.view.setXRange(*state.numbers, padding=0)

    def readout(self) -> Readout:
        """Return what is drawn and written, as data: the series `now` and `first`, and the words of the `summary`."""
        return Readout(
            title=self._title.text,
            notice=self._notice.text,
            key=self._key.entries,
            axes={"left": str(self._densities.labelText), "bottom": str(self._numbers.labelText)},
            series=(*steps_of("now", self._filled), *steps_of("first", self._outline)),
            labels={"summary": self.summary} if self.summary else {},
        )

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._summary.set_colour(style.foreground)
        for axis in (self._densities, self._numbers):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        fill = pg.mkColor(style.series[0])
        fill.setAlpha(FILL_ALPHA)
        self._filled.setBrush(fill)
        self._filled.setPen(pg.mkPen(style.series[0]))
        self._outline.setPen(pg.mkPen(style.series[1]))
        self._zero_line.setPen(pg.mkPen(style.grid))
        self._notice.apply_style(style)
        self._describe()

    def _build(self) -> None:
        self._title, self._summary, self._key = Words(size_pt=10.5), Words(lines=2), Key()
        self.view = pg.ViewBox(enableMenu=False)
        self.view.disableAutoRange()
        self.view.setMouseEnabled(x=True, y=False)
        self._densities, self._numbers = DecadeAxis("left"), DecadeAxis("bottom")
        self._densities.set_logarithmic(False)
        self._densities.setLabel("density (highest = 1)")
        plot = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self._numbers, "left": self._densities})
        plot.hideButtons()
        # at the right for the half of the last number that stands beyond the axis
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, plot, self._summary, self._key)):
            self.addItem(part, row=row, col=0)
        self._zero_line = pg.InfiniteLine(0.0, 90, movable=False)
        # the line above the filling, or it would be lost where little has changed
        self._filled, self._outline = pg.PlotCurveItem(), pg.PlotCurveItem()
        for item in (self._zero_line, self._filled, self._outline):
            self.view.addItem(item, ignoreBounds=True)
        self._notice = Notice(self.view)
        self.view.sigRangeChangedManually.connect(self._zoomed)
        self.scene().sigMouseMoved.connect(self._hover)

    def _draw(self, *, anew: bool = False) -> None:
        """Draw what is to be seen; `anew` where it is of something else than what the axis has held so far."""
        now, first = self._distributions
        if anew:
            self._held, self._following = None, True
        self.now = self._take(now)
        self.first = self._take(first) if now is not first else None
        self._notice.say(self._what_is_missing())
        self._make_room()
        spreads = [spread for spread in (self.now, self.first) if spread is not None and spread.span is not None]
        densities = [spread.density(self._unit) for spread in spreads]
        highest = max((float(density.max()) for density in densities), default=1.0)
        parts = [density / highest for density in densities]
        floor = self._fit_heights(parts)
        for item, spread in ((self._filled, self.now), (self._outline, self.first)):
            found = spread in spreads
            item.setVisible(found)
            if found:
                part = parts[spreads.index(spread)]  # type: ignore[arg-type]
                self._trace(item, spread.edges, part, floor)  # type: ignore[union-attr]
        self._filled.setFillLevel(floor)
        self._describe()

    def _take(self, distributions: Distributions | None) -> LayerSpread | None:
        if distributions is None or not 1 <= self._layer <= len(distributions.by_kind[self._kind].counts):
            return None
        return LayerSpread.of(distributions, self._kind, self._layer)

    def _what_is_missing(self) -> str:
        if self.now is None:
            return self._missing
        if self.now.span is not None:
            return ""
        if not self.now.total:
            return "This layer has none."
        if self.now.zeros == self.now.total:
            return "All of them are exactly zero, which has no place on a logarithmic axis."
        return "None of them has a place on the axis." if not self.now.counts.sum() else "No axis can hold them."

    def _make_room(self) -> None:
        """Let the axis hold all numbers. It moves in leaps, and outward only, while the same network trains."""
        spans = [spread.span for spread in (self.now, self.first) if spread is not None]
        found = united(self._held, *spans)
        logarithmic = self.now is not None and self.now.kind.scale == "log10"
        self._numbers.set_logarithmic(logarithmic)
        self._zero_line.setVisible(not logarithmic)
        before, self._unit = self._unit, 1.0
        if found is None:
            self._numbers.setStyle(showValues=False)
            return
        self._held = found
        low, high = decades_around(found) if logarithmic else ends_around(found)
        if not logarithmic:
            self._unit = unit_of(max(abs(low), abs(high)))
            low, high = low / self._unit, high / self._unit
        self._numbers.setStyle(showValues=True)
        self._following |= self._unit != before
        shown = (low, high) if self._following else self.view.viewRange()[0]
        self.view.setLimits(xMin=low, xMax=high, minXRange=SMALLEST_ZOOM * (high - low))
        self.view.setXRange(*shown, padding=0)

    def _fit_heights(self, parts: list[Floats]) -> float:
        """Fit the vertical axis to densities that are `parts` of the highest; return the lower end of it."""
        if not self._logarithmic:
            self.view.setYRange(0.0, HEADROOM, padding=0)
            return 0.0
        lowest = min((float(part[part > 0].min()) for part in parts), default=0.1)
        # a little below the rarest, or it would have no height at all
        floor = float(math.floor(math.log10(lowest) - LEAST_DECADES))
        self.view.setYRange(floor, -floor * (HEADROOM - 1), padding=0)
        return floor

    def _trace(self, item: Any, edges: Floats, part: Floats, floor: float) -> None:
        if self._logarithmic:
            part = np.log10(part, out=np.full(len(part), floor), where=part > 0)
        item.setData(edges / self._unit, part, stepMode="center")

    def _zoomed(self) -> None:
        self._following = False

    def _describe(self) -> None:
        now, first, style = self.now, self.first, self.style_in_use
        self._summary.say(self.summary)
        self.setAccessibleDescription(self.summary)
        if now is None:
            self._title.say("")
            self._key.show_entries([], style.foreground)
            return
        self._title.say(f"{now.kind.label} of layer {now.layer:,} {measured_at(now.step, self._picked)}")
        unit = f" (in units of {power_of_ten(math.log10(self._unit))})" if self._unit != 1 else ""
        relabel(self._numbers, now.kind.unit + unit)
        entries = [("■", style.series[0], f"step {now.step:,}")]
        if first is not None:
            entries.append(("—", style.series[1], f"step {first.step:,}, as it began"))
        self._key.show_entries(entries, style.foreground)

    def _hover(self, position: QPointF) -> None:
        inside = self.view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(self.view.mapSceneToView(position).x()) if inside else "")

    def _words_at(self, x: float) -> str:
        now = self.now
        if now is None or now.span is None:
            return ""
        place = int(np.searchsorted(now.edges, x * self._unit, side="right")) - 1
        if not 0 <= place < len(now.counts):
            return ""
        low, high = (_spoken(now.kind, float(now.edges[edge])) for edge in (place, place + 1))
        count = int(now.counts[place])
        what = in_sentence(now.kind.label)
        share = share_in_words(count / now.total)
        return f"layer {now.layer} · step {now.step} · {count:,} of {now.total:,} {what} ({share}) from {low} to {high}"


def none_up_to(step: int | None) -> str:
    """Say that there are no distributions up to `step`; None: at all."""
    return NONE_YET if step is None else f"No distributions of this run were measured up to step {step:,}."


def _spoken(kind: Kind, value: float) -> str:
    return scientific(value) if kind.scale == "log10" else f"{value:.3g}"
