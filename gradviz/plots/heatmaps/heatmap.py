"""The heatmap: one quantity of every layer at every step, as it grows."""

from __future__ import annotations

from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt

from gradviz.plots.heatmaps import skipped_marks
from gradviz.plots.heatmaps.heatmap_words import lost_signal_at, step_label, words_at
from gradviz.plots.heatmaps.picture import Grid, Picture
from gradviz.plots.heatmaps.skipped_marks import SkippedMarks
from gradviz.plots.parts.axes import WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.colour_bar import ColourBar
from gradviz.plots.parts.colours import EXACTLY_ZERO, NOT_FINITE, NOT_MEASURED, lookup_table
from gradviz.plots.parts.float_floors import floors
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.layer_axis import LayerAxis
from gradviz.plots.parts.limits import Span, limits_around, room_for
from gradviz.plots.parts.notice import NO_RUN, NO_STEP_YET, Notice
from gradviz.plots.parts.picking import DivergedLine, PickingViewBox, StepCursor
from gradviz.plots.parts.plot_widgets import StepPlot, shown_quantity
from gradviz.plots.parts.readout import with_unit
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History
from gradviz.recording.source import Summary

ZOOM_IN = "; zoom in to see every one"
SMALLEST_ZOOM = 4


class HeatmapPlot(StepPlot):
    """Layer x step. `refresh` pulls; `hovered` says in words what is under the mouse; `step_picked` is the step.

    The step axis follows the run until the person zooms in; `show_all` lets it follow again.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.absence = NO_RUN
        self._name: str | None = None
        self._summary: Summary = "largest"
        self._style = LIGHT
        self._fixed_limits: Span | None = None
        self._limits: Span = (-1.0, 0.0)
        self._ends: tuple[float, ...] = ()
        self._following = True
        self._room = (0, 0)
        self._picture: Picture | None = None
        self._frames = 0
        self._build()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.apply_style(LIGHT)
        self.show_all()

    @property
    def limits(self) -> Span:
        """Ends of the colour scale: exponents of ten for a logarithmic quantity."""
        return self._limits

    @property
    def following(self) -> bool:
        """Whether the step axis grows with the run."""
        return self._following

    def show_history(self, history: History | None) -> None:
        """Draw another run, from its beginning."""
        self.history = history
        self._picture = None
        self._picked = None
        self._cursor.show(None)
        self._layer_axis.show_names(history.started.row_names if history is not None else ())
        self.show_all()
        self._show_quantity()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`, now and for runs to come."""
        self._name = name
        self._fixed_limits = None
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

    def set_auto_limits(self) -> None:
        """Let the colour scale hold everything measured so far."""
        self._fixed_limits = None
        self.refresh()

    def set_first_layer_at(self, place: Literal["bottom", "top"]) -> None:
        """Put layer 1, the one next to the input, at the bottom or at the top."""
        self._view.invertY(place == "top")

    def show_all(self) -> None:
        """Show all layers and steps, and follow the run again."""
        self._following = True
        self._room = (0, 0)
        self._make_room()
        self._view.setYRange(0.5, self._layers() + 0.5, padding=0)
        self.refresh()

    def pick_step(self, step: int | None) -> None:
        """Mark `step`; None marks nothing and stands for the latest."""
        self._picked = step
        self._cursor.show(step)
        self._show_title()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self._notice.say(self._what_is_missing())
        self._skipped.show(self.history.skipped_steps() if self.history is not None else skipped_marks.NONE)
        if self.history is None:
            self._image.setVisible(False)
            return
        self._make_room()
        self._update_limits()
        diverged = self.history.diverged
        self._diverged.show(diverged.step if diverged else None)
        self._draw()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        for axis in (self._steps, self._layer_axis):
            style_axis(axis, style)
        self._view.setBorder(style.grid)
        for part in (self._bar, self._cursor, self._diverged, self._skipped, self._notice):
            part.apply_style(style)
        self._show_title()
        self._image.setLookupTable(lookup_table(self._quantity(), style))

    def _build(self) -> None:
        self._title = Words(size_pt=10.5)
        self._view = PickingViewBox()
        self._steps = WholeNumberAxis("bottom")
        self._steps.setLabel("step")
        self._layer_axis = LayerAxis("left")
        self._plot = pg.PlotItem(viewBox=self._view, axisItems={"bottom": self._steps, "left": self._layer_axis})
        self._plot.hideButtons()
        self._bar = ColourBar()
        self._key = Key()
        self.ci.setContentsMargins(4, 6, 4, 4)
        self.ci.layout.setSpacing(2)
        self._bar.stand_beside(self._plot)
        self.addItem(self._title, row=0, col=0)
        self.addItem(self._plot, row=1, col=0)
        self.addItem(self._key, row=2, col=0)
        self._image = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self._plot.addItem(self._image)
        self._cursor = StepCursor(self._plot)
        self._diverged = DivergedLine(self._plot)
        self._skipped = SkippedMarks(self._plot, self._view)
        self._notice = Notice(self._view)
        self._view.picked.connect(self._pick_at)
        self._view.sigRangeChangedManually.connect(self._zoomed)
        self._view.sigRangeChanged.connect(self._draw)
        self._view.sigResized.connect(self._draw)
        self.scene().sigMouseMoved.connect(self._hover)

    def _quantity(self) -> Quantity | None:
        return shown_quantity(self.history, self._name)

    def _layers(self) -> int:
        return len(self.history.started.rows) if self.history is not None else 1

    def _what_is_missing(self) -> str:
        if self.history is None:
            return self.absence
        if self._quantity() is None:
            return "This run did not measure that; choose another quantity."
        return "" if self.history.frames else NO_STEP_YET

    def _show_quantity(self) -> None:
        quantity = self._quantity()
        self._picture = None
        self._bar.show_quantity(quantity)
        self._image.setLookupTable(lookup_table(quantity, self._style))
        self._show_title()
        self.refresh()

    def _show_title(self) -> None:
        quantity = self._quantity()
        self._title.say(self._title_words(quantity))
        self._title.set_colour(self._style.foreground)
        self._key.show_entries(self._key_entries(), self._style.foreground)

    def _title_words(self, quantity: Quantity | None) -> str:
        if quantity is None or self.history is None or not self.history.frames:
            return ""
        words = f"{with_unit(quantity)} · up to step {max(self._frames, 1) - 1}"
        return words if self._picked is None else f"{words}, {self._picked} picked"

    def _key_entries(self) -> list[tuple[str, str, str]]:
        """Explain the colours that are in the picture and not on the scale."""
        meanings = {
            EXACTLY_ZERO: (self._style.zero_colour, "exactly zero"),
            NOT_FINITE: (self._style.nan_colour, "not a number or infinite"),
            NOT_MEASURED: (self._style.not_measured_colour, "not measured"),
        }
        present = self._picture.present(*meanings) if self._picture is not None else ()
        entries = [("■", *meanings[index]) for index in present]
        history, quantity = self.history, self._quantity()
        if history is None or quantity is None:
            return entries
        if self._bar.floors_shown:
            ends = " and ".join(floors(history.started.double))
            entries.append(("- -", self._style.muted, f"on the scale: {ends}"))
        if self._skipped.steps.size:
            entries.append((skipped_marks.MARK, self._style.nan_colour, skipped_marks.WORDS))
        if words := lost_signal_at(history, quantity, history.frames - 1 if self._picked is None else self._picked):
            entries.append(("!", self._style.zero_colour, words))
        return entries

    def _make_room(self) -> None:
        """Let the axes end where the run does, give or take; move the view there unless the person zoomed in."""
        history, layers = self.history, self._layers()
        room = room_for(history.frames, history.started.planned_steps) if history is not None else room_for(0)
        if (room, layers) == self._room:
            return
        self._room = (room, layers)
        self._view.setLimits(
            xMin=-0.5, xMax=room - 0.5, yMin=0.5, yMax=layers + 0.5,
            minXRange=SMALLEST_ZOOM, minYRange=min(SMALLEST_ZOOM, layers),
        )  # fmt: skip
        if self._following:
            self._view.setXRange(-0.5, room - 0.5, padding=0)

    def _zoomed(self) -> None:
        low, high = self._view.viewRange()[0]
        # zoomed out as far as it goes is as good as not zoomed
        self._following = high - low >= self._room[0] * 0.999

    def _update_limits(self) -> None:
        quantity = self._quantity()
        if self.history is None or quantity is None:
            return
        limits = self._fixed_limits or limits_around(self.history.span(quantity.name), quantity)
        double = self.history.started.double
        ends = tuple(floors(double).values()) if quantity.scale == "log10" else ()
        if (limits, ends) != (self._limits, self._ends):
            self._limits, self._ends = limits, ends
            self._bar.show_limits(limits, ends=ends)

    def _draw(self) -> None:
        history, quantity = self.history, self._quantity()
        if history is None or quantity is None or not history.frames:
            self._image.setVisible(False)
            return
        self._label_layers()
        low, high = self._view.viewRange()[0]
        pixels = round(self._view.width() * self.devicePixelRatioF())
        every = history.started.scheduled_every if quantity.scheduled else 1
        grid = Grid.covering(low, high, pixels, history.frames, every, self._summary)
        picture = self._picture
        if picture is None or (picture.grid, picture.limits) != (grid, self._limits):
            picture = self._picture = Picture(history, quantity, grid, self._limits)
            relabel(self._steps, step_label(quantity, grid))
        if picture.update():
            self._frames = history.frames
            self._image.setImage(picture.indices, autoLevels=False, levels=None)
            left, width = grid.first * grid.stride - 0.5, grid.columns * grid.stride
            self._image.setRect(QRectF(left, 0.5, width, len(history.started.rows)))
            self._image.setVisible(True)
            self._show_title()

    def _label_layers(self) -> None:
        """Say so where there are more layers than pixels: what is painted then is a sample of them."""
        low, high = self._view.viewRange()[1]
        crowded = high - low > self._view.height() * self.devicePixelRatioF()
        label = self._layer_axis.title_with(ZOOM_IN if crowded else "")
        if label != self._layer_axis.labelText:
            relabel(self._layer_axis, label)

    def _pick_at(self, x: float) -> None:
        self._pick_near(x, self._view.viewPixelSize()[0])

    def _hover(self, position: QPointF) -> None:
        self.hovered.emit(self._words_at(position) if self._view.sceneBoundingRect().contains(position) else "")

    def _words_at(self, position: QPointF) -> str:
        history, quantity, picture = self.history, self._quantity(), self._picture
        point = self._view.mapSceneToView(position)
        step, layer = round(point.x()), round(point.y())
        if history is None or quantity is None or picture is None:
            return ""
        if not (0 <= step < history.frames and 1 <= layer <= len(history.started.rows)):
            return ""
        return words_at(history, quantity, picture.grid, step, layer)


def stand_in(plot: HeatmapPlot) -> HeatmapPlot:
    """Return a plot off the screen in the state of `plot`."""
    other = HeatmapPlot()
    other.resize(plot.size())
    other.apply_style(plot._style)
    other._view.invertY(plot._view.yInverted())
    other._name, other._summary, other._fixed_limits = plot._name, plot._summary, plot._fixed_limits
    other.show_history(plot.history)
    other._following = plot.following
    columns, rows = plot._view.viewRange()
    other._view.setRange(xRange=columns, yRange=rows, padding=0)
    return other
