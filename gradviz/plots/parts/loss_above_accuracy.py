"""Two plots over one axis of steps: the loss above, accuracy in percent below, or R squared where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF

from gradviz.plots.parts.axes import DecadeAxis, WholeNumberAxis, relabel, style_axis
from gradviz.plots.parts.limits import Span, nice_above
from gradviz.plots.parts.picking import PickingViewBox
from gradviz.plots.parts.step_line import Values
from gradviz.plots.parts.style import Style

SMALLEST_ZOOM = 4
PERCENT = 100.0
LEFT_PX = 58
PLOT_HEIGHT_PX = 1000
# at the right for the half of the last step's number that stands beyond the axis
MARGINS = (4, 6, 18, 4)


class LossAboveAccuracy:
    """The views, axes and plots of a pair that zooms and moves together, and the room that it has.

    The step axis follows the run, until the person zooms in, while `following`.
    """

    def __init__(self) -> None:
        self.following = True
        self.logarithmic = False
        self._room: tuple[int, Span] | None = None
        self._way = False, True
        self.loss_view, self.accuracy_view = PickingViewBox(), PickingViewBox()
        self.loss_axis, self.accuracy_axis = DecadeAxis("left"), WholeNumberAxis("left")
        self.steps, self._hidden_steps = WholeNumberAxis("bottom"), WholeNumberAxis("bottom")
        self.loss_axis.set_logarithmic(False)
        self.loss_axis.setLabel("loss")
        self.accuracy_axis.setLabel("accuracy (%)")
        self.steps.setLabel("step")
        self._hidden_steps.setStyle(showValues=False)
        self.loss = _plot(self.loss_view, self._hidden_steps, self.loss_axis)
        self.accuracy = _plot(self.accuracy_view, self.steps, self.accuracy_axis)
        self.accuracy_view.setXLink(self.loss_view)
        self.accuracy_view.setLimits(yMin=-5, yMax=PERCENT + 5)
        self.show_all_accuracies()
        for view in self.views:
            view.sigRangeChangedManually.connect(self._zoomed)

    @property
    def views(self) -> tuple[PickingViewBox, PickingViewBox]:
        """The view of the loss and that of the accuracy."""
        return self.loss_view, self.accuracy_view

    @property
    def steps_in_view(self) -> Span:
        """The ends of the step axis."""
        low, high = self.loss_view.viewRange()[0]
        return float(low), float(high)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the axes."""
        axes: dict[str, Any] = {"loss": self.loss_axis, "accuracy": self.accuracy_axis, "bottom": self.steps}
        return {name: str(axis.labelText) for name, axis in axes.items()}

    def lie_in(self, widget: Any, title: Any, key: Any, below: Any) -> None:
        """Take the middle of a layout widget, between its title and its key, with the plot `below` under both."""
        widget.ci.setContentsMargins(*MARGINS)
        widget.ci.layout.setSpacing(2)
        for row, part in enumerate((title, self.loss, self.accuracy, below, key)):
            widget.addItem(part, row=row, col=0)
        self._layout = widget.ci.layout
        for row in (1, 2):
            self._layout.setRowPreferredHeight(row, PLOT_HEIGHT_PX)

    def make_way(self, below: bool, *, accuracy: bool = True) -> bool:
        """Leave the numbers of the step axis, and a third of the height, to a plot below, or take them back.

        Where there is no `accuracy`, its place as well: three plots in a low dock have little room. Return whether
        anything changed.
        """
        if (below, accuracy) == self._way:
            return False
        self._way = below, accuracy
        shown = accuracy or not below
        self.steps.setStyle(showValues=not below)
        self.steps.showLabel(not below)
        self.accuracy.setVisible(shown)
        self._layout.setRowPreferredHeight(2, PLOT_HEIGHT_PX if shown else 0)
        self._layout.setRowPreferredHeight(3, PLOT_HEIGHT_PX if below else 0)
        return True

    def apply_style(self, style: Style) -> None:
        """Recolour axes and borders."""
        for axis in (self.loss_axis, self.accuracy_axis, self.steps, self._hidden_steps):
            style_axis(axis, style)
        for view in self.views:
            view.setBorder(style.grid)

    def show_log_loss(self, logarithmic: bool) -> None:
        """Draw the loss over a logarithmic axis, or over an ordinary one from zero."""
        self.logarithmic = logarithmic
        self.loss_axis.set_logarithmic(logarithmic)

    def name_score(self, name: str) -> None:
        """Say on the axis what is drawn below the loss."""
        if self.accuracy_axis.labelText != (words := f"{name} (%)"):
            relabel(self.accuracy_axis, words)

    def show_all_accuracies(self) -> None:
        """Show 0 to 100%."""
        self.accuracy_view.setYRange(0, PERCENT, padding=0.02)

    def follow(self) -> None:
        """Let the step axis follow the run again, from the next `make_room` on."""
        self.following = True
        self._room = None

    def on_loss_axis(self, losses: Values) -> Values:
        """Return where losses lie on the axis; NaN, which is drawn as a gap, for those that lie nowhere."""
        drawn = np.isfinite(losses) & ((losses > 0) | (not self.logarithmic))
        if not self.logarithmic:
            return np.where(drawn, losses, np.nan)
        return np.log10(losses, out=np.full(len(losses), np.nan), where=drawn)

    def limits_around(self, span: Span | None) -> Span:
        """Return the ends of the loss axis that hold `span`, both as they lie on the axis; None: nothing is drawn."""
        if span is None:
            return (-1.0, 0.0) if self.logarithmic else (0.0, 1.0)
        low, high = span
        if self.logarithmic:
            return float(np.floor(low)), float(np.floor(high) + 1)
        return 0.0 - nice_above(-low), nice_above(high) or 1.0

    def make_room(self, room: int, limits: Span) -> None:
        """Let the axes hold `room` steps and losses within `limits`; move the views there while they follow."""
        if (room, limits) == self._room:
            return
        self._room = room, limits
        low, high = limits
        margin, smallest = 0.05 * (high - low), min(SMALLEST_ZOOM, room)
        ends: dict[str, Any] = {"xMin": -0.5, "xMax": room - 0.5, "minXRange": smallest}
        self.loss_view.setLimits(yMin=low - margin, yMax=high + margin, **ends)
        self.accuracy_view.setLimits(**ends)
        if self.following:
            self.loss_view.setXRange(-0.5, room - 0.5, padding=0)
            self.loss_view.setYRange(low, high, padding=0.02)

    def step_under(self, position: QPointF, below: PickingViewBox) -> int | None:
        """Return the step at a place of the scene; None beside both plots and the one `below`."""
        for view in (*self.views, below):
            if view.isVisible() and view.sceneBoundingRect().contains(position):
                return round(float(view.mapSceneToView(position).x()))
        return None

    def _zoomed(self) -> None:
        low, high = self.steps_in_view
        # zoomed out as far as it goes is as good as not zoomed
        self.following = self._room is None or high - low >= self._room[0] * 0.999


def _plot(view: Any, bottom: Any, left: Any) -> Any:
    plot = pg.PlotItem(viewBox=view, axisItems={"bottom": bottom, "left": left})
    plot.hideButtons()
    # both plots begin at the same place
    left.setWidth(LEFT_PX)
    return plot
