"""Loss and accuracy of two to four runs in one plot, over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Signal

from gradviz.plots.compared import Compared, Look, last_step
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, room_for, united
from gradviz.plots.parts.loss_above_accuracy import PERCENT, LossAboveAccuracy
from gradviz.plots.parts.notice import NO_STEP_YET, Notice
from gradviz.plots.parts.picking import StepCursor
from gradviz.plots.parts.plot_widgets import HoverPlot
from gradviz.plots.parts.step_line import NOTHING, Points, condensed, line, span_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.history import Series

MOST_MARKS = 12


class _Curve:
    """One run's values over its steps, with its mark on some of them."""

    def __init__(self, plot: Any, look: Look) -> None:
        self.look = look
        self._curve = plot.plot(connect="finite")
        self._marks = pg.ScatterPlotItem(symbol=look.symbol, size=look.mark_px, pxMode=True)
        plot.addItem(self._marks)

    @property
    def points(self) -> Points:
        """Steps and values that are drawn."""
        steps, values = self._curve.getOriginalDataset()
        return NOTHING if steps is None else (steps, values)

    def draw(self, points: Points) -> None:
        """Draw steps and values, NaN for a gap."""
        steps, values = points
        self._curve.setData(steps, values)
        # marks of several runs stand at different steps, so that none covers another
        every = max(len(steps) // MOST_MARKS, 1)
        marked = np.isfinite(values) & (np.arange(len(steps)) % every == self.look.number * every // 4)
        self._marks.setData(steps[marked], values[marked])

    def colour(self, style: Style) -> None:
        self._curve.setPen(self.look.pen(style, 1.0))
        self._marks.setPen(self.look.colour(style))
        self._marks.setBrush(self.look.colour(style))


class OverlaidCurves(HoverPlot):
    """Loss of the training batch above, accuracy below; a click or drag picks a step. `refresh` pulls.

    Accuracy is that of held-out samples where a run has some, else that of the batch; what has neither has no line.
    """

    step_picked = Signal(int)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.runs: list[Compared] = []
        self._style = LIGHT
        self._recorded: object = None
        self._drawn: object = None
        self._losses: list[_Curve] = []
        self._accuracies: list[_Curve] = []
        self._build()
        self.apply_style(LIGHT)

    def show_runs(self, runs: Sequence[Compared]) -> None:
        """Draw other runs."""
        self.runs = list(runs)
        for plot in self._plots:
            plot.clear()
        self._losses, self._accuracies = (
            [_Curve(plot, Look(number)) for number in range(len(runs))] for plot in self._plots
        )
        self._cursors = [StepCursor(plot) for plot in self._plots]
        self.apply_style(self._style)
        self.show_all()

    def show_log_loss(self, logarithmic: bool) -> None:
        """Draw the loss over a logarithmic axis, or over an ordinary one from zero."""
        self._pair.show_log_loss(logarithmic)
        self.show_all()

    def show_all(self) -> None:
        """Show all of every run and follow them again."""
        self._pair.follow()
        self._recorded = self._drawn = None
        self.refresh()

    def pick_step(self, step: int | None) -> None:
        """Mark `step`; None marks nothing and stands for the latest."""
        for cursor in self._cursors:
            cursor.show(step)

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        recorded = [(run.history.frames, run.history.latest_evaluation) for run in self.runs]
        if recorded != self._recorded:
            self._recorded = recorded
            self._notice.say("" if any(run.history.frames for run in self.runs) else NO_STEP_YET)
            self._make_room()
            self._describe()
        self._draw()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._pair.apply_style(style)
        self._notice.apply_style(style)
        for cursor in self._cursors:
            cursor.apply_style(style)
        for curve in (*self._losses, *self._accuracies):
            curve.colour(style)
        self._describe()

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key()
        self._pair = LossAboveAccuracy()
        self._pair.lie_in(self, self._title, self._key)
        self._plots = [self._pair.loss, self._pair.accuracy]
        for view in self._pair.views:
            view.picked.connect(self._pick)
        self._pair.loss_view.sigXRangeChanged.connect(self._draw)
        self._pair.loss_view.sigResized.connect(self._draw)
        self._cursors = [StepCursor(plot) for plot in self._plots]
        self._notice = Notice(self._pair.loss_view)
        self.scene().sigMouseMoved.connect(self._hover)

    def _draw(self) -> None:
        """Draw what of the lines is in sight, in no more points than there are pixels."""
        view, pixels = self._pair.steps_in_view, round(self._pair.loss_view.width() * self.devicePixelRatioF())
        drawn = (self._recorded, view, pixels, self._pair.logarithmic)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        for run, loss, accuracy in zip(self.runs, self._losses, self._accuracies, strict=True):
            if run.history.frames:
                loss.draw(line(run.history, "loss", view, pixels, self._pair.on_loss_axis))
                accuracy.draw(_accuracy_line(run, view, pixels))

    def _make_room(self) -> None:
        room = max((room_for(run.history.frames, run.history.started.planned_steps) for run in self.runs), default=1)
        known = [run.history for run in self.runs if run.history.frames]
        span = united(*(span_of(history, "loss", self._pair.on_loss_axis) for history in known))
        self._pair.make_room(room, self._pair.limits_around(span))

    def _describe(self) -> None:
        self._title.say("Loss of the training batch, accuracy on samples held out")
        style = self._style
        entries = [
            (Look(number).sign, Look(number).colour(style), f"{Look(number).letter} {run.name}{_kind(run)}")
            for number, run in enumerate(self.runs)
        ]
        self._key.show_entries(entries, style.foreground)

    def _pick(self, x: float) -> None:
        if (latest := max((run.history.frames for run in self.runs), default=0) - 1) >= 0:
            step = min(max(round(x), 0), latest)
            self.pick_step(step)
            self.step_picked.emit(step)

    def _hover(self, position: QPointF) -> None:
        step = self._pair.step_under(position)
        self.hovered.emit("" if step is None else self._words_at(step))

    def _words_at(self, step: int) -> str:
        parts = []
        for number, run in enumerate(self.runs):
            if 0 <= step <= last_step(run, None):
                parts.append(f"{Look(number).letter}: loss {run.history.loss(step):.4g}{_accuracy_at(run, step)}")
        return f"step {step} · {' · '.join(parts)}" if parts else ""


def _accuracy_line(run: Compared, view: Span, pixels: int) -> Points:
    """Return steps and accuracies in percent that are in `view`."""
    if run.history.started.held_out is None:
        return line(run.history, "batch_accuracy", view, pixels, lambda shares: shares * PERCENT)
    steps, shares = run.history.accuracies()
    return condensed((steps.astype(np.float64), shares * PERCENT), view, pixels)


def _accuracy(run: Compared) -> Series:
    held_out = run.history.accuracies()
    return held_out if len(held_out[0]) or run.history.started.held_out is not None else run.history.batch_accuracies()


def _kind(run: Compared) -> str:
    """Say where the accuracy of a run is none of samples held out."""
    if run.history.started.held_out is not None:
        return ""
    known = np.isfinite(run.history.batch_accuracies()[1]).any()
    return " (accuracy of the batch)" if known else " (accuracy not known)"


def _accuracy_at(run: Compared, step: int) -> str:
    steps, shares = _accuracy(run)
    at = int(np.searchsorted(steps, step, side="right")) - 1
    return f", accuracy {shares[at]:.1%}" if at >= 0 and np.isfinite(shares[at]) else ""
