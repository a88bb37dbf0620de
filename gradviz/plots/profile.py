"""The profile: one quantity over the layers at one step, before the same at the start and beside another run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal

from gradviz.plots.axes import DecadeAxis, WholeNumberAxis, style_axis
from gradviz.plots.float_floors import FloatFloors
from gradviz.plots.key import Key
from gradviz.plots.limits import Span, limits_around, united
from gradviz.plots.notice import NO_RUN, NO_STEP_YET, Notice
from gradviz.plots.readout import in_sentence, value_in_words, with_unit
from gradviz.plots.style import LIGHT, Style
from gradviz.plots.words import Words
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

Row = NDArray[np.float32]

# room under the lowest decade for the marks of layers that are exactly zero, as a share of the height
FLOOR_SHARE = 0.07


class ProfilePlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Value over layers at the picked, else the latest step. `refresh` pulls; `hovered` reads out a layer in words.

    A layer that is exactly zero has no place on a logarithmic axis: it is marked at the floor of the plot, and one
    that is not finite at its ceiling; neither is left out.
    """

    hovered = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.history: History | None = None
        self._name: str | None = None
        self._step: int | None = None
        self._reference: History | None = None
        self._reference_label = ""
        self._style = LIGHT
        self._drawn: object = None
        self._limits: Span = (-1.0, 0.0)
        self._rows: dict[str, tuple[int, Row]] = {}
        self._build()
        self.apply_style(LIGHT)

    def show_history(self, history: History | None) -> None:
        """Draw another run; the latest step of it."""
        self.history = history
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

    def show_all(self) -> None:
        """Show all layers and the whole range of values."""
        self._room: object = None
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
            self._rows = self._read(step)
            self._make_room()
            self._draw()
            self._describe(step)

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        for axis in (self._values, self._layer_axis):
            style_axis(axis, style)
        self._view.setBorder(style.grid)
        self._lines["initial"].setPen(style.muted, width=1)
        self._lines["reference"].setPen(style.series[1], width=1, style=Qt.PenStyle.DashLine)
        self._lines["now"].setPen(style.series[0], width=2)
        self._zeros.setPen(style.zero_colour)
        self._zeros.setBrush(style.zero_colour)
        self._not_finite.setPen(style.nan_colour)
        self._floors.apply_style(style)
        self._notice.apply_style(style)
        self.refresh()

    def leaveEvent(self, event: Any) -> None:
        """Say nothing once the mouse is elsewhere."""
        super().leaveEvent(event)
        self.hovered.emit("")

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key()
        self._view = pg.ViewBox(enableMenu=False)
        self._view.disableAutoRange()
        self._layer_axis = WholeNumberAxis("bottom", first=1)
        self._layer_axis.setLabel("layer (1 = next to the input)")
        self._values = DecadeAxis("left")
        plot = pg.PlotItem(viewBox=self._view, axisItems={"bottom": self._layer_axis, "left": self._values})
        plot.hideButtons()
        self.ci.setContentsMargins(4, 6, 4, 4)
        self.ci.layout.setSpacing(2)
        for row, part in enumerate((self._title, plot, self._key)):
            self.addItem(part, row=row, col=0)
        self._floors = FloatFloors(plot)
        # a single layer is a point: every line has marks as long as there are few of them
        self._lines = {name: plot.plot(connect="finite") for name in ("initial", "reference", "now")}
        self._zeros = pg.ScatterPlotItem(symbol="t", size=9, pxMode=True)
        self._not_finite = pg.ScatterPlotItem(symbol="x", size=9, pxMode=True)
        plot.addItem(self._zeros)
        plot.addItem(self._not_finite)
        self._notice = Notice(self._view)
        self.scene().sigMouseMoved.connect(self._hover)

    def _quantity(self) -> Quantity | None:
        if self.history is None or not self.history.quantities:
            return None
        if self._name is None:
            return self.history.quantities[0]
        return next((each for each in self.history.quantities if each.name == self._name), None)

    def _shown_step(self) -> int:
        """Return the step that is drawn; -1 if there is none yet."""
        latest = self.history.frames - 1 if self.history is not None else -1
        return latest if self._step is None else min(self._step, latest)

    def _what_is_missing(self) -> str:
        if self.history is None:
            return NO_RUN
        quantity = self._quantity()
        if quantity is None:
            return "This run did not measure that; choose another quantity."
        step = self._shown_step()
        if step < 0:
            return NO_STEP_YET
        if self.history.row(quantity.name, step) is None:
            return f"{quantity.label} was not measured at step {step}."
        return ""

    def _read(self, step: int) -> dict[str, tuple[int, Row]]:
        """Return the steps and rows [layers] to draw, by the name of their line."""
        quantity = self._quantity()
        if self.history is None or quantity is None or step < 0:
            return {}
        found = {"now": (step, self.history.row(quantity.name, step))}
        # what has no value at the start (an update before the first one) begins one step later
        first = min(0 if self.history.row(quantity.name, 0) is not None else 1, step)
        if first < step:
            found["initial"] = (first, self.history.row(quantity.name, first))
        other = self._reference
        if other is not None and other.frames and any(each.name == quantity.name for each in other.quantities):
            there = min(step, other.frames - 1)
            found["reference"] = (there, other.row(quantity.name, there))
        return {name: (at, row) for name, (at, row) in found.items() if row is not None}

    def _make_room(self) -> None:
        """Let the axes hold the run and what of the reference lies in its layers; keep a zoom if nothing changed."""
        quantity = self._quantity()
        if self.history is None or quantity is None:
            return
        layers = self.history.started.layers
        spans = [_finite_span(row[:layers]) for _, row in self._rows.values()]
        self._limits = low, high = limits_around(united(self.history.span(quantity.name), *spans), quantity)
        room = (quantity.name, layers, low, high)
        if room == self._room:
            return
        self._room = room
        logarithmic = quantity.scale == "log10"
        below = (high - low) * FLOOR_SHARE if logarithmic else 0.0
        self._values.set_logarithmic(logarithmic)
        self._values.setLabel(with_unit(quantity))
        margin = max(0.01 * layers, 0.5)
        self._view.setLimits(
            xMin=1 - margin, xMax=layers + margin, yMin=low - below, yMax=high + (high - low) * 0.03, minXRange=1,
            minYRange=(high - low) * 1e-3,
        )  # fmt: skip
        self._view.setXRange(1 - margin, layers + margin, padding=0)
        self._view.setYRange(low - below, high + (high - low) * 0.03, padding=0)
        double = self.history.started.experiment.precision == "float64"
        self._floors.show(self._limits if logarithmic else None, double=double)

    def _draw(self) -> None:
        for name, line in self._lines.items():
            if name in self._rows:
                values = self._rows[name][1]
                line.setData(np.arange(1, len(values) + 1), np.where(np.isfinite(values), values, np.nan))
            else:
                line.setData([], [])
        layers, row = self._layers_now()
        logarithmic = self._is_logarithmic()
        zero = np.isneginf(row) if logarithmic else np.zeros(len(row), np.bool_)
        low, high = self._limits
        self._zeros.setData(layers[zero], np.full(int(zero.sum()), low - (high - low) * FLOOR_SHARE / 2))
        lost = ~np.isfinite(row) & ~zero
        self._not_finite.setData(layers[lost], np.full(int(lost.sum()), high))

    def _describe(self, step: int) -> None:
        quantity = self._quantity()
        self._title.say(f"{with_unit(quantity)} · step {step}" if quantity is not None and step >= 0 else "")
        style = self._style
        entries = []
        if "now" in self._rows:
            entries.append(("—", style.series[0], f"step {step}"))
        if "initial" in self._rows:
            first = self._rows["initial"][0]
            entries.append(("—", style.muted, "at initialisation" if first == 0 else f"step {first}"))
        if "reference" in self._rows:
            entries.append(("- -", style.series[1], f"{self._reference_label} (step {self._rows['reference'][0]})"))
        entries += self._marked_layers()
        self._key.show_entries(entries, style.foreground)

    def _marked_layers(self) -> list[tuple[str, str, str]]:
        _, row = self._layers_now()
        zeros = int(np.isneginf(row).sum()) if self._is_logarithmic() else 0
        lost = int((~np.isfinite(row)).sum()) - zeros
        entries = []
        if zeros:
            entries.append(("▼", self._style.zero_colour, f"exactly zero: {_layers_in_words(zeros)}"))
        if lost:
            entries.append(("×", self._style.nan_colour, f"not a number or infinite: {_layers_in_words(lost)}"))
        return entries

    def _layers_now(self) -> tuple[NDArray[np.int64], Row]:
        row = self._rows["now"][1] if "now" in self._rows else np.empty(0, np.float32)
        return np.arange(1, len(row) + 1), row

    def _is_logarithmic(self) -> bool:
        quantity = self._quantity()
        return quantity is not None and quantity.scale == "log10"

    def _hover(self, position: QPointF) -> None:
        inside = self._view.sceneBoundingRect().contains(position)
        self.hovered.emit(self._words_at(round(self._view.mapSceneToView(position).x())) if inside else "")

    def _words_at(self, layer: int) -> str:
        quantity = self._quantity()
        _, row = self._layers_now()
        if quantity is None or not 1 <= layer <= len(row):
            return ""
        step, values = self._rows["now"]
        value = value_in_words(quantity, float(values[layer - 1]))
        words = f"step {step} · layer {layer} · {value} ({in_sentence(quantity.label)})"
        if "initial" in self._rows:
            first, values = self._rows["initial"]
            words += f" · at step {first}: {value_in_words(quantity, float(values[layer - 1]))}"
        return words


def _layers_in_words(count: int) -> str:
    return f"{count} layer" if count == 1 else f"{count} layers"


def _finite_span(values: Row) -> Span | None:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None
