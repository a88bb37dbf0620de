"""An activation by itself: phi above, its derivative below, and behind that the inputs that the network feeds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QKeyEvent

from gradviz.experiment import in_words
from gradviz.plots.activation_words import inputs_in_words, inputs_of, key_entries, reading_at
from gradviz.plots.distribution import DistributionItem, Divided, divide
from gradviz.plots.parts.axes import style_axis
from gradviz.plots.parts.cursor_keys import place_by_key
from gradviz.plots.parts.drawn import Readout, given_lines, line_of, marks_of
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.notice import Notice
from gradviz.plots.parts.picking import ABOVE_ALL, PickingViewBox
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.plots.supremum_mark import SupremumMark
from gradviz.recording.activations import ActivationCurve, Floats
from gradviz.recording.history import History

NO_CURVE = "The curves of the activation come in a moment."
LEFT_PX = 46
SMALLEST_ZOOM = 0.5
# half-widths of the range shown: the first one, or the first that holds almost all inputs
REACHES = (6.0, 8.0, 10.0, 15.0, 20.0, 30.0)
ALMOST_ALL = 0.99
# the derivative's axis always holds 0 and 1, so that a ceiling of a quarter looks like a quarter
LEAST_CEILING, LEAST_FLOOR = 1.0, -0.16
HEADROOM = 1.6
# height of the densest bin as a share of the axis
DENSEST = 0.65
FIRST_CURSOR = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ActivationState:
    """What an activation plot shows, and, unless it is `following`, which range of x."""

    curve: ActivationCurve | None
    history: History | None
    step: int | None
    row: int
    counted: tuple[Floats, Floats, str] | None
    cursor: float
    following: bool
    x: Span


class ActivationPlot(HoverPlot):
    """phi and phi' over x with one cursor through both, the supremum of |phi'| marked, and the inputs behind.

    Click or drag to move the cursor, or press Left and Right (with Shift finer, Page Up and Page Down farther, Home and
    End to the ends of the range); the wheel zooms. Values are read at the places of the curve, every one as computed.
    """

    cursor_moved = Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self.step: int | None = None
        self.row = 1
        self._looked_up: object = None
        self.curve: ActivationCurve | None = None
        self._counted: tuple[Floats, Floats, str] | None = None
        self._divided: Divided | None = None
        self._cursor = FIRST_CURSOR
        self._reach = REACHES[0]
        self._following = True
        self._build()
        self.setAccessibleName("Activation and its derivative")
        self.apply_style(LIGHT)
        self.show_curve(None)

    @property
    def cursor_x(self) -> float:
        """Where the cursor stands."""
        return self._cursor

    @property
    def reading(self) -> str:
        """What is read at the cursor, in words; empty without a curve."""
        return reading_at(self.curve, self._cursor)

    def show_curve(self, curve: ActivationCurve | None) -> None:
        """Draw another activation; None for none."""
        self.curve = curve
        self._notice.say("" if curve is not None else NO_CURVE)
        for item, values in ((self._phi, "phi"), (self._slope, "derivative")):
            item.setData(*((curve.x, getattr(curve, values)) if curve is not None else ([], [])))
        for part in (*self._cursors, *self._marks):
            part.setVisible(curve is not None)
        self._reach = REACHES[0]
        self._divide()
        self._make_room()
        self.move_cursor(self._cursor)
        self._describe()

    def show_history(self, history: History | None) -> None:
        """Draw the pre-activations of another run behind phi', the latest ones of it; None says that there are none."""
        self.history, self.step, self._looked_up = history, None, None
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Draw the pre-activations of `step` or, before it, the last ones measured; None follows the latest."""
        self.step = step
        self.refresh()

    def show_row(self, row: int) -> None:
        """Draw the pre-activations of the layer of that number, from 1 on."""
        self.row = row
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        found = self.history.distributions_at_or_latest(self.step) if self.history is not None else None
        if self._looked_up != (found, self.row, self.step):
            self._looked_up = found, self.row, self.step
            self.show_distribution(*inputs_of(found, self.row, self.step))

    def show_distribution(self, edges: Floats | None, counts: Floats | None = None, label: str = "") -> None:
        """Draw behind phi' how often each input occurs; None hides it.

        `counts` [bins] between `edges` [bins + 1], of which the outer two may be infinite; `label` says in the middle
        of a sentence whose inputs: "pre-activations of layer 12 at step 300".
        """
        self._counted = (edges, counts, label) if edges is not None and counts is not None else None
        self._divide()
        self._make_room()
        self._describe()

    def move_cursor(self, x: float) -> None:
        """Put the cursor at the place of the curve next to `x`."""
        if self.curve is not None:
            index = self.curve.nearest(x)
            x = float(self.curve.x[index])
            for mark, values in zip(self._marks, (self.curve.phi, self.curve.derivative), strict=True):
                mark.setData([x], [values[index]])
        moved, self._cursor = x != self._cursor, x
        for line in self._cursors:
            line.setValue(x)
        self._reading_line.say(self.reading)
        self.setAccessibleDescription(self.reading)
        if moved:
            self.cursor_moved.emit(x)

    def show_all(self) -> None:
        """Show the ordinary range of x again, as wide as the inputs ask for."""
        self._following = True
        self._reach = REACHES[0]
        self._make_room()

    def fit_all_steps(self) -> None:
        """Let the axes hold every step; they do so anyway."""

    def state(self) -> ActivationState:
        """Return what is shown, and which part of it."""
        low, high = self.views[0].viewRange()[0]
        return ActivationState(
            self.curve, self.history, self.step, self.row, self._counted, self._cursor, self._following, (low, high)
        )

    def restore(self, state: ActivationState) -> None:
        """Show what a plot showed when `state` was taken."""
        self.history, self.step, self.row, self._looked_up = state.history, state.step, state.row, None
        self.show_curve(state.curve)
        self.show_distribution(*(state.counted or (None,)))
        self.move_cursor(state.cursor)
        if not state.following:
            self._following = False
            self.views[0].setXRange(*state.x, padding=0)

    def readout(self) -> Readout:
        """Return what is drawn and written, as data: `phi`, `derivative`, their marks, `supremum`, and the inputs."""
        series = [*line_of("phi", self._phi), *line_of("derivative", self._slope), *self._distribution.series()]
        for name, mark in zip(("phi cursor", "derivative cursor"), self._marks, strict=True):
            series += marks_of(name, mark)
        labels = {"supremum": self.supremum.words, "inputs": self._inputs.text, "cursor": self._reading_line.text}
        cursor = self._cursor if self._cursors[0].isVisible() else None
        return Readout(
            title=self._title.text,
            notice=self._notice.text,
            key=self._key.entries,
            series=(*series, *self.supremum.series()),
            lines=given_lines(cursor=cursor, supremum=self.supremum.value),
            labels={name: words for name, words in labels.items() if words},
        )

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._reading_line.set_colour(style.foreground)
        self._inputs.set_colour(style.foreground)
        for axis in self._axes:
            style_axis(axis, style)
        for view in self.views:
            view.setBorder(style.grid)
        for line in self._grid_lines:
            line.setPen(style.grid)
        self._phi.setPen(style.series[0], width=2)
        self._slope.setPen(style.series[1], width=2)
        for mark, colour in zip(self._marks, style.series[:2], strict=True):
            mark.setBrush(colour)
            mark.setPen(style.background)
        self.supremum.apply_style(style)
        self._distribution.apply_style(style)
        self._notice.apply_style(style)
        self._colour_cursor(focused=self.hasFocus())
        self._describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor; called by Qt."""
        place = place_by_key(event, self._cursor, self.views[1].viewRange()[0])
        if place is None:
            super().keyPressEvent(event)
        else:
            self.move_cursor(place)
            event.accept()

    def focusInEvent(self, event: Any) -> None:
        """Show that the keys move the cursor; called by Qt."""
        super().focusInEvent(event)
        self._colour_cursor(focused=True)

    def focusOutEvent(self, event: Any) -> None:
        """Show that they do not any more; called by Qt."""
        super().focusOutEvent(event)
        self._colour_cursor(focused=False)

    def _build(self) -> None:
        self._title, self._reading_line, self._key = Words(size_pt=10.5), Words(size_pt=10.5), Key()
        self._inputs = Words(lines=2)
        self._inputs_height = self._inputs.minimumHeight()
        self.views = PickingViewBox(), PickingViewBox()
        plots = _plot(self.views[0], "φ", numbered=False), _plot(self.views[1], "φ′", numbered=True)
        self._axes = [plot.getAxis(side) for plot in plots for side in ("left", "bottom")]
        self.views[1].setXLink(self.views[0])
        # at the right for the half of the last number that stands beyond the axis
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, *plots, self._reading_line, self._inputs, self._key)):
            self.addItem(part, row=row, col=0)
        for row, height in ((1, 700), (2, 1000)):
            self.ci.layout.setRowPreferredHeight(row, height)
        self._grid_lines = _grid_lines(*plots)
        self._distribution = DistributionItem(plots[1])
        self._phi, self._slope = (plot.plot() for plot in plots)
        for curve in (self._phi, self._slope):
            curve.setClipToView(True)
        self._build_marks(plots)
        self._notice = Notice(self.views[0])
        for view in self.views:
            view.picked.connect(self.move_cursor)
            view.sigRangeChangedManually.connect(self._zoomed)
        self.views[0].sigXRangeChanged.connect(self._range_changed)
        self.scene().sigMouseMoved.connect(self._hover)

    def _build_marks(self, plots: Any) -> None:
        self.supremum = SupremumMark(plots[1])
        self._cursors = [pg.InfiniteLine(angle=90, movable=True) for _ in plots]
        self._marks = [pg.ScatterPlotItem(symbol="o", size=8, pxMode=True) for _ in plots]
        for plot, line, mark in zip(plots, self._cursors, self._marks, strict=True):
            line.setZValue(ABOVE_ALL)
            mark.setZValue(ABOVE_ALL + 1)
            line.sigDragged.connect(lambda dragged: self.move_cursor(dragged.value()))
            plot.addItem(line, ignoreBounds=True)
            plot.addItem(mark, ignoreBounds=True)

    def _divide(self) -> None:
        self._divided = divide(self.curve, *self._counted[:2]) if self.curve and self._counted else None

    def _make_room(self) -> None:
        """Let the axes hold the derivative, and, unless someone has zoomed, almost all inputs."""
        curve, view = self.curve, self.views[1]
        if curve is None:
            self._distribution.show(None, 1.0, 0.0, 0.0)
            return
        ceiling = HEADROOM * max(curve.supremum, LEAST_CEILING)
        self._distribution.show(self._divided, DENSEST * ceiling, float(curve.x[0]), float(curve.x[-1]))
        view.setYRange(
            min(float(curve.derivative.min()) * HEADROOM, LEAST_FLOOR * ceiling / HEADROOM), ceiling, padding=0
        )
        for each in self.views:
            each.setLimits(xMin=curve.x[0], xMax=curve.x[-1], minXRange=SMALLEST_ZOOM)
        if self._divided is not None:
            # only outward, so that the picture does not flicker while a network trains
            self._reach = max(self._reach, _reach_of(self._divided))
        if self._following:
            self.views[0].setXRange(-self._reach, self._reach, padding=0)
        self._range_changed()

    def _range_changed(self) -> None:
        """Fit phi to the range of x in sight, and keep the mark of the supremum in it."""
        curve = self.curve
        if curve is None:
            return
        low, high = self.views[0].viewRange()[0]
        seen = curve.phi[curve.nearest(low) : curve.nearest(high) + 1]
        bottom, top = min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)
        margin = 0.06 * (top - bottom) or 1.0
        self.views[0].setYRange(bottom - margin, top + margin, padding=0)
        self.supremum.place(curve, (low, high))
        self._describe_inputs()

    def _zoomed(self) -> None:
        low, high = self.views[0].viewRange()[0]
        # back at the ordinary range is as good as not zoomed
        self._following = (low, high) == (-self._reach, self._reach)

    def _describe(self) -> None:
        curve, style = self.curve, self.style_in_use
        self.supremum.show(curve, style)
        if curve is None:
            for words in (self._title, self._reading_line, self._inputs):
                words.say("")
            self._key.show_entries([], style.foreground)
            return
        name = in_words(curve.name)
        self._title.say(f"{name[:1].upper()}{name[1:]} φ(x) and its derivative φ′(x)")
        inputs = self._counted[2] if self._divided is not None and self._counted is not None else ""
        entries = key_entries(curve, inputs, style)
        self._key.show_entries(entries, style.foreground)
        self._describe_inputs()

    def _describe_inputs(self) -> None:
        # no room for what there is not
        self._inputs.setFixedHeight(0 if self._counted is None else self._inputs_height)
        if self._counted is None:
            self._inputs.say("")
            return
        low, high = self.views[0].viewRange()[0]
        self._inputs.say(inputs_in_words(self._divided, self._counted[2], (low, high)))

    def _colour_cursor(self, *, focused: bool) -> None:
        # closing takes the lines away first, and the focus after them
        for line in () if self.closed else self._cursors:
            line.setPen(self.style_in_use.foreground, width=2 if focused else 1)
            line.setHoverPen(self.style_in_use.accent, width=3)

    def _hover(self, position: QPointF) -> None:
        for view in self.views:
            if view.sceneBoundingRect().contains(position):
                self.hovered.emit(reading_at(self.curve, view.mapSceneToView(position).x()))
                return
        self.hovered.emit("")


def _reach_of(inputs: Divided) -> float:
    """Return the half-width of the range that holds almost all inputs."""
    needed = max(-inputs.quantile((1 - ALMOST_ALL) / 2), inputs.quantile((1 + ALMOST_ALL) / 2))
    return next((reach for reach in REACHES if reach >= needed), REACHES[-1])


def _grid_lines(phi: Any, slope: Any) -> list[Any]:
    """Draw the axes through both plots, and a slope of 1, which passes a gradient on as it is."""
    places = [(phi, 0, 0), (phi, 0, 90), (slope, 0, 0), (slope, 0, 90), (slope, 1, 0)]
    lines = [pg.InfiniteLine(place, angle, movable=False) for _, place, angle in places]
    for (plot, _, _), line in zip(places, lines, strict=True):
        line.setZValue(-20)
        plot.addItem(line, ignoreBounds=True)
    return lines


def _plot(view: Any, label: str, *, numbered: bool) -> Any:
    plot = pg.PlotItem(viewBox=view, axisItems={side: pg.AxisItem(side) for side in ("left", "bottom")})
    plot.hideButtons()
    view.setMouseEnabled(x=True, y=False)
    left, bottom = plot.getAxis("left"), plot.getAxis("bottom")
    for axis in (left, bottom):
        axis.enableAutoSIPrefix(False)
    left.setLabel(label)
    # both plots begin at the same place
    left.setWidth(LEFT_PX)
    bottom.setStyle(showValues=numbered)
    if numbered:
        bottom.setLabel("x (pre-activation)")
    return plot
