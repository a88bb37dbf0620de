"""One run in a row of heatmaps: its picture, without a scale of its own."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF

from gradviz.plots.compared import LAYER, Compared, Look, last_step, quantity_of
from gradviz.plots.heatmaps.heatmap_words import shown_instead
from gradviz.plots.heatmaps.picture import Grid, Picture
from gradviz.plots.parts.axes import WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.colours import lookup_table
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.notice import NO_STEP_YET, Notice
from gradviz.plots.parts.picking import DivergedLine, PickingViewBox, StepCursor
from gradviz.plots.parts.readout import in_sentence, value_in_words
from gradviz.plots.parts.style import Style
from gradviz.plots.parts.words import Words
from gradviz.recording.frame import Quantity

SMALLEST_ZOOM = 4
LAYERS_PX = 46


class HeatmapPane:
    """Layer x step of one run, for limits and a room of steps that come from outside."""

    def __init__(self, run: Compared, look: Look) -> None:
        self.run, self.look = run, look
        self.picture: Picture | None = None
        self.title = Words(size_pt=10.0)
        self.view = PickingViewBox()
        self.steps = WholeNumberAxis("bottom")
        self.steps.setLabel("step")
        self.layers = WholeNumberAxis("left", first=1)
        self.layers.setWidth(LAYERS_PX)
        self.plot = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self.steps, "left": self.layers})
        self.plot.hideButtons()
        self._image = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self.plot.addItem(self._image)
        self._cursor = StepCursor(self.plot)
        self._diverged = DivergedLine(self.plot)
        self._notice = Notice(self.view)
        self._step: int | None = None

    @property
    def depth(self) -> int:
        """Layers of the run."""
        return len(self.run.history.started.rows)

    def label_layers(self, wanted: bool) -> None:
        """Say at the axis what it counts."""
        relabel(self.layers, LAYER if wanted else "")

    def make_room(self, steps: int) -> None:
        """Let the view go no further than `steps` steps and the run's layers."""
        depth = self.depth
        self.view.setLimits(
            xMin=-0.5, xMax=steps - 0.5, yMin=0.5, yMax=depth + 0.5,
            minXRange=min(SMALLEST_ZOOM, steps), minYRange=min(SMALLEST_ZOOM, depth),
        )  # fmt: skip

    def shares_shown(self) -> Span:
        """Return which part of the layers is in sight, as shares of the depth."""
        low, high = self.view.viewRange()[1]
        return (low - 0.5) / self.depth, (high - 0.5) / self.depth

    def show_part(self, steps: Span, shares: Span) -> None:
        """Show these steps, and this part of the layers as shares of the depth."""
        self.view.setXRange(*steps, padding=0)
        self.view.setYRange(*(0.5 + share * self.depth for share in shares), padding=0)

    def pick_step(self, step: int | None) -> None:
        """Mark `step`, or the last of the run where it is shorter; None marks nothing."""
        self._step = step
        self._cursor.show(None if step is None else max(last_step(self.run, step), 0))

    def draw(self, name: str, limits: Span, pixel_ratio: float) -> None:
        """Pull what is new of the quantity `name`."""
        history, quantity = self.run.history, quantity_of(self.run, name)
        self._notice.say(self._what_is_missing(quantity))
        self._diverged.show(history.diverged.step if history.diverged is not None else None)
        self.title.say(self._words())
        if quantity is None or not history.frames:
            self._image.setVisible(False)
            return
        low, high = self.view.viewRange()[0]
        every = history.started.scheduled_every if quantity.scheduled else 1
        grid = Grid.covering(low, high, round(self.view.width() * pixel_ratio), history.frames, every)
        picture = self.picture
        if picture is None or (picture.grid, picture.limits, picture.quantity) != (grid, limits, quantity):
            picture = self.picture = Picture(history, quantity, grid, limits)
            self._label_steps(quantity, grid.stride)
        if picture.update():
            self._image.setImage(picture.indices, autoLevels=False, levels=None)
            left, width = grid.first * grid.stride - 0.5, grid.columns * grid.stride
            self._image.setRect(QRectF(left, 0.5, width, self.depth))
            self._image.setVisible(True)

    def words_at(self, place: QPointF, name: str) -> str:
        """Say what is at a place of the view: of which run, at which step and layer."""
        history, quantity, picture = self.run.history, quantity_of(self.run, name), self.picture
        step, layer = round(place.x()), round(place.y())
        if quantity is None or picture is None or not (0 <= step < history.frames and 1 <= layer <= self.depth):
            return ""
        row = history.row(name, step)
        value = value_in_words(quantity, None if row is None else float(row[layer - 1]))
        where = f"{self.look.letter} · step {step} · {history.started.row_name(layer)}"
        words = f"{where} · {value} ({in_sentence(quantity.label)})"
        return words + shown_instead(history, quantity, picture.grid, step, layer)

    def apply_style(self, style: Style, quantity: Quantity | None) -> None:
        """Recolour everything; the colours of the picture are those of `quantity`."""
        for axis in (self.steps, self.layers):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        for part in (self._cursor, self._diverged, self._notice):
            part.apply_style(style)
        self.title.set_colour(style.foreground)
        self._image.setLookupTable(lookup_table(quantity, style))

    def _what_is_missing(self, quantity: Quantity | None) -> str:
        if quantity is None:
            return "This run did not measure that."
        return "" if self.run.history.frames else NO_STEP_YET

    def _words(self) -> str:
        words, latest = f"{self.look.letter} {self.look.glyph}  {self.run.name}", self.run.history.frames - 1
        if self._step is None or latest < 0:
            return f"{words} · up to step {latest}" if latest >= 0 else words
        shown = last_step(self.run, self._step)
        return f"{words} · step {shown}" + (", its last" if shown < self._step else "")

    def _label_steps(self, quantity: Quantity, stride: int) -> None:
        what = "value of largest magnitude" if quantity.signed and quantity.scale == "linear" else "maximum"
        relabel(self.steps, f"step (each column: {what} of {stride})" if stride > 1 else "step")
