"""The profile: one quantity over the layers at one step, before the same at the start and beside another run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt

from gradviz.plots.parts.axes import DecadeAxis, relabel, style_axis
from gradviz.plots.parts.float_floors import FloatFloors
from gradviz.plots.parts.guide_line import GuideLine
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.layer_axis import LayerAxis
from gradviz.plots.parts.limits import Span, limits_around, united
from gradviz.plots.parts.notice import NO_RUN, NO_STEP_YET, Notice
from gradviz.plots.parts.plot_widgets import HoverPlot, shown_quantity
from gradviz.plots.parts.readout import in_sentence, value_in_words, with_unit
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.plots.profiles.profile_line import EMPTY, ProfileLine
from gradviz.plots.profiles.profile_rows import ProfileRows, Theory, finite_span, read_rows
from gradviz.plots.profiles.profile_words import entries, lost_signal, title
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

# room under the lowest decade for the marks of layers that are exactly zero, as a share of the height
FLOOR_SHARE = 0.07
# of theory: a prediction and a bound
THEORY_LINES = (Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)


class ProfilePlot(HoverPlot):
    """Value over layers at the picked, else the latest step. `refresh` pulls; `hovered` reads out a layer in words.

    A layer that is exactly zero has no place on a logarithmic axis: it is marked at the floor of the plot, and one
    that is not finite at its ceiling; neither is left out.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self.absence = NO_RUN
        self._name: str | None = None
        self._step: int | None = None
        self._reference: History | None = None
        self._reference_label = ""
        self._style = LIGHT
        self._theory = Theory()
        self._rows = ProfileRows()
        self._drawn: object = None
        self._limits: Span = (-1.0, 0.0)
        self._room: object = None
        self._build()
        self.apply_style(LIGHT)

    def show_history(self, history: History | None) -> None:
        """Draw another run, the latest step of it; theory has to be shown anew."""
        self.history = history
        self._layer_axis.show_names(history.started.row_names if history is not None else ())
        self._theory = Theory()
        self._step = None
        self.show_all()

    def show_quantity(self, name: str) -> None:
        """Draw the quantity `name`, now and for runs to come."""
        self._name = name
        self.show_all()

    def show_step(self, step: int | None) -> None:
        """Draw `step`; None follows the latest."""
        self._step = step
        self.refresh()

    def show_reference(self, history: History | None, label: str = "") -> None:
        """Draw the profile of another run behind, dashed, at the same step as far as it got there; None: do not."""
        self._reference, self._reference_label = history, label
        self.show_all()

    def show_theory(self, theory: Theory) -> None:
        """Draw what theory expects of the network as initialised, or say why it expects nothing."""
        self._theory = theory
        self.show_all()

    def show_all(self) -> None:
        """Show all layers and the whole range of values."""
        self._room = self._drawn = None
        self.refresh()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self._notice.say(self._what_is_missing())
        step = self._shown_step()
        reference = self._reference.frames if self._reference is not None else 0
        drawn = (self.history, self._quantity(), step, self._reference, reference, self._style)
        # what is shown is looked up anew only if one of these changed
        if drawn != self._drawn:
            self._drawn = drawn
            self._read(step)
            self._make_room()
            low, high = self._limits
            for line in self._lines.values():
                line.draw(low - (high - low) * FLOOR_SHARE / 2, high)
            self._describe(step)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        for axis in (self._values, self._layer_axis):
            style_axis(axis, style)
        self._view.setBorder(style.grid)
        dashed = Qt.PenStyle.DashLine
        pens = {
            "initial": (pg.mkPen(style.muted), style.muted),
            "other": (pg.mkPen(style.series[1], style=dashed), style.series[1]),
            "beside": (pg.mkPen(style.series[2]), style.series[2]),
            "now": (pg.mkPen(style.series[0], width=2), style.zero_colour),
        }
        for name, (pen, zero) in pens.items():
            self._lines[name].colour(pen, zero, style.nan_colour, filled=name == "now")
        for curve, line in zip(self._curves, THEORY_LINES, strict=True):
            curve.setPen(pg.mkPen(style.foreground, style=line))
        for edge in self._band:
            edge.setPen(pg.mkPen(style.muted, style=Qt.PenStyle.DotLine))
        self._floors.apply_style(style)
        self._guide.apply_style(style)
        self._notice.apply_style(style)
        self.refresh()

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key()
        self._view = pg.ViewBox(enableMenu=False)
        self._view.disableAutoRange()
        self._layer_axis = LayerAxis("bottom")
        self._values = DecadeAxis("left")
        plot = pg.PlotItem(viewBox=self._view, axisItems={"bottom": self._layer_axis, "left": self._values})
        plot.hideButtons()
        # at the right for the half of the last layer's number that stands beyond the axis
        self.ci.setContentsMargins(4, 6, 18, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, plot, self._key)):
            self.addItem(part, row=row, col=0)
        self._floors = FloatFloors(plot)
        self._guide = GuideLine(plot)
        # drawn in this order, the picked step on top
        self._lines = {name: ProfileLine(plot) for name in ("initial", "other", "beside", "now")}
        self._curves = [plot.plot() for _ in THEORY_LINES]
        self._band = [plot.plot(), plot.plot()]
        self._notice = Notice(self._view)
        self.scene().sigMouseMoved.connect(self._hover)

    def _quantity(self) -> Quantity | None:
        return shown_quantity(self.history, self._name)

    def _shown_step(self) -> int:
        """Return the step that is drawn; -1 if there is none yet."""
        latest = self.history.frames - 1 if self.history is not None else -1
        return latest if self._step is None else min(self._step, latest)

    def _what_is_missing(self) -> str:
        if self.history is None:
            return self.absence
        quantity = self._quantity()
        if quantity is None:
            return "This run did not measure that; choose another quantity."
        step = self._shown_step()
        if step < 0:
            return NO_STEP_YET
        if self.history.latest_row(quantity.name, step) is None:
            return f"{quantity.label} was not measured at step {step}."
        return ""

    def _read(self, step: int) -> None:
        """Hand every line its row."""
        self._rows = rows = read_rows(self.history, self._quantity(), step, self._reference, self._theory)
        logarithmic = self._is_logarithmic()
        for name, line in self._lines.items():
            measured = getattr(rows, name)
            line.show(measured.step, measured.row, measured.known, logarithmic=logarithmic)
        for number, curve in enumerate(self._curves):
            row = rows.theory[number][1] if number < len(rows.theory) else EMPTY
            curve.setData(np.arange(1, len(row) + 1), row)
        for edge, row in zip(self._band, rows.band or (EMPTY, EMPTY), strict=True):
            edge.setData(np.arange(1, len(row) + 1), row)

    def _make_room(self) -> None:
        """Let the axes hold the run and what of the reference lies in its layers; keep a zoom if nothing changed."""
        quantity = self._quantity()
        if self.history is None or quantity is None:
            return
        layers = len(self.history.started.rows)
        spans = [finite_span(line.row[:layers]) for line in self._lines.values()]
        # a bound may lie far below everything measured; only what comes first, the prediction, claims room
        spans += [finite_span(row) for _, row in self._rows.theory[:1]]
        # a guide a little beyond what was measured is worth the room
        if quantity.guide is not None:
            spans.append((quantity.guide[0], quantity.guide[0]))
        self._limits = low, high = limits_around(united(self.history.span(quantity.name), *spans), quantity)
        room = (quantity.name, layers, low, high)
        if room == self._room:
            return
        self._room = room
        logarithmic = quantity.scale == "log10"
        below = (high - low) * FLOOR_SHARE if logarithmic else 0.0
        self._values.set_logarithmic(logarithmic)
        relabel(self._values, with_unit(quantity))
        margin = max(0.01 * layers, 0.5)
        self._view.setLimits(
            xMin=1 - margin, xMax=layers + margin, yMin=low - below, yMax=high + (high - low) * 0.03, minXRange=1,
            minYRange=(high - low) * 1e-3,
        )  # fmt: skip
        self._view.setXRange(1 - margin, layers + margin, padding=0)
        self._view.setYRange(low - below, high + (high - low) * 0.03, padding=0)
        double = self.history.started.double
        self._floors.show(self._limits if logarithmic else None, double=double)
        self._guide.show(quantity.guide, self._limits)

    def _describe(self, step: int) -> None:
        quantity, history = self._quantity(), self.history
        self._title.say(title(quantity, self._rows, step) if quantity is not None and step >= 0 else "")
        if quantity is None or history is None:
            self._key.show_entries([], self._style.foreground)
            return
        beside = self._label(quantity.beside) if self._lines["beside"].visible else ""
        found = entries(self._rows, self._lines, self._style, beside=beside, other=self._reference_label)
        if words := self._lost_signal(quantity):
            found.append(("!", self._style.zero_colour, words))
        self._key.show_entries(found, self._style.foreground)

    def _lost_signal(self, quantity: Quantity) -> str:
        """Say where floating point loses what the exact counterpart still has, if both are of the same step."""
        rows, history = self._rows, self.history
        if history is None or not quantity.beside.startswith("exact_log10_") or rows.now.step != rows.beside.step:
            return ""
        return lost_signal(rows.now.row, rows.beside.row, double=history.started.double)

    def _is_logarithmic(self) -> bool:
        quantity = self._quantity()
        return quantity is not None and quantity.scale == "log10"

    def _hover(self, position: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(round(self._view.mapSceneToView(position).x())) if inside else "")

    def _words_at(self, layer: int) -> str:
        quantity, now, initial, beside = self._quantity(), *(self._lines[name] for name in ("now", "initial", "beside"))
        if quantity is None or self.history is None or not 1 <= layer <= len(now.row):
            return ""
        name = self.history.started.row_name(layer)
        value = value_in_words(quantity, now.at(layer))
        words = f"step {now.step} · {name} · {value} ({in_sentence(quantity.label)})"
        if initial.visible:
            words += f" · at step {initial.step}: {value_in_words(quantity, initial.at(layer))}"
        if beside.visible:
            value = value_in_words(self.history.quantity(quantity.beside), beside.at(layer))
            words += f" · {in_sentence(self._label(quantity.beside))}: {value}"
        return words

    def _label(self, name: str) -> str:
        return self.history.quantity(name).label if self.history is not None else name


def stand_in(plot: ProfilePlot) -> ProfilePlot:
    """Return a plot off the screen in the state of `plot`."""
    other = ProfilePlot()
    other.resize(plot.size())
    other.apply_style(plot._style)
    other.show_history(plot.history)
    if plot._name is not None:
        other.show_quantity(plot._name)
    other.show_reference(plot._reference, plot._reference_label)
    other.show_theory(plot._theory)
    other.show_step(plot._step)
    columns, rows = plot._view.viewRange()
    other._view.setRange(xRange=columns, yRange=rows, padding=0)
    return other
