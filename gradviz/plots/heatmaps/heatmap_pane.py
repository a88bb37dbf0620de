"""One run in a heatmap: its picture and axes, for colour limits and a range of steps that it is given."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF

from gradviz.plots.heatmaps import skipped_marks
from gradviz.plots.heatmaps.heatmap_words import pane_title, step_label, words_at
from gradviz.plots.heatmaps.picture import Grid, Picture
from gradviz.plots.heatmaps.skipped_marks import SkippedMarks
from gradviz.plots.parts.axes import WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.colours import lookup_table
from gradviz.plots.parts.drawn import Readout, axis_labels, given_lines
from gradviz.plots.parts.layer_axis import LayerAxis
from gradviz.plots.parts.limits import Span
from gradviz.plots.parts.notice import Notice
from gradviz.plots.parts.picking import DivergedLine, PickingViewBox, StepCursor
from gradviz.plots.parts.style import Style
from gradviz.plots.parts.words import Words
from gradviz.plots.shown_run import ShownRun
from gradviz.recording.frame import Quantity
from gradviz.recording.source import Summary

SMALLEST_ZOOM = 4
LAYERS_PX = 46
ZOOM_IN = "; zoom in to see every one"


class HeatmapPane:
    """Layer x step of one run. The only pane of a heatmap names its layers; one of several leaves their names out."""

    def __init__(self, *, alone: bool) -> None:
        self.run: ShownRun | None = None
        self.picture: Picture | None = None
        self.drawn_frames = 0
        self._alone = alone
        self._labelled = True
        self.title = Words(size_pt=10.5 if alone else 10.0)
        self.view = PickingViewBox()
        self.steps = WholeNumberAxis("bottom")
        self.steps.setLabel("step")
        self.layers = LayerAxis("left")
        if not alone:
            self.layers.setWidth(LAYERS_PX)
        self.plot = pg.PlotItem(viewBox=self.view, axisItems={"bottom": self.steps, "left": self.layers})
        self.plot.hideButtons()
        self._image = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self.plot.addItem(self._image)
        self.cursor, self.diverged = StepCursor(self.plot), DivergedLine(self.plot)
        self.skipped = SkippedMarks(self.plot, self.view)
        self.notice = Notice(self.view)

    @property
    def depth(self) -> int:
        """Layers of the run; 1 without one."""
        return len(self.run.history.started.rows) if self.run is not None else 1

    def show_run(self, run: ShownRun | None) -> None:
        """Draw another run, from its beginning."""
        self.run, self.picture, self.drawn_frames = run, None, 0
        if self._alone:
            self.layers.show_rows(run.history.started.rows if run is not None else ())

    def label_layers(self, wanted: bool) -> None:
        """Label the axis of the layers from the next drawing on, or not."""
        self._labelled = wanted

    def make_room(self, steps: int) -> None:
        """Let the view go no further than `steps` steps and the run's layers."""
        depth = self.depth
        self.view.setLimits(
            xMin=-0.5, xMax=steps - 0.5, yMin=0.5, yMax=depth + 0.5,
            minXRange=min(SMALLEST_ZOOM, steps), minYRange=min(SMALLEST_ZOOM, depth),
        )  # fmt: skip

    @property
    def shares_in_view(self) -> Span:
        """The part of the layers in view, as shares of the depth."""
        low, high = self.view.viewRange()[1]
        return (low - 0.5) / self.depth, (high - 0.5) / self.depth

    @property
    def steps_in_view(self) -> Span:
        """The ends of the step axis."""
        low, high = self.view.viewRange()[0]
        return float(low), float(high)

    def show_part(self, steps: Span, shares: Span) -> None:
        """Show these steps, and this part of the layers as shares of the depth."""
        self.view.setXRange(*steps, padding=0)
        self.view.setYRange(*(0.5 + share * self.depth for share in shares), padding=0)

    def mark(self, step: int | None) -> None:
        """Mark the picked step, or the last of a shorter run, and the steps at which something went wrong."""
        history = self.run.history if self.run is not None else None
        diverged = history.diverged if history is not None else None
        self.diverged.show(diverged.step if diverged is not None else None)
        self.skipped.show(history.skipped_steps() if history is not None else skipped_marks.NONE)
        self.cursor.show(None if step is None or self.run is None else max(self.run.step_for(step), 0))

    def draw(self, quantity: Quantity | None, limits: Span, summary: Summary, pixel_ratio: float) -> bool:
        """Pull what is new of `quantity`; return whether the picture changed."""
        self._label_layers(pixel_ratio)
        run = self.run
        if run is None or quantity is None or not run.history.frames:
            self._image.setVisible(False)
            return False
        history, (low, high) = run.history, self.steps_in_view
        every = history.started.scheduled_every if quantity.scheduled else 1
        pixels = round(self.view.width() * pixel_ratio)
        grid = Grid.covering(low, high, pixels, history.frames, every, summary)
        picture = self.picture
        if picture is None or (picture.grid, picture.limits, picture.quantity) != (grid, limits, quantity):
            picture = self.picture = Picture(history, quantity, grid, limits)
            relabel(self.steps, step_label(quantity, grid))
        if not picture.update():
            return False
        self.drawn_frames = history.frames
        self._image.setImage(picture.indices, autoLevels=False, levels=None)
        left, width = grid.first * grid.stride - 0.5, grid.columns * grid.stride
        self._image.setRect(QRectF(left, 0.5, width, self.depth))
        self._image.setVisible(True)
        return True

    def entitle(self, quantity: Quantity | None, step: int | None) -> None:
        """Write the title: what is drawn where the pane is alone, else which run."""
        self.title.say(pane_title(self.run, quantity, self.drawn_frames, step, alone=self._alone))

    def words_at(self, place: QPointF, quantity: Quantity | None) -> str:
        """Say what is at a place of the view: the run, if it is one of several, step, layer and value."""
        run, picture = self.run, self.picture
        step, layer = round(place.x()), round(place.y())
        if run is None or quantity is None or picture is None:
            return ""
        if not (0 <= step < run.history.frames and 1 <= layer <= self.depth):
            return ""
        words = words_at(run.history, quantity, picture.grid, step, layer)
        return words if self._alone else f"{run.series.letter} · {words}"

    def readout(self) -> Readout:
        """Return title, marks and labels, without what all panes share."""
        return Readout(
            title=self.title.text,
            notice=self.notice.text,
            axes=axis_labels(self.plot),
            series=tuple(self.skipped.series()),
            lines=given_lines(step=self.cursor.step, diverged=self.diverged.step),
            labels={"diverged": self.diverged.words} if self.diverged.words else {},
        )

    def apply_style(self, style: Style, quantity: Quantity | None) -> None:
        """Recolour everything; the colours of the picture are those of `quantity`."""
        for axis in (self.steps, self.layers):
            style_axis(axis, style)
        self.view.setBorder(style.grid)
        for part in (self.cursor, self.diverged, self.skipped, self.notice):
            part.apply_style(style)
        self.title.set_colour(style.foreground)
        self._image.setLookupTable(lookup_table(quantity, style))

    def _label_layers(self, pixel_ratio: float) -> None:
        """Say so where there are more layers than pixels: what is painted then is a sample of them."""
        low, high = self.view.viewRange()[1]
        crowded = high - low > self.view.height() * pixel_ratio
        label = self.layers.title_with(ZOOM_IN if crowded else "") if self._labelled else ""
        if label != self.layers.labelText:
            relabel(self.layers, label)
