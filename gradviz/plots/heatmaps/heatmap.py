"""The heatmap: one quantity of every layer at every step, as it grows; several runs side by side over one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from PySide6.QtCore import QPointF, Qt

from gradviz.plots.heatmaps.heatmap_pane import HeatmapPane
from gradviz.plots.heatmaps.heatmap_words import legend
from gradviz.plots.heatmaps.standstill import standstill
from gradviz.plots.heatmaps.typical_span import typical_span
from gradviz.plots.parts.colour_bar import ColourBar
from gradviz.plots.parts.drawn import Readout, given_lines
from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, limits_around, room_for, shared_limits, united
from gradviz.plots.parts.notice import NO_STEP_YET
from gradviz.plots.parts.plot_widgets import RunsPlot
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.shown_run import ShownRun, equally_deep, shown_quantity
from gradviz.recording.frame import Quantity
from gradviz.recording.source import Summary

FirstLayerAt = Literal["bottom", "top"]
# one for all runs, or what holds these
ScaleOf = Literal["all", "these"]

NOT_IN_RUN = "This run did not measure that; choose another quantity."
# of the scale beside several panes
SCALE_PX = 96


@dataclass(frozen=True, slots=True, eq=False)
class HeatmapState:
    """What a heatmap shows, and which part of it: `steps` and `shares` of the depth, unless it is `following`."""

    runs: tuple[ShownRun, ...]
    quantity: str | None
    summary: Summary
    limits: Span | None
    scale_of: ScaleOf
    first_layer_at: FirstLayerAt
    step: int | None
    following: bool
    steps: Span
    shares: Span


class HeatmapPlot(RunsPlot):
    """Layer x step, a pane for each run. `refresh` pulls; `hovered` says in words what is under the mouse.

    The step axis follows the runs until the person zooms in; `show_all` lets it follow again. Panes zoom, move and pick
    together; runs of different depth show the same share of their layers, and a shorter run leaves its pane empty where
    it has no steps.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.panes: list[HeatmapPane] = []
        self._name: str | None = None
        self._summary: Summary = "largest"
        self._first_layer_at: FirstLayerAt = "bottom"
        self._fixed_limits: Span | None = None
        self._scale_of: ScaleOf = "all"
        self._limits: Span = (-1.0, 0.0)
        self._scale: object = None
        self._fitted: Span = (-1.0, 0.0)
        self._fitted_to: object = None
        self._room: tuple[int, tuple[int, ...]] = (0, ())
        self._following = True
        self._linking = False
        self._bar = ColourBar()
        self._key = Key()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.ci.layout.setSpacing(2)
        self.scene().sigMouseMoved.connect(self._hover)
        self._lay_out(1)
        self.apply_style(LIGHT)
        self.show_all()

    @property
    def limits(self) -> Span:
        """Ends of the colour scale: exponents of ten for a logarithmic quantity."""
        return self._limits

    @property
    def following(self) -> bool:
        """Whether the step axis grows with the runs."""
        return self._following

    @property
    def quantity(self) -> Quantity | None:
        """What is drawn; None where no run measured what was chosen."""
        return shown_quantity(self.runs, self._name)

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Draw other runs, from their beginning."""
        self.runs, self.step = tuple(runs), None
        if len(self.panes) != max(len(runs), 1):
            self._lay_out(max(len(runs), 1))
        for number, pane in enumerate(self.panes):
            pane.show_run(runs[number] if runs else None)
            pane.label_layers(number == 0 or not equally_deep(runs))
        self.show_all()
        self._show_quantity()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`, now and for runs to come."""
        self._name, self._fixed_limits = name, None
        self._show_quantity()

    def show_summary(self, summary: Summary) -> None:
        """Choose what a column shows that stands for several steps."""
        self._summary = summary
        self.refresh()

    def set_limits(self, low: float, high: float) -> None:
        """Fix the ends of the colour scale. Raises ValueError unless `low` is below `high`."""
        if not low < high:
            raise ValueError(f"the colour scale cannot reach from {low} to {high}")
        self._fixed_limits = (low, high)
        self.refresh()

    def set_scale_of(self, which: ScaleOf) -> None:
        """Let the colour scale be the same for all runs, or hold what was measured of these but for outliers.

        A quantity without a scale that is the same for all runs always gets one for these.
        """
        self._fixed_limits, self._scale_of = None, which
        self.refresh()

    def set_first_layer_at(self, place: FirstLayerAt) -> None:
        """Put layer 1, the one next to the input, at the bottom or at the top."""
        self._first_layer_at = place
        for pane in self.panes:
            pane.view.invertY(place == "top")

    def show_all(self) -> None:
        """Show all layers and steps, and follow the runs again."""
        self._following, self._room = True, (0, ())
        self._make_room()
        for pane in self.panes:
            pane.view.setYRange(0.5, pane.depth + 0.5, padding=0)
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Mark `step` in every pane; None marks nothing and stands for the latest."""
        self.step = step
        for pane in self.panes:
            pane.mark(step)
        self._update_limits()
        self._describe()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        for pane in self.panes:
            pane.notice.say(self._what_is_missing(pane))
            pane.mark(self.step)
        self._make_room()
        self._update_limits()
        self._draw()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._bar.apply_style(style)
        self._colour_panes()
        self._describe()

    def state(self) -> HeatmapState:
        """Return what is shown, and which part of it."""
        first = self.panes[0]
        return HeatmapState(
            self.runs, self._name, self._summary, self._fixed_limits, self._scale_of, self._first_layer_at, self.step,
            self._following, first.steps_in_view, first.shares_in_view,
        )  # fmt: skip

    def restore(self, state: HeatmapState) -> None:
        """Show what a heatmap showed when `state` was taken."""
        self._name, self._summary, self._fixed_limits = state.quantity, state.summary, state.limits
        self._scale_of = state.scale_of
        self.set_first_layer_at(state.first_layer_at)
        self.show_runs(state.runs)
        self.show_step(state.step)
        self._following = state.following
        self.panes[0].show_part(state.steps, state.shares)

    def readout(self) -> Readout:
        """Return title, marks and labels of the first pane, and the legend; the pictures are those of `panes`."""
        pane, scale = self.panes[0].readout(), str(self._bar.getAxis("right").labelText)
        shown = tuple(self._bar.floors_shown)
        lines = dict(pane.lines) | ({"floors": shown} if shown else {}) | given_lines(standstill=self._bar.standstill)
        return replace(pane, key=self._key.entries, axes={**pane.axes, "right": scale}, lines=lines)

    @property
    def scale_view(self) -> Any:
        """The view of the colour scale, whose y axis is that of the values."""
        return self._bar.getViewBox()

    def _lay_out(self, panes: int) -> None:
        """Make so many panes: with one the scale stands beside its picture, with several in a column of its own."""
        alone = panes == 1
        if self.panes:
            self._bar.leave()
            self.ci.clear()
        self.panes = [HeatmapPane(alone=alone) for _ in range(panes)]
        for column, pane in enumerate(self.panes):
            self.addItem(pane.title, row=0, col=column)
            self.addItem(pane.plot, row=1, col=column)
            self.ci.layout.setColumnStretchFactor(column, 1)
            pane.view.invertY(self._first_layer_at == "top")
            pane.view.picked.connect(self._pick_at)
            pane.view.sigRangeChangedManually.connect(self._zoomed)
            pane.view.sigRangeChanged.connect(self._follow)
            pane.view.sigResized.connect(self._draw)
        self.ci.setContentsMargins(4, 6, 4 if alone else 8, 4)
        if alone:
            self._bar.stand_beside(self.panes[0].plot)
        else:
            self.addItem(self._bar, row=1, col=panes)
            self.ci.layout.setColumnFixedWidth(panes, SCALE_PX)
            self.ci.layout.setColumnStretchFactor(panes, 0)
        self.addItem(self._key, row=2, col=0, colspan=panes + (not alone))
        # without plots there was only the height of a line, and nothing grows back by itself
        self.ci.layout.activate()
        self.ci.setGeometry(self.range)
        self._colour_panes()

    def _quantity_in(self, pane: HeatmapPane) -> Quantity | None:
        """Return what is drawn, as the run of `pane` measured it."""
        quantity = self.quantity
        return pane.run.quantity(quantity.name) if quantity is not None and pane.run is not None else None

    def _what_is_missing(self, pane: HeatmapPane) -> str:
        if pane.run is None:
            return self.absence
        if self._quantity_in(pane) is None:
            return NOT_IN_RUN
        return "" if pane.run.history.frames else NO_STEP_YET

    def _show_quantity(self) -> None:
        for pane in self.panes:
            pane.picture = None
        self._bar.show_quantity(self.quantity)
        self._colour_panes()
        self._describe()
        self.refresh()

    def _colour_panes(self) -> None:
        for pane in self.panes:
            pane.apply_style(self.style_in_use, self.quantity)

    def _make_room(self) -> None:
        """Let the axes end with the longest run, give or take; move the view there unless the person zoomed in."""
        lengths = [(run.history.frames, run.history.started.planned_steps) for run in self.runs] or [(0, 0)]
        room = max(room_for(frames, planned) for frames, planned in lengths)
        depths = tuple(pane.depth for pane in self.panes)
        if (room, depths) == self._room:
            return
        self._room = (room, depths)
        for pane in self.panes:
            pane.make_room(room)
        if self._following:
            self.panes[0].view.setXRange(-0.5, room - 0.5, padding=0)

    def _update_limits(self) -> None:
        quantity = self.quantity
        if quantity is None:
            return
        limits = self._fixed_limits or self._common_limits(quantity) or self._limits_of_these(quantity)
        ends = tuple(self._floors().values()) if quantity.scale == "log10" else ()
        still = standstill(self.history, quantity, self.runs[0].step_for(self.step)) if self.history else None
        if (limits, ends, still, quantity) != self._scale:
            self._scale, self._limits = (limits, ends, still, quantity), limits
            self._bar.show_limits(limits, ends=ends, open_ended=quantity.bounds is None)
            self._bar.mark_standstill(still, limits)

    def _common_limits(self, quantity: Quantity) -> Span | None:
        return shared_limits(quantity) if self._scale_of == "all" else None

    def _limits_of_these(self, quantity: Quantity) -> Span:
        measured = [run.history for run in self.runs if run.quantity(quantity.name) is not None]
        frames = (quantity, tuple((history, history.frames) for history in measured))
        if frames != self._fitted_to:
            span = united(*(typical_span(history, quantity) for history in measured))
            self._fitted_to, self._fitted = frames, limits_around(span, quantity)
        return self._fitted

    def _floors(self) -> dict[str, float]:
        return floors(double=any(run.history.started.double for run in self.runs))

    def _draw(self) -> None:
        changed = False
        for pane in self.panes:
            changed |= pane.draw(self._quantity_in(pane), self._limits, self._summary, self.devicePixelRatioF())
        if len(self.panes) > 1:
            # the scale is as high as the pictures beside it
            self._bar.layout.setRowFixedHeight(3, self.panes[0].steps.height())
        if changed:
            self._describe()

    def _describe(self) -> None:
        quantity = self.quantity
        for pane in self.panes:
            pane.entitle(quantity, self.step)
        pictures = [pane.picture for pane in self.panes if pane.picture is not None]
        floors_shown = self._floors() if self._bar.floors_shown else ()
        still = self._bar.standstill
        entries = legend(self.runs, quantity, self.step, pictures, floors_shown, still, self.style_in_use)
        self._key.show_entries(entries, self.style_in_use.foreground)

    def _follow(self, view: Any, *_: object) -> None:
        """Let every other pane show the part that the one with `view` shows."""
        leader = next((pane for pane in self.panes if pane.view is view), None)
        if self._linking or leader is None:
            return
        self._linking = True
        try:
            for pane in self.panes:
                if pane is not leader:
                    pane.show_part(leader.steps_in_view, leader.shares_in_view)
        finally:
            self._linking = False
        self._draw()

    def _zoomed(self) -> None:
        low, high = self.panes[0].steps_in_view
        # zoomed out as far as it goes is as good as not zoomed
        self._following = high - low >= self._room[0] * 0.999

    def _pick_at(self, x: float) -> None:
        self._pick_near(x, self.panes[0].view.viewPixelSize()[0])

    def _hover(self, position: QPointF) -> None:
        for pane in self.panes:
            if pane.view.sceneBoundingRect().contains(position):
                place = pane.view.mapSceneToView(position)
                self.hovered.emit(pane.words_at(place, self._quantity_in(pane)))
                return
        self.hovered.emit("")
