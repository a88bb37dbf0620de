"""An activation by itself: phi above, its derivative below, and behind that the inputs that the network feeds it."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent

from gradviz.plots.distribution import DistributionItem, Divided, divide, fill_colours, share_in_words
from gradviz.plots.parts.axes import style_axis
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.notice import Notice
from gradviz.plots.parts.picking import ABOVE_ALL, PickingViewBox
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.activations import ActivationCurve, Floats, spoken

NO_CURVE = "The curves of the activation come in a moment."
LABEL_PT = 8.5
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
# what is approached at infinity is marked this share of the range inside of its end
INSET = 0.015
STEP, FINE_STEP, PAGE_STEP = 0.1, 0.01, 1.0


class ActivationPlot(HoverPlot):
    """phi and phi' over x with one cursor through both, the supremum of |phi'| marked, and the inputs behind.

    Click or drag to move the cursor, or press Left and Right (with Shift finer, Page Up and Page Down farther, Home and
    End to the ends of the range); the wheel zooms. Values are read at the places of the curve, every one as computed.
    """

    cursor_moved = Signal(float)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.curve: ActivationCurve | None = None
        self._style = LIGHT
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
    def readout(self) -> str:
        """What is read at the cursor, in words; empty without a curve."""
        return self._words_at(self._cursor)

    def show_curve(self, curve: ActivationCurve | None) -> None:
        """Draw another activation; None for none."""
        self.curve = curve
        self._notice.say("" if curve is not None else NO_CURVE)
        for item, values in ((self._phi, "phi"), (self._slope, "derivative")):
            item.setData(*((curve.x, getattr(curve, values)) if curve is not None else ([], [])))
        for part in (*self._cursors, *self._marks, self._supremum, self._supremum_line, self._supremum_words):
            part.setVisible(curve is not None)
        self._reach = REACHES[0]
        self._divide()
        self._make_room()
        self.move_cursor(self._cursor)
        self._describe()

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
        self._reading.say(self.readout)
        self.setAccessibleDescription(self.readout)
        if moved:
            self.cursor_moved.emit(x)

    def show_all(self) -> None:
        """Show the ordinary range of x again, as wide as the inputs ask for."""
        self._following = True
        self._reach = REACHES[0]
        self._make_room()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._reading.set_colour(style.foreground)
        self._inputs.set_colour(style.foreground)
        for axis in self._axes:
            style_axis(axis, style)
        for view in self._views:
            view.setBorder(style.grid)
        for line in self._grid_lines:
            line.setPen(style.grid)
        self._phi.setPen(style.series[0], width=2)
        self._slope.setPen(style.series[1], width=2)
        for mark, colour in zip(self._marks, style.series[:2], strict=True):
            mark.setBrush(colour)
            mark.setPen(style.background)
        self._supremum_line.setPen(style.foreground, width=1, style=Qt.PenStyle.DashLine)
        self._supremum_words.setColor(style.foreground)
        self._supremum_words.fill = pg.mkBrush(style.background)
        self._distribution.apply_style(style)
        self._notice.apply_style(style)
        self._colour_cursor(focused=self.hasFocus())
        self._describe()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor; called by Qt."""
        step = FINE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else STEP
        low, high = self._views[1].viewRange()[0]
        places = {
            Qt.Key.Key_Left: self._cursor - step,
            Qt.Key.Key_Right: self._cursor + step,
            Qt.Key.Key_PageDown: self._cursor - PAGE_STEP,
            Qt.Key.Key_PageUp: self._cursor + PAGE_STEP,
            Qt.Key.Key_Home: low,
            Qt.Key.Key_End: high,
        }
        place = places.get(Qt.Key(event.key()))
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
        self._title, self._reading, self._key = Words(size_pt=10.5), Words(size_pt=10.5), Key()
        self._inputs = Words(lines=2)
        self._inputs_height = self._inputs.minimumHeight()
        self._views = PickingViewBox(), PickingViewBox()
        plots = _plot(self._views[0], "φ", numbered=False), _plot(self._views[1], "φ′", numbered=True)
        self._axes = [plot.getAxis(side) for plot in plots for side in ("left", "bottom")]
        self._views[1].setXLink(self._views[0])
        # at the right for the half of the last number that stands beyond the axis
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, *plots, self._reading, self._inputs, self._key)):
            self.addItem(part, row=row, col=0)
        for row, height in ((1, 700), (2, 1000)):
            self.ci.layout.setRowPreferredHeight(row, height)
        # a slope of 1 passes a gradient on as it is
        lines = [(plots[0], 0, 0), (plots[0], 0, 90), (plots[1], 0, 0), (plots[1], 0, 90), (plots[1], 1, 0)]
        self._grid_lines = [pg.InfiniteLine(place, angle, movable=False) for _, place, angle in lines]
        for (plot, _, _), line in zip(lines, self._grid_lines, strict=True):
            line.setZValue(-20)
            plot.addItem(line, ignoreBounds=True)
        self._distribution = DistributionItem(plots[1])
        self._phi, self._slope = (plot.plot() for plot in plots)
        for curve in (self._phi, self._slope):
            curve.setClipToView(True)
        self._build_marks(plots)
        self._notice = Notice(self._views[0])
        for view in self._views:
            view.picked.connect(self.move_cursor)
            view.sigRangeChangedManually.connect(self._zoomed)
        self._views[0].sigXRangeChanged.connect(self._range_changed)
        self.scene().sigMouseMoved.connect(self._hover)

    def _build_marks(self, plots: Any) -> None:
        self._supremum_line = pg.InfiniteLine(angle=0, movable=False)
        self._supremum = pg.ScatterPlotItem(symbol="o", size=9, pxMode=True)
        self._supremum_words = pg.TextItem("")
        font = QFont()
        font.setPointSizeF(LABEL_PT)
        self._supremum_words.setFont(font)
        for height, item in enumerate((self._supremum_line, self._supremum_words, self._supremum)):
            item.setZValue(height + 1)
            plots[1].addItem(item, ignoreBounds=True)
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
        curve, view = self.curve, self._views[1]
        if curve is None:
            self._distribution.show(None, 1.0, 0.0, 0.0)
            return
        ceiling = HEADROOM * max(curve.supremum, LEAST_CEILING)
        self._distribution.show(self._divided, DENSEST * ceiling, float(curve.x[0]), float(curve.x[-1]))
        view.setYRange(
            min(float(curve.derivative.min()) * HEADROOM, LEAST_FLOOR * ceiling / HEADROOM), ceiling, padding=0
        )
        for each in self._views:
            each.setLimits(xMin=curve.x[0], xMax=curve.x[-1], minXRange=SMALLEST_ZOOM)
        if self._divided is not None:
            ends = (self._divided.quantile((1 - ALMOST_ALL) / 2), self._divided.quantile((1 + ALMOST_ALL) / 2))
            needed = max(-ends[0], ends[1])
            # only outward, so that the picture does not flicker while a network trains
            self._reach = max(self._reach, next((reach for reach in REACHES if reach >= needed), REACHES[-1]))
        if self._following:
            self._views[0].setXRange(-self._reach, self._reach, padding=0)
        self._range_changed()

    def _range_changed(self) -> None:
        """Fit phi to the range of x in sight, and keep the mark of the supremum in it."""
        curve = self.curve
        if curve is None:
            return
        low, high = self._views[0].viewRange()[0]
        seen = curve.phi[curve.nearest(low) : curve.nearest(high) + 1]
        bottom, top = min(float(seen.min()), 0.0), max(float(seen.max()), 0.0)
        margin = 0.06 * (top - bottom) or 1.0
        self._views[0].setYRange(bottom - margin, top + margin, padding=0)
        inset = INSET * (high - low)
        first, last = (min(max(end, low + inset), high - inset) for end in curve.steepest)
        place = (first + last) / 2
        in_sight = (curve.steepest[0] <= high and curve.steepest[1] >= low) or math.isinf(curve.steepest[0])
        self._supremum.setData([place] if in_sight else [], [curve.supremum] if in_sight else [])
        self._supremum_line.setValue(curve.supremum)
        self._supremum_words.setAnchor(((place - low) / (high - low), 1.2))
        self._supremum_words.setPos(place, curve.supremum)
        self._describe_inputs()

    def _zoomed(self) -> None:
        low, high = self._views[0].viewRange()[0]
        # back at the ordinary range is as good as not zoomed
        self._following = (low, high) == (-self._reach, self._reach)

    def _describe(self) -> None:
        curve, style = self.curve, self._style
        if curve is None:
            for words in (self._title, self._reading, self._inputs):
                words.say("")
            self._key.show_entries([], style.foreground)
            return
        name = spoken(curve.name)
        self._title.say(f"{name[:1].upper()}{name[1:]} φ(x) and its derivative φ′(x)")
        joint = ", " if not curve.attained else " "
        self._supremum_words.setText(f"supremum of |φ′| = {curve.supremum:.5g}{joint}{curve.where}")
        self._supremum.setBrush(style.foreground if curve.attained else style.background)
        self._supremum.setPen(style.foreground, width=1.5)
        entries = [("—", style.series[0], "φ"), ("—", style.series[1], "φ′"), self._supremum_entry(curve)]
        if self._divided is not None and self._counted is not None:
            passed, stopped = fill_colours(style)
            entries.append(("■", passed, f"{self._counted[2]} (on a scale of their own)"))
            entries.append(("■", stopped, "where |φ′| is below 1% of its supremum"))
        self._key.show_entries(entries, style.foreground)
        self._describe_inputs()

    def _supremum_entry(self, curve: ActivationCurve) -> tuple[str, str, str]:
        mark, words = ("●", "supremum") if curve.attained else ("○", "supremum, only approached")
        return mark, self._style.foreground, words

    def _describe_inputs(self) -> None:
        # no room for what there is not
        self._inputs.setFixedHeight(0 if self._counted is None else self._inputs_height)
        if self._counted is None:
            self._inputs.say("")
            return
        label = self._counted[2]
        if self._divided is None:
            self._inputs.say(f"There are no {label} to show.")
            return
        words = f"{share_in_words(self._divided.share_stopped)} of the {label} have |φ′| below 1% of its supremum"
        low, high = self._views[0].viewRange()[0]
        beyond = self._divided.beyond(low, high)
        if beyond >= 0.0005:
            words += f"; {share_in_words(beyond)} are out of sight"
        self._inputs.say(words + ".")

    def _colour_cursor(self, *, focused: bool) -> None:
        # closing takes the lines away first, and the focus after them
        for line in () if self.closed else self._cursors:
            line.setPen(self._style.foreground, width=2 if focused else 1)
            line.setHoverPen(self._style.accent, width=3)

    def _hover(self, position: QPointF) -> None:
        for view in self._views:
            if view.sceneBoundingRect().contains(position):
                self.hovered.emit(self._words_at(view.mapSceneToView(position).x()))
                return
        self.hovered.emit("")

    def _words_at(self, x: float) -> str:
        curve = self.curve
        if curve is None:
            return ""
        index = curve.nearest(x)
        # adding zero makes an ordinary zero of a negative one
        place, phi, slope = (float(values[index]) + 0.0 for values in (curve.x, curve.phi, curve.derivative))
        share = share_in_words(abs(slope) / curve.supremum)
        return f"x = {place:.2f}: φ = {phi:.3g}, φ′ = {slope:.3g} ({share} of the supremum)"


def stand_in(plot: ActivationPlot) -> ActivationPlot:
    """Return a plot off the screen in the state of `plot`."""
    other = ActivationPlot()
    other.resize(plot.size())
    other.apply_style(plot._style)
    other.show_curve(plot.curve)
    other.show_distribution(*(plot._counted or (None,)))
    other.move_cursor(plot.cursor_x)
    if not plot._following:
        other._following = False
        other._views[0].setXRange(*plot._views[0].viewRange()[0], padding=0)
    return other


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
