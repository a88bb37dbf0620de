"""The heatmaps of two to four runs side by side, over one scale of colours and one part of steps and layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal

from gradviz.plots.compared import UNLIKE_DEPTHS, Compared, Look, equally_deep, quantity_of
from gradviz.plots.heatmaps.heatmap_pane import HeatmapPane
from gradviz.plots.parts.colour_bar import ColourBar
from gradviz.plots.parts.colours import EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED
from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, limits_around, room_for, united
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.recording.frame import Quantity

STEPS_BY_KEY = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
SHIFT_FACTOR = 10
SCALE_PX = 96


class HeatmapRow(HoverPlot):
    """Panes that zoom, move and pick together. `refresh` pulls; `hovered` says in words what is under the mouse.

    Runs of unlike depth show the same share of their layers. A shorter run leaves its pane empty where it has no steps.
    """

    step_picked = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.panes: list[HeatmapPane] = []
        self._name = ""
        self._style = LIGHT
        self._limits: Span = (-1.0, 0.0)
        self._shown: object = None
        self._room = 0
        self._following = True
        self._linking = False
        self._picked: int | None = None
        self._bar = ColourBar()
        self._key = Key()
        self.ci.setContentsMargins(4, 6, 8, 4)
        self.ci.layout.setSpacing(2)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.scene().sigMouseMoved.connect(self._hover)
        self.apply_style(LIGHT)

    @property
    def limits(self) -> Span:
        """Ends of the scale of colours that all panes share."""
        return self._limits

    @property
    def picked(self) -> int | None:
        """The step that is marked."""
        return self._picked

    def show_runs(self, runs: Sequence[Compared]) -> None:
        """Draw other runs, from their beginning."""
        self.ci.clear()
        self.panes = [HeatmapPane(run, Look(number)) for number, run in enumerate(runs)]
        for column, pane in enumerate(self.panes):
            self.addItem(pane.title, row=0, col=column)
            self.addItem(pane.plot, row=1, col=column)
            self.ci.layout.setColumnStretchFactor(column, 1)
            pane.label_layers(column == 0 or not equally_deep(runs))
            pane.view.sigRangeChanged.connect(partial(self._follow, pane))
            pane.view.sigRangeChangedManually.connect(self._zoomed)
            pane.view.sigResized.connect(self._draw)
            pane.view.picked.connect(self._pick_at)
        columns = len(self.panes)
        self.addItem(self._bar, row=1, col=columns)
        self.ci.layout.setColumnFixedWidth(columns, SCALE_PX)
        self.ci.layout.setColumnStretchFactor(columns, 0)
        self.addItem(self._key, row=2, col=0, colspan=columns + 1)
        # without plots there was only the height of a line to be had, and nothing grows back by itself
        self.ci.layout.activate()
        self.ci.setGeometry(self.range)
        self.pick_step(None)
        self.apply_style(self._style)
        self.show_all()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`, now and for runs to come."""
        self._name = name
        self._shown = None
        self._bar.show_quantity(self._quantity())
        for pane in self.panes:
            pane.apply_style(self._style, self._quantity())
        self.refresh()

    def show_all(self) -> None:
        """Show all layers and steps, and follow the runs again."""
        self._following = True
        self._room = 0
        self._make_room()
        for pane in self.panes[:1]:
            pane.show_part((-0.5, self._room - 0.5), (0.0, 1.0))
        self.refresh()

    def pick_step(self, step: int | None) -> None:
        """Mark `step` in every pane; None marks nothing and stands for the latest."""
        self._picked = step
        for pane in self.panes:
            pane.pick_step(step)
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self._make_room()
        self._update_limits()
        self._draw()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._bar.apply_style(style)
        for pane in self.panes:
            pane.apply_style(style, self._quantity())
        self._describe()

    def keyPressEvent(self, event: Any) -> None:
        """Move the picked step by arrow keys; ten steps with Shift."""
        direction, latest = STEPS_BY_KEY.get(event.key()), self._latest()
        if direction is None or latest < 0:
            super().keyPressEvent(event)
            return
        event.accept()
        stride = SHIFT_FACTOR if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        self._pick_at((latest if self._picked is None else self._picked) + direction * stride)

    def _quantity(self) -> Quantity | None:
        found = (quantity_of(pane.run, self._name) for pane in self.panes)
        return next((quantity for quantity in found if quantity is not None), None)

    def _latest(self) -> int:
        return max((pane.run.history.frames for pane in self.panes), default=0) - 1

    def _make_room(self) -> None:
        """Let all panes reach as far as the longest run."""
        starts = [(pane.run.history.frames, pane.run.history.started.planned_steps) for pane in self.panes]
        room = max((room_for(frames, planned) for frames, planned in starts), default=1)
        if room == self._room:
            return
        self._room = room
        for pane in self.panes:
            pane.make_room(room)
        if self._following and self.panes:
            self.panes[0].view.setXRange(-0.5, room - 0.5, padding=0)

    def _update_limits(self) -> None:
        quantity = self._quantity()
        if quantity is None:
            return
        measured = [pane.run.history for pane in self.panes if quantity_of(pane.run, self._name) is not None]
        limits = limits_around(united(*(history.span(self._name) for history in measured)), quantity)
        double = any(history.started.double for history in measured)
        ends = tuple(floors(double).values()) if quantity.scale == "log10" else ()
        if (limits, ends) != self._shown:
            self._shown, self._limits = (limits, ends), limits
            self._bar.show_limits(limits, ends=ends)

    def _draw(self) -> None:
        if not self._name:
            return
        for pane in self.panes:
            pane.draw(self._name, self._limits, self.devicePixelRatioF())
        for pane in self.panes[:1]:
            # the scale is as high as the pictures beside it
            self._bar.layout.setRowFixedHeight(3, pane.steps.height())
        self._describe()

    def _describe(self) -> None:
        style = self._style
        meanings = {
            EXACTLY_ZERO: (style.zero_colour, "exactly zero"),
            NOT_FINITE: (style.nan_colour, "not a number or infinite"),
            NOT_MEASURED: (style.not_measured_colour, "not measured"),
        }
        pictures = [pane.picture for pane in self.panes if pane.picture is not None]
        present = {index for picture in pictures for index in picture.present(*meanings)}
        entries = [("■", *meanings[index]) for index in meanings if index in present]
        entries.append(("↔", style.muted, self._how_linked()))
        self._key.show_entries(entries, style.foreground)

    def _how_linked(self) -> str:
        words = "one scale of colours for all; zoom, part and picked step go together"
        return words if equally_deep([pane.run for pane in self.panes]) else f"{words}; {UNLIKE_DEPTHS}"

    def _follow(self, leader: HeatmapPane, *_: object) -> None:
        """Let every other pane show the part that `leader` shows."""
        if self._linking:
            return
        self._linking = True
        try:
            low, high = leader.view.viewRange()[0]
            for pane in self.panes:
                if pane is not leader:
                    pane.show_part((low, high), leader.shares_shown())
        finally:
            self._linking = False
        self._draw()

    def _zoomed(self) -> None:
        low, high = self.panes[0].view.viewRange()[0]
        # zoomed out as far as it goes is as good as not zoomed
        self._following = high - low >= self._room * 0.999

    def _pick_at(self, x: float) -> None:
        if (latest := self._latest()) >= 0:
            step = min(max(round(x), 0), latest)
            self.pick_step(step)
            self.step_picked.emit(step)

    def _hover(self, position: QPointF) -> None:
        for pane in self.panes:
            if pane.view.sceneBoundingRect().contains(position):
                self.hovered.emit(pane.words_at(pane.view.mapSceneToView(position), self._name))
                return
        self.hovered.emit("")
