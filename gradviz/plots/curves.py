"""Loss and accuracy over the steps, of the batch that was trained on and of samples held out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt

from gradviz.plots.curve_words import in_words, title, values_at, what_is_missing
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, room_for, united
from gradviz.plots.parts.loss_above_accuracy import PERCENT, LossAboveAccuracy
from gradviz.plots.parts.notice import NO_RUN, Notice
from gradviz.plots.parts.picking import DivergedLine, StepCursor
from gradviz.plots.parts.plot_widgets import StepPlot
from gradviz.plots.parts.step_line import NOTHING, Points, Transform, Values, condensed, finite_span, line, span_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.recording.history import CurveName, History, Series

MOST_MARKS = 60


class CurvesPlot(StepPlot):
    """Loss above, accuracy in percent below, over one step axis. `refresh` pulls; mouse or keys pick a step.

    The key says what the curves are, and what their values are at the picked step.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.absence = NO_RUN
        self._reference: History | None = None
        self._reference_label = ""
        self._style = LIGHT
        self._drawn: object = None
        self._frames = 0
        self._build()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.apply_style(LIGHT)
        self.show_all()

    @property
    def following(self) -> bool:
        """Whether the step axis grows with the run."""
        return self._pair.following

    def show_history(self, history: History | None) -> None:
        """Draw another run, from its beginning."""
        self.history = history
        self.pick_step(None)
        self.show_all()

    def show_reference(self, history: History | None, label: str = "") -> None:
        """Draw held-out loss and accuracy of another run behind, dashed; None: do not."""
        self._reference, self._reference_label = history, label
        self._drawn = None
        self.refresh()

    def show_log_loss(self, logarithmic: bool) -> None:
        """Draw the loss over a logarithmic axis, or over an ordinary one from zero."""
        self._pair.show_log_loss(logarithmic)
        self.show_all()

    def show_all(self) -> None:
        """Show the whole run and follow it again."""
        self._pair.follow()
        self._pair.show_all_accuracies()
        self._drawn = None
        self.refresh()

    def pick_step(self, step: int | None) -> None:
        """Mark `step` and say its values; None marks nothing and stands for the latest."""
        self._picked = step
        for cursor in self._cursors:
            cursor.show(step)
        self._describe()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        history, reference = self.history, self._reference
        self._notice.say(self.absence if history is None else what_is_missing(history, "loss"))
        self._no_accuracy.say("" if history is None else what_is_missing(history, "batch_accuracy"))
        drawn = (_extent(history), _extent(reference))
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._frames = history.frames if history is not None else 0
        self._mark_run()
        self._make_room()
        self._draw_lines()
        self._describe()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self._style = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._pair.apply_style(style)
        held_out, batch = style.series[1], style.series[0]
        dashed = Qt.PenStyle.DashLine
        for batch_curve, held_out_curve, other_curve in (self._loss_curves, self._accuracy_curves):
            batch_curve.setPen(batch, width=1)
            held_out_curve.setPen(held_out, width=1)
            held_out_curve.setSymbolBrush(held_out)
            held_out_curve.setSymbolPen(None)
            other_curve.setPen(style.series[2], width=1, style=dashed)
        self._chance.setPen(style.muted, width=1, style=Qt.PenStyle.DotLine)
        self._chance.label.setColor(style.muted)
        self._notice.apply_style(style)
        self._no_accuracy.apply_style(style)
        for cursor in self._cursors:
            cursor.apply_style(style)
        for mark in self._diverged:
            mark.apply_style(style)
        self._describe()

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key(stacked=True)
        self._pair = LossAboveAccuracy()
        self._pair.lie_in(self, self._title, self._key)
        self._loss_view, self._accuracy_view = self._pair.views
        loss, accuracy = self._pair.loss, self._pair.accuracy
        self._loss_curves, self._accuracy_curves = _curves(loss), _curves(accuracy)
        self._chance = pg.InfiniteLine(angle=0, label="chance", labelOpts={"position": 0.97, "anchors": [(1, 1)] * 2})
        accuracy.addItem(self._chance, ignoreBounds=True)
        self._cursors = [StepCursor(loss), StepCursor(accuracy)]
        self._diverged = [DivergedLine(loss), DivergedLine(accuracy, in_words=False)]
        self._notice, self._no_accuracy = Notice(self._loss_view), Notice(self._accuracy_view)
        for view in self._pair.views:
            view.picked.connect(self._pick_at)
        self._loss_view.sigXRangeChanged.connect(self._draw_lines)
        self._loss_view.sigResized.connect(self._draw_lines)
        self.scene().sigMouseMoved.connect(self._hover)

    def _mark_run(self) -> None:
        history = self.history
        diverged = history.diverged if history is not None else None
        for mark in self._diverged:
            mark.show(diverged.step if diverged else None)
        samples = history.started.held_out if history is not None else None
        if samples is not None:
            self._chance.setValue(PERCENT / len(samples.class_names))
        self._chance.setVisible(samples is not None)

    def _draw_lines(self) -> None:
        """Draw the steps in view; what a long run costs is the pixels, not the steps."""
        self._draw_over_steps(self._loss_curves, "loss", History.evaluation_losses, self._pair.on_loss_axis)
        self._draw_over_steps(self._accuracy_curves, "batch_accuracy", History.accuracies, _in_percent)

    def _draw_over_steps(
        self, curves: Any, name: CurveName, evaluated: Callable[[History], Series], transform: Transform
    ) -> None:
        view, pixels = self._loss_view.viewRange()[0], round(self._loss_view.width() * self.devicePixelRatioF())
        batch, held_out, other = curves
        mine, its = (_points(run, evaluated, transform) for run in (self.history, self._reference))
        batch.setData(*(line(self.history, name, view, pixels, transform) if self.history is not None else NOTHING))
        drawn = condensed(mine, view, pixels)
        held_out.setData(*drawn, symbol="o" if len(drawn[0]) <= MOST_MARKS else None, symbolSize=5)
        other.setData(*condensed(its, view, pixels))

    def _make_room(self) -> None:
        history = self.history
        room = room_for(history.frames, history.started.planned_steps) if history is not None else room_for(0)
        self._pair.make_room(room, self._pair.limits_around(self._span_of_loss()))

    def _span_of_loss(self) -> Span | None:
        held_out = (
            finite_span(_points(run, History.evaluation_losses, self._pair.on_loss_axis)[1])
            for run in (self.history, self._reference)
        )
        batch = span_of(self.history, "loss", self._pair.on_loss_axis) if self.history is not None else None
        return united(batch, *held_out)

    def _describe(self) -> None:
        style, history = self._style, self.history
        self._title.say(title(self._frames, self._picked))
        batch = held_out = ""
        if history is not None and self._picked is not None:
            batch, held_out = values_at(history, self._picked)
        entries = [("—", style.series[0], f"training batch{batch}")]
        if self.history is None or self.history.started.held_out is not None:
            entries.append(("●", style.series[1], f"held out{held_out}"))
        if self._reference is not None:
            entries.append(("- -", style.series[2], f"{self._reference_label}, held out"))
        self._key.show_entries(entries, style.foreground)

    def _pick_at(self, x: float) -> None:
        self._pick_near(x, self._loss_view.viewPixelSize()[0])

    def _hover(self, position: QPointF) -> None:
        step = self._pair.step_under(position)
        self.hovered.emit("" if step is None else self._words_at(step))

    def _words_at(self, step: int) -> str:
        history = self.history
        return in_words(history, step) if history is not None and 0 <= step < history.frames else ""


def stand_in(plot: CurvesPlot) -> CurvesPlot:
    """Return a plot off the screen in the state of `plot`."""
    other = CurvesPlot()
    other.resize(plot.size())
    other.apply_style(plot._style)
    other.show_log_loss(plot._pair.logarithmic)
    other.show_history(plot.history)
    other.show_reference(plot._reference, plot._reference_label)
    if not plot.following:
        other._pair.following = False
        for mine, its in zip(other._pair.views, plot._pair.views, strict=True):
            mine.setRange(xRange=its.viewRange()[0], yRange=its.viewRange()[1], padding=0)
    return other


def _curves(plot: Any) -> tuple[Any, Any, Any]:
    """Return the curves of the batch, of the samples held out, and of those of another run."""
    curves = tuple(plot.plot(connect="finite") for _ in range(3))
    for curve in curves:
        # of many steps in one pixel the extremes are drawn; width 1 is the only fast one
        curve.setDownsampling(auto=True, method="peak")
        curve.setClipToView(True)
    # the samples held out on top, another run at the bottom
    return curves[1], curves[2], curves[0]


def _points(run: History | None, series: Callable[[History], Series], transform: Transform) -> Points:
    if run is None:
        return NOTHING
    steps, values = series(run)
    return steps.astype(np.float64), transform(values)


def _in_percent(shares: Values) -> Values:
    return shares * PERCENT


def _extent(history: History | None) -> object:
    """Return what tells whether a run has anything new to draw."""
    if history is None:
        return None
    return history, history.frames, history.latest_evaluation, history.diverged
