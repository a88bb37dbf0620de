"""Loss and accuracy over the steps: of one run on its batches and on validation samples, of several a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt

from gradviz.plots.curve_lines import CurvePair, batch_points, held_out_points
from gradviz.plots.curve_words import (
    compared_words_at,
    in_words,
    legend,
    score_name,
    tells_validation_accuracy,
    title,
    what_is_missing,
)
from gradviz.plots.further_numbers import VALIDATION_LOSS, NumberFamily, number_span
from gradviz.plots.number_plot import NumberPlot
from gradviz.plots.parts.drawn import Readout, given_lines
from gradviz.plots.parts.key import Key
from gradviz.plots.parts.limits import Span, room_for, united
from gradviz.plots.parts.loss_above_accuracy import PERCENT, LossAboveAccuracy
from gradviz.plots.parts.loss_ceiling import ClippedLosses, ceiling_of
from gradviz.plots.parts.notice import NO_STEP_YET, Notice
from gradviz.plots.parts.picking import DivergedLine, StepCursor
from gradviz.plots.parts.plot_widgets import RunsPlot
from gradviz.plots.parts.rate_marks import RateMarks, rate_changes
from gradviz.plots.parts.step_line import COLUMNS_FOR_ENDS, Points, finite_span, span_of
from gradviz.plots.parts.style import LIGHT, Style
from gradviz.plots.parts.words import Words
from gradviz.plots.shown_run import ShownRun
from gradviz.recording.history import History

# the lines of a single run, in the order in which they are drawn; those of several go by their letters
REFERENCE, BATCH, HELD_OUT = "reference", "batch", "validation"


@dataclass(frozen=True, slots=True, eq=False)
class CurvesState:
    """What the curves show, and, unless they are `following`, which part: the ranges of both views, x then y."""

    runs: tuple[ShownRun, ...]
    step: int | None
    reference: History | None
    reference_label: str
    logarithmic: bool
    number: str
    following: bool
    ranges: tuple[tuple[Span, Span], tuple[Span, Span]]


class CurvesPlot(RunsPlot):
    """Loss above, accuracy in percent below, over one step axis. `refresh` pulls; mouse or keys pick a step.

    A single run has lines for its batches and for validation samples, and another run behind it; the legend says the
    values at the picked step. Of several runs each has one line: the accuracy is that of validation samples where a
    run has some, else that of the batch; what has neither has no line. Further numbers of the runs, if there are any,
    are drawn below, those of one axis at a time.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._reference: History | None = None
        self._reference_label = ""
        self._extent: object = None
        self._drawn: object = None
        self._frames = 0
        self._lines: dict[str, CurvePair] = {}
        self._build()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show_runs(())
        self.apply_style(LIGHT)

    @property
    def following(self) -> bool:
        """Whether the step axis grows with the runs."""
        return self._pair.following

    @property
    def views(self) -> tuple[Any, Any]:
        """The view of the loss and that of the accuracy."""
        return self._pair.views

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Draw other runs, from their beginning."""
        several, were_several = len(runs) > 1, len(self.runs) > 1
        self.runs = tuple(runs)
        if several or were_several or not self._lines:
            for line in self._lines.values():
                line.remove()
            self._lines = self._make_lines()
            self._colour_lines()
        self._key.stack(not several)
        self.show_step(None)
        self.show_all()

    def show_reference(self, history: History | None, label: str = "") -> None:
        """Draw validation loss and accuracy of another run behind a single one, dashed; None: do not."""
        self._reference, self._reference_label = history, label
        self._extent = None
        self.refresh()

    def show_log_loss(self, logarithmic: bool) -> None:
        """Draw the loss over a logarithmic axis, or over an ordinary one from zero."""
        self._pair.show_log_loss(logarithmic)
        self.show_all()

    @property
    def numbers(self) -> tuple[NumberFamily, ...]:
        """The further numbers that can be drawn, those that share an axis together."""
        return self._number_plot.offered

    @property
    def number(self) -> str:
        """The name of those that are drawn; empty where there are none."""
        return self._number_plot.chosen.name if self._number_plot.chosen is not None else ""

    def show_number(self, name: str) -> None:
        """Draw the further numbers of that name below loss and accuracy; those of the first where there is no such."""
        self._number_plot.choose(name)
        self._drawn = None
        self.refresh()
        self._describe()

    def show_all(self) -> None:
        """Show all of every run and follow them again."""
        self._pair.follow()
        self._pair.show_all_accuracies()
        self._extent = self._drawn = None
        self.refresh()

    def show_step(self, step: int | None) -> None:
        """Mark `step` and say its values; None marks nothing and stands for the latest."""
        self.step = step
        for cursor in (*self._cursors, self._number_plot.cursor):
            cursor.show(step)
        self._describe()

    def refresh(self) -> None:
        """Pull what is new. Costs next to nothing if there is none."""
        self._say_what_is_missing()
        extent = (*(_extent(run.history) for run in self.runs), _extent(self._reference))
        if extent != self._extent:
            self._extent = extent
            self._frames = self.latest + 1
            self._mark_run()
            self._make_room()
            self._describe()
        self._draw()

    def apply_style(self, style: Style) -> None:
        """Recolour everything."""
        self.style_in_use = style
        self.setBackground(style.background)
        self._title.set_colour(style.foreground)
        self._pair.apply_style(style)
        self._number_plot.apply_style(style)
        self._colour_lines()
        self._chance.setPen(style.muted, width=1, style=Qt.PenStyle.DotLine)
        self._chance.label.setColor(style.muted)
        for notice in (self._notice, self._no_accuracy, self._above):
            notice.apply_style(style)
        self._rate_marks.apply_style(style)
        for cursor, diverged in zip(self._cursors, self._diverged, strict=True):
            cursor.apply_style(style)
            diverged.apply_style(style)
        self._describe()

    def state(self) -> CurvesState:
        """Return what is shown, and which part of it."""
        ranges = [((x[0], x[1]), (y[0], y[1])) for x, y in (view.viewRange() for view in self.views)]
        return CurvesState(
            self.runs, self.step, self._reference, self._reference_label, self._pair.logarithmic,
            self.number, self.following,
            (ranges[0], ranges[1]),
        )  # fmt: skip

    def restore(self, state: CurvesState) -> None:
        """Show what curves showed when `state` was taken."""
        self.show_log_loss(state.logarithmic)
        self._number_plot.choose(state.number)
        self.show_runs(state.runs)
        self.show_reference(state.reference, state.reference_label)
        self.show_step(state.step)
        if not state.following:
            self._pair.following = False
            for view, (steps, values) in zip(self.views, state.ranges, strict=True):
                view.setRange(xRange=steps, yRange=values, padding=0)

    def readout(self) -> Readout:
        """Return what is drawn and written, as data; `chance`, `step` and `diverged` are lines across the plots."""
        diverged = self._diverged[0]
        chance = float(self._chance.value()) if self._chance.isVisible() else None
        changes = self._rate_marks.changes
        notices = {"no accuracy": self._no_accuracy.text, "diverged": diverged.words}
        return Readout(
            title=self._title.text,
            notice=self._notice.text,
            key=self._key.entries,
            axes={**self._pair.labels, **({"number": label} if (label := self._number_plot.label) else {})},
            series=(
                *(each for line in self._lines.values() for each in line.series()),
                *self._above.series(),
                *self._number_plot.series(self.runs),
            ),
            lines={
                **given_lines(step=self._cursors[0].step, diverged=diverged.step, chance=chance),
                **({"rate changed": tuple(float(step) for step, *_ in changes)} if changes else {}),
            },
            labels={name: words for name, words in notices.items() if words},
        )

    def _build(self) -> None:
        self._title, self._key = Words(size_pt=10.5), Key(stacked=True)
        self._pair, self._number_plot = LossAboveAccuracy(), NumberPlot()
        self._pair.lie_in(self, self._title, self._key, self._number_plot.item)
        self._number_plot.view.setXLink(self._pair.loss_view)
        loss, accuracy = self._pair.loss, self._pair.accuracy
        self._chance = pg.InfiniteLine(angle=0, label="chance", labelOpts={"position": 0.97, "anchors": [(1, 1)] * 2})
        accuracy.addItem(self._chance, ignoreBounds=True)
        self._cursors = [StepCursor(loss), StepCursor(accuracy)]
        self._diverged = [DivergedLine(loss), DivergedLine(accuracy, in_words=False)]
        self._above = ClippedLosses(loss)
        self._rate_marks = RateMarks((loss, accuracy, self._number_plot.item))
        self._notice, self._no_accuracy = Notice(self.views[0]), Notice(self.views[1])
        for view in (*self.views, self._number_plot.view):
            view.picked.connect(self._pick_at)
        self.views[0].sigXRangeChanged.connect(self._draw)
        self.views[0].sigResized.connect(self._draw)
        self.scene().sigMouseMoved.connect(self._hover)

    def _make_lines(self) -> dict[str, CurvePair]:
        if len(self.runs) > 1:
            return {run.series.letter: CurvePair(self._pair, run.series.letter, run.series) for run in self.runs}
        return {
            name: CurvePair(self._pair, name, marks_points=name == HELD_OUT) for name in (REFERENCE, BATCH, HELD_OUT)
        }

    def _colour_lines(self) -> None:
        style = self.style_in_use
        pens = {run.series.letter: run.series.pen(style, 1.0) for run in self.runs}
        if len(self.runs) <= 1:
            dashed = pg.mkPen(style.series[2], width=1, style=Qt.PenStyle.DashLine)
            pens = {BATCH: pg.mkPen(style.series[0]), HELD_OUT: pg.mkPen(style.series[1]), REFERENCE: dashed}
        for name, line in self._lines.items():
            line.colour(pens[name])

    def _say_what_is_missing(self) -> None:
        history = self.history
        if len(self.runs) > 1:
            self._notice.say("" if self.latest >= 0 else NO_STEP_YET)
            self._no_accuracy.say("")
            return
        self._notice.say(self.absence if history is None else what_is_missing(history, "loss"))
        self._no_accuracy.say("" if history is None else what_is_missing(history, "batch_accuracy"))

    def _knows_accuracy(self) -> bool:
        """Whether any run has an accuracy to draw, or may still get one."""
        histories = [run.history for run in self.runs]
        return not histories or any(
            tells_validation_accuracy(each) or not what_is_missing(each, "batch_accuracy") for each in histories
        )

    def _mark_run(self) -> None:
        """Mark divergence and chance of a single run."""
        history = self.history
        diverged = history.diverged if history is not None else None
        for mark in self._diverged:
            mark.show(diverged.step if diverged else None)
        self._rate_marks.show(rate_changes(history))
        samples = history.started.held_out if history is not None else None
        if samples is not None and history is not None:
            level = history.started.score.of_a_guess
            self._chance.setValue(PERCENT / len(samples.class_names) if level is None else PERCENT * level)
            self._chance.label.setFormat("chance" if level is None else "mean of the targets")
        self._chance.setVisible(samples is not None)
        self._pair.name_score(score_name(self.runs))

    def _draw(self) -> None:
        """Draw the steps in view; what a long run costs is the pixels, not the steps."""
        view, pixels = self._pair.steps_in_view, round(self.views[0].width() * self.devicePixelRatioF())
        drawn = (self._extent, view, pixels, self._pair.logarithmic)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._number_plot.draw(self.runs, view, pixels)
        if self._pair.make_way(bool(self.numbers), accuracy=self._knows_accuracy()):
            self._describe()
        if len(self.runs) <= 1:
            self._lines[BATCH].draw(*batch_points(self.history, view, pixels, self._pair))
            self._lines[HELD_OUT].draw(*held_out_points(self.history, view, pixels, self._pair))
            self._lines[REFERENCE].draw(*held_out_points(self._reference, view, pixels, self._pair))
            return
        for run in self.runs:
            loss, accuracy = batch_points(run.history, view, pixels, self._pair)
            if tells_validation_accuracy(run.history):
                accuracy = held_out_points(run.history, view, pixels, self._pair)[1]
            self._lines[run.series.letter].draw(loss, accuracy)

    def _make_room(self) -> None:
        lengths = [(run.history.frames, run.history.started.planned_steps) for run in self.runs] or [(0, 0)]
        room = max(room_for(frames, planned) for frames, planned in lengths)
        self._pair.make_room(room, self._pair.limits_around(self._clipped(self._span_of_loss())))

    def _span_of_loss(self) -> Span | None:
        place = self._pair.on_loss_axis
        spans = [span_of(run.history, "loss", place) for run in self.runs]
        if len(self.runs) <= 1:
            held_out = [run for run in (self.history, self._reference) if run is not None]
            spans += [finite_span(place(run.evaluation_losses()[1])) for run in held_out]
            spans += [number_span(run, VALIDATION_LOSS, place, COLUMNS_FOR_ENDS) for run in held_out]
        return united(*spans)

    def _clipped(self, span: Span | None) -> Span | None:
        """Let the axis end below losses that are out of all proportion, and mark them; a logarithmic one holds all."""
        lines: list[Points] = []
        if not self._pair.logarithmic and span is not None:
            whole = -0.5, float(max(self.latest, 1))
            lines = [batch_points(run.history, whole, COLUMNS_FOR_ENDS, self._pair)[0] for run in self.runs]
            if len(self.runs) <= 1:
                shown = [run for run in (self.history, self._reference) if run is not None]
                lines += [held_out_points(run, whole, COLUMNS_FOR_ENDS, self._pair)[0] for run in shown]
            tops = [top for _, losses in lines if (top := ceiling_of(losses)) is not None]
            span = (span[0], min(span[1], max(tops, default=span[1])))
        self._above.show(lines, self._pair.limits_around(span)[1])
        return span

    def _describe(self) -> None:
        further = self._number_plot.label if len(self.runs) > 1 else ""
        words = title(self.runs, self._frames, self.step)
        self._title.say(f"{words}, {further}" if further else words)
        label = self._reference_label if self._reference is not None else None
        entries = [
            *legend(self.runs, self.step, label, self.style_in_use),
            *self._above.legend(self.style_in_use),
            *self._number_plot.legend(self.runs, self.step),
        ]
        self._key.show_entries(entries, self.style_in_use.foreground)

    def _pick_at(self, x: float) -> None:
        self._pick_near(x, self.views[0].viewPixelSize()[0])

    def _hover(self, position: QPointF) -> None:
        step = self._pair.step_under(position, self._number_plot.view)
        self.hovered.emit("" if step is None else self._words_at(step))

    def _words_at(self, step: int) -> str:
        history = self.history
        words = in_words(history, step) if history is not None and 0 <= step < history.frames else ""
        if len(self.runs) > 1:
            words = compared_words_at(self.runs, step)
        further = self._number_plot.words_at(self.runs, step)
        return f"{words} · {further}" if words and further else words


def _extent(history: History | None) -> object:
    """Return what tells whether a run has anything new to draw."""
    if history is None:
        return None
    return history, history.frames, history.latest_evaluation, history.diverged
