"""Loss, accuracy, learning rate and further numbers over the steps, of all runs of a report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradviz.plots.further_numbers import GROUP_RATE, LOGARITHMIC, VALIDATION_ACCURACY, VALIDATION_LOSS
from gradviz.plots.parts.limits import nice_above
from gradviz.plots.parts.step_line import Points, condensed
from gradviz.recording import score
from gradviz.recording.history import History
from gradviz.recording.zoom.scalars import Envelope
from gradviz.report.axes import Axis
from gradviz.report.charts import Line, chart
from gradviz.report.markup import Markup
from gradviz.report.reported_run import ReportedRun

MOST_COLUMNS = 480
MOST_FURTHER = 12
# of the largest to the smallest, from which on an axis is logarithmic
WIDE = 50.0
PERCENT = 100.0
# beyond it an axis cannot reach from a value to its negative
LARGEST = 1e300
LOSS, ACCURACY, R_SQUARED = "Loss", "Accuracy", "R²"


def curves(runs: Sequence[ReportedRun]) -> list[Markup]:
    """Return a chart of each kind of number that any of the runs has."""
    longest = max(run.history.frames for run in runs)
    steps = Axis("step", -0.5, max(longest, 2) - 0.5, whole=True)
    charts = []
    for name, lines in _charts(runs):
        drawable = [replace(line, y=np.where(np.abs(line.y) <= LARGEST, line.y, np.nan)) for line in lines]
        known = [line for line in drawable if np.isfinite(line.y).any()]
        if known:
            charts.append(_chart(name, known, steps))
    return charts


def _charts(runs: Sequence[ReportedRun]) -> Iterator[tuple[str, list[Line]]]:
    yield LOSS, [line for run in runs for line in _losses(run)]
    for title, kind in ((ACCURACY, score.ACCURACY), (R_SQUARED, score.R_SQUARED)):
        yield title, [line for run in runs if run.history.started.score is kind for line in _accuracies(run)]
    yield "Learning rate", [line for run in runs for line in _rates(run)]
    names = dict.fromkeys(name for run in runs for name in run.history.scalar_names if not _placed(name))
    for name in list(names)[:MOST_FURTHER]:
        having = [run for run in runs if name in run.history.scalar_names]
        yield name, [_line(run, "" if run.alone else run.label, _scalar(run.history, name)) for run in having]


def in_words(name: str) -> str:
    """Return the name of a further number as a heading: `weight_decay` is Weight decay."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words.islower() else words or name


def _placed(name: str) -> bool:
    return name in (VALIDATION_LOSS, VALIDATION_ACCURACY) or name.startswith(GROUP_RATE)


def _losses(run: ReportedRun) -> Iterator[Line]:
    history = run.history
    yield _line(run, _called(run, "training batch"), _curve(history, "loss"))
    yield _line(run, _called(run, "validation"), _evaluated(history, history.evaluation_losses()), dashed=True)
    if VALIDATION_LOSS in history.scalar_names:
        yield _line(run, _called(run, "validation"), _scalar(history, VALIDATION_LOSS), dashed=True)


def _accuracies(run: ReportedRun) -> Iterator[Line]:
    history = run.history
    yield _line(run, _called(run, "training batch"), _percent(_curve(history, "batch_accuracy")))
    evaluated = _percent(_evaluated(history, history.accuracies()))
    yield _line(run, _called(run, "validation"), evaluated, dashed=True)
    if VALIDATION_ACCURACY in history.scalar_names:
        told = _percent(_scalar(history, VALIDATION_ACCURACY))
        yield _line(run, _called(run, "validation"), told, dashed=True)


def _rates(run: ReportedRun) -> Iterator[Line]:
    history = run.history
    groups = [name for name in history.scalar_names if name.startswith(GROUP_RATE)]
    points = [("group 0", _curve(history, "learning_rate"))]
    points += [(f"group {name.removeprefix(GROUP_RATE)}", _scalar(history, name)) for name in groups]
    if not groups:
        points = [("", points[0][1])]
    for number, (group, drawn) in enumerate(points):
        series = number if run.alone else run.number
        if not groups and _constant(drawn):
            continue
        yield Line(_called(run, group), *drawn, series=series, dashed=not run.alone and number > 0)


def _constant(points: Points) -> bool:
    finite = points[1][np.isfinite(points[1])]
    return not finite.size or bool((finite == finite[0]).all())


def _called(run: ReportedRun, words: str) -> str:
    """Name a line; the name of the run is left out where there is only one."""
    if run.alone:
        return words
    return f"{run.label}, {words}" if words else run.label


def _line(run: ReportedRun, label: str, points: Points, *, dashed: bool = False) -> Line:
    # of a single run the dashed line may have a colour of its own
    return Line(label, *points, series=1 if run.alone and dashed else run.number, dashed=dashed and not run.alone)


def _curve(history: History, name: str) -> Points:
    return _points(history.curve(name, 0, history.frames - 1, MOST_COLUMNS))  # type: ignore[arg-type]


def _scalar(history: History, name: str) -> Points:
    steps, values = _points(history.scalar_curve(name, 0, history.frames - 1, MOST_COLUMNS))
    # told at some steps only: the line goes on from one to the next
    there = np.isfinite(values)
    return steps[there], values[there]


def _points(envelope: Envelope) -> Points:
    if envelope.stride == 1:
        return envelope.steps, envelope.largest
    pairs = np.stack([envelope.smallest, envelope.largest], axis=1).ravel()
    return np.repeat(envelope.steps, 2), pairs


def _evaluated(history: History, series: tuple[np.ndarray, np.ndarray]) -> Points:
    steps, values = series
    return condensed((steps.astype(np.float64), values), (0, history.frames), MOST_COLUMNS)


def _percent(points: Points) -> Points:
    # R squared has no lower end: what is worse than the mean of the targets lies below the axis
    return points[0], np.where(points[1] >= 0.0, points[1] * PERCENT, np.nan)


def _chart(name: str, lines: Sequence[Line], steps: Axis) -> Markup:
    title = in_words(name)
    if name in (ACCURACY, R_SQUARED):
        return chart(title, lines, steps, Axis("%", 0.0, PERCENT))
    values = np.concatenate([line.y[np.isfinite(line.y)] for line in lines])
    low, high = float(values.min()), float(values.max())
    positive = values[values > 0]
    if positive.size and (name in LOGARITHMIC or (low > 0 and high / low >= WIDE)):
        low = float(positive.min())
        with np.errstate(divide="ignore"):
            # what is not positive has no place there
            logs = [replace(each, y=np.where(each.y > 0, np.log10(np.abs(each.y)), np.nan)) for each in lines]
        first, last = float(math.floor(math.log10(low))), float(math.floor(math.log10(high)) + 1)
        return chart(title, logs, steps, Axis("logarithmic", first, last, logarithmic=True))
    ends_of_linear = (0.0 - nice_above(-low), nice_above(high))
    low, high = ends_of_linear if ends_of_linear != (0.0, 0.0) else (0.0, 1.0)
    return chart(title, lines, steps, Axis("", low, high))
