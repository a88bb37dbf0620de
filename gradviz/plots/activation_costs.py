"""What the activations cost per element, forward and backward, side by side as bars with their quartiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont

from gradviz.experiment import in_words
from gradviz.plots.parts.axes import DecadeAxis, style_axis
from gradviz.plots.parts.drawn import DrawnSeries, Readout, given_lines
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.notice import Notice
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.activations import (
    REFERENCE,
    ActivationCost,
    ActivationCosts,
    Floats,
    Spread,
    elements_in_words,
)

NOT_MEASURED = "Not measured yet: press Measure to time every activation on this device."
# the activation that needs one exp per element and little else
EXPONENTIAL = "sigmoid"
SMALLEST_TEXT_PX, LARGEST_TEXT_PX = 7, 11
PASSES = ("forward", "backward")
BAR = 0.36
BEAM = 0.2
# the bars keep at least this share of the width, however long the numbers behind them
LEAST_FOR_BARS = 0.35
# how much of its colour is left where a bar is nothing but the call
CALL_STRENGTH = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class ActivationCostsState:
    """What a plot of costs shows."""

    costs: ActivationCosts | None
    size: int | None
    logarithmic: bool


class ActivationCostsPlot(HoverPlot):
    """Two bars per activation, the cheapest on top: median nanoseconds per element, error bars between the quartiles.

    The pale beginning of a bar is what the call itself costs, measured on one element. Lines mark ReLU's medians.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.costs: ActivationCosts | None = None
        self._size: int | None = None
        self._logarithmic = False
        self._rows: list[ActivationCost] = []
        self._values: list[Any] = []
        self._base, self._end = 0.0, 1.0
        self._build()
        self.setAccessibleName("Cost of the activations")
        self.apply_style(LIGHT)
        self.show_costs(None)

    @property
    def size_shown(self) -> int | None:
        """The number of elements whose costs are drawn; None without any."""
        if self.costs is None or not self.costs.sizes:
            return None
        sizes = self.costs.sizes
        # the smallest that is more than the call itself says most about the arithmetic
        return self._size if self._size in sizes else next((size for size in sizes if size > 1), sizes[0])

    @property
    def summary(self) -> str:
        """What an exponential costs beside a comparison, in words, as it was measured; empty without both."""
        size = self.size_shown
        at = self.costs.at(size) if self.costs is not None and size is not None else {}
        if size == 1 or EXPONENTIAL not in at or REFERENCE not in at:
            return ""
        row = at[EXPONENTIAL]
        return (
            f"Forward, {in_words(row.name)} (one exp per element) takes {_times(row.forward_ratio)} as long as "
            f"{in_words(REFERENCE)}; backward, without exp, {three_digits(row.backward_ratio.median)} times."
        )

    def show_costs(self, costs: ActivationCosts | None) -> None:
        """Draw what was measured, as far as it goes; None says that nothing was."""
        self.costs = costs
        self._draw()

    def show_size(self, size: int) -> None:
        """Draw the costs at `size` elements, one of `costs.sizes`, now and of measurements to come."""
        self._size = size
        self._draw()

    def show_logarithmic(self, logarithmic: bool) -> None:
        """Draw over a logarithmic axis, on which equal ratios are equally long, or over an ordinary one from zero."""
        self._logarithmic = logarithmic
        self._ns_axis.set_logarithmic(logarithmic)
        self._draw()

    def say(self, text: str) -> None:
        """Show `text` in place of the bars while there are none."""
        self._notice.say(text if not self._rows else "")

    def state(self) -> ActivationCostsState:
        """Return what is shown."""
        return ActivationCostsState(self.costs, self._size, self._logarithmic)

    def restore(self, state: ActivationCostsState) -> None:
        """Show what a plot showed when `state` was taken."""
        self._size = state.size
        self.show_logarithmic(state.logarithmic)
        self.show_costs(state.costs)

    def readout(self) -> Readout:
        """Return what is drawn and written, as data.

        Series `forward` and `backward` are the bars, with their `call` and `quartiles`; `labels` has what is written
        behind each, from the top down.
        """
        series, labels = [], {"subtitle": self._subtitle.text, "summary": self._summary.text}
        for number, name in enumerate(PASSES) if self._rows else ():
            for words, item in ((name, self._bars[number]), (f"{name} call", self._calls[number])):
                begin, places, width = (np.array(item.opts[part], np.float64) for part in ("x0", "y", "width"))
                series.append(DrawnSeries(words, begin + width, places, x0=begin))
            error = self._errors[number].opts
            ends = error["x"] - error["left"], error["x"] + error["right"]
            series.append(DrawnSeries(f"{name} quartiles", ends[1], error["y"], x0=ends[0]))
        for number, row in enumerate(self._rows):
            for direction, name in enumerate(PASSES):
                labels[f"{in_words(row.name)} {name}"] = self._values[2 * number + direction].toPlainText()
        shown = [line.value() if line.isVisible() else None for line in self._references]
        return Readout(
            title=self._title.text,
            notice=self._notice.text,
            key=self._key.entries,
            axes={"bottom": str(self._ns_axis.labelText)},
            series=tuple(series),
            lines=given_lines(**{f"ReLU {name}": place for name, place in zip(PASSES, shown, strict=True)}),
            labels={name: words for name, words in labels.items() if words},
        )

    @property
    def value_rects(self) -> list[QRectF]:
        """Where the numbers behind the bars are in the view, in pixels, from the top down."""
        shown = [item for item in self._values if item.isVisible()]
        return [QRectF(self.view.mapRectFromItem(item, item.boundingRect())) for item in shown]

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._subtitle.set_colour(style.muted)
        self._summary.set_colour(style.foreground)
        for axis in (self._ns_axis, self._names):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        for number, colour in enumerate(style.series[:2]):
            self._bars[number].setOpts(brush=colour, pen=None)
            self._calls[number].setOpts(brush=_paler(colour, style), pen=None)
            self._errors[number].setData(pen=pg.mkPen(style.foreground))
            self._references[number].setPen(colour, width=1, style=Qt.PenStyle.DashLine)
        self._notice.apply_style(style)
        self._draw()

    def _build(self) -> None:
        self._title, self._subtitle, self._key = Words(size_pt=10.5), Words(), Key()
        self._summary = Words(lines=2)
        self._summary_height = self._summary.minimumHeight()
        self.view = pg.ViewBox(enableMenu=False, invertY=True)
        self.view.disableAutoRange()
        self.view.setMouseEnabled(x=False, y=False)
        self._ns_axis, self._names = DecadeAxis("bottom"), pg.AxisItem("left")
        self._ns_axis.set_logarithmic(False)
        plot = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self._ns_axis, "left": self._names})
        plot.hideButtons()
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, self._subtitle, plot, self._summary, self._key)):
            self.addItem(part, row=row, col=0)
        self._references = [pg.InfiniteLine(angle=90, movable=False) for _ in range(2)]
        self._bars, self._calls = ([pg.BarGraphItem(x0=[], y=[], height=BAR, width=[]) for _ in range(2)] for _ in "ab")
        self._errors = [pg.ErrorBarItem(x=np.empty(0), y=np.empty(0), beam=BEAM) for _ in range(2)]
        for item in (*self._bars, *self._calls, *self._references, *self._errors):
            self.view.addItem(item, ignoreBounds=True)
        self._font = QFont()
        self._notice = Notice(self.view)
        self.view.sigResized.connect(self._fit_text)
        self.scene().sigMouseMoved.connect(self._hover)

    def _draw(self) -> None:
        size = self.size_shown
        rows = self.costs.at(size) if self.costs is not None and size is not None else {}
        self._rows = sorted(rows.values(), key=lambda row: row.forward_ns.median + row.backward_ns.median)
        self._notice.say("" if self._rows else self._notice.text or NOT_MEASURED)
        for line in self._references:
            line.setVisible(bool(self._rows))
        self._make_room()
        for number in range(2):
            self._draw_bars(number)
        self._write_values()
        self._ns_axis.setStyle(showValues=bool(self._rows))
        self._names.setTicks([[(place, in_words(row.name)) for place, row in enumerate(self._rows)]])
        self._describe()

    def _make_room(self) -> None:
        self.view.setYRange(-0.6, max(len(self._rows), 1) - 0.4, padding=0)
        spreads = [spread for row in self._rows for spread in (row.forward_ns, row.backward_ns)]
        high = max((spread.high for spread in spreads), default=1.0)
        if not self._logarithmic:
            self._base, self._end = 0.0, high
        else:
            low = min((spread.low for spread in spreads), default=0.1)
            self._base, self._end = float(math.floor(math.log10(low))), math.log10(high)

    def _draw_bars(self, number: int) -> None:
        """Draw the bars of the forward (0) or backward (1) passes."""
        spreads = [_passes(row)[number] for row in self._rows]
        places = np.arange(len(spreads)) + _offset(number)
        low, median, high = (
            self._at(np.array([getattr(spread, part) for spread in spreads])) for part in ("low", "median", "high")
        )
        base = np.full(len(spreads), self._base)
        # a part of a bar is a part of its length only from zero on
        calls = base if self._logarithmic else np.array([self._call_ns(row)[number] for row in self._rows])
        calls = np.minimum(calls, median)
        self._bars[number].setOpts(x0=base, y=places, width=median - base, height=BAR)
        self._calls[number].setOpts(x0=base, y=places, width=calls - base, height=BAR)
        self._errors[number].setData(x=median, y=places, left=median - low, right=high - median)
        for row in self._rows:
            if row.name == REFERENCE:
                self._references[number].setValue(float(self._at(np.array([_passes(row)[number].median]))[0]))

    def _write_values(self) -> None:
        """Write behind every bar its median, and how many times ReLU's that is."""
        while len(self._values) < 2 * len(self._rows):
            self._values.append(pg.TextItem(anchor=(0, 0.5)))
            self.view.addItem(self._values[-1], ignoreBounds=True)
        for number, item in enumerate(self._values):
            item.setVisible(number < 2 * len(self._rows))
            if not item.isVisible():
                continue
            row, direction = self._rows[number // 2], number % 2
            spread, ratio = _passes(row)[direction], (row.forward_ratio, row.backward_ratio)[direction]
            words = three_digits(spread.median)
            item.setText(words if row.name == REFERENCE else f"{words}  ({three_digits(ratio.median)}×)")
            item.setColor(self.style_in_use.foreground)
            item.setPos(float(self._at(np.array([spread.high]))[0]), number // 2 + _offset(direction))

        self._fit_text()

    def _fit_text(self) -> None:
        """Let the numbers be as large as the bars leave room for, and the axis long enough to hold them."""
        room = math.floor(self.view.height() / (2 * max(len(self._rows), 1))) - 1
        self._font.setPixelSize(min(max(room, SMALLEST_TEXT_PX), LARGEST_TEXT_PX))
        for item in self._values:
            item.setFont(self._font)
        width = max(self.view.width(), 1.0)
        text = max((item.boundingRect().width() for item in self._values if item.isVisible()), default=0.0)
        bars = max(1.0 - text / width, LEAST_FOR_BARS)
        self.view.setXRange(self._base, self._base + (self._end - self._base) / bars, padding=0)

    def _describe(self) -> None:
        costs, size, style = self.costs, self.size_shown, self.style_in_use
        self._ns_axis.setLabel("ns per call" if size == 1 else "ns per element")
        self._summary.say(self.summary)
        # no room for what there is not
        self._summary.setFixedHeight(self._summary_height if self.summary else 0)
        if costs is None or size is None:
            self._title.say("Cost of the activations")
            self._subtitle.say("")
            self._key.show_entries([], style.foreground)
            return
        self._title.say(f"Cost of the activations · {elements_in_words(size)}")
        device = f"CPU, {costs.threads} thread" if costs.device == "cpu" else costs.device
        rounds = "1 round" if costs.rounds == 1 else f"{costs.rounds} rounds"
        fit = f"{costs.fit_in_words(size)} · " if size > 1 else ""
        self._subtitle.say(f"{fit}{device}, float32 · {rounds}")
        forward, backward = style.series[:2]
        entries = [
            ("■", forward, "forward"),
            ("■", backward, "backward"),
            ("├┤", style.foreground, "half of the rounds"),
        ]
        if size > 1 and 1 in costs.sizes and not self._logarithmic:
            entries.append(("■", _paler(forward, style), "pale: the call itself"))
        entries.append(("¦", style.muted, "ReLU"))
        entries.append(("(2×)", style.foreground, "times ReLU"))
        self._key.show_entries(entries, style.foreground)

    def _at(self, ns: Floats) -> Floats:
        """Return where nanoseconds lie on the axis."""
        if not self._logarithmic:
            return ns
        exponents: Floats = np.log10(ns, out=np.full(len(ns), self._base), where=ns > 0)
        return exponents

    def _call_ns(self, row: ActivationCost) -> tuple[float, float]:
        """Return the share of a call in the cost of an element; 0 where it was not measured."""
        assert self.costs is not None
        call = self.costs.at(1).get(row.name)
        if call is None or row.size == 1:
            return 0.0, 0.0
        return call.forward_ns.median / row.size, call.backward_ns.median / row.size

    def _hover(self, position: QPointF) -> None:
        inside = self.view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(self.view.mapSceneToView(position).y()) if inside else "")

    def _words_at(self, y: float) -> str:
        index = round(y)
        if not 0 <= index < len(self._rows):
            return ""
        row = self._rows[index]
        direction, ratio = ("forward", row.forward_ratio) if y < index else ("backward", row.backward_ratio)
        spread = row.forward_ns if y < index else row.backward_ns
        unit = "call" if row.size == 1 else "element"
        words = f"{in_words(row.name)}, {direction}: {_with_quartiles(spread)} ns per {unit}"
        return words if row.name == REFERENCE else f"{words}; {_times(ratio)} ReLU's"


def three_digits(value: float) -> str:
    """Return a positive number with three significant digits and without an exponent: 0.0981, 2.13, 663."""
    decimals = max(2 - math.floor(math.log10(value)), 0) if value > 0 else 0
    return f"{value:,.{decimals}f}"


def _passes(row: ActivationCost) -> tuple[Spread, Spread]:
    return row.forward_ns, row.backward_ns


def _offset(direction: int) -> float:
    return (direction - 0.5) * (BAR + 0.02)


def _with_quartiles(spread: Spread) -> str:
    median, low, high = (three_digits(value) for value in (spread.median, spread.low, spread.high))
    return f"{median} (quartiles {low} to {high})"


def _times(ratio: Spread) -> str:
    median, low, high = (three_digits(value) for value in (ratio.median, ratio.low, ratio.high))
    return f"{median} times (quartiles {low} to {high})"


def _paler(colour: str, style: Style) -> str:
    strong, background = (pg.mkColor(each).getRgb()[:3] for each in (colour, style.background))
    mixed = [
        round(CALL_STRENGTH * over + (1 - CALL_STRENGTH) * under)
        for over, under in zip(strong, background, strict=True)
    ]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)
