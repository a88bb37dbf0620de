"""Quantities over the rows at the last step at which they were measured, of all runs of a report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradviz.plots.parts.limits import united
from gradviz.plots.parts.step_line import finite_span
from gradviz.recording.frame import Quantity
from gradviz.report.axes import Axis, axis_of
from gradviz.report.charts import Line, chart
from gradviz.report.markup import Markup
from gradviz.report.reported_run import ReportedRun

# in the order in which they are shown, as far as a run has them
USUAL = ("weight_grad_norm", "activation_grad_rms", "update_ratio", "dead_fraction", "saturated_fraction")
MOST_HEATMAPS = 5


def quantities_of(run: ReportedRun) -> list[Quantity]:
    """Return the quantities worth a picture: those the findings speak of first, then the usual ones."""
    wanted = dict.fromkeys([*(finding.quantity for finding in run.findings if finding.quantity), *USUAL])
    found = [each for name in wanted for each in run.history.quantities if each.name == name]
    measured = [each for each in found if run.history.latest_row(each.name, run.latest) is not None]
    return measured[:MOST_HEATMAPS] or list(run.history.quantities[:1])


def profiles(runs: Sequence[ReportedRun]) -> list[Markup]:
    """Return a chart for each quantity that any run has a picture of, with a line for each run that measured it."""
    quantities = {each.name: each for run in runs for each in quantities_of(run)}
    deepest = {len(run.history.started.rows) for run in runs}
    rows = Axis("row (1 is next to the input)", 0.5, max(deepest) + 0.5, whole=True)
    if len(deepest) > 1:
        rows = Axis("depth in the network (0 is the input, 1 the output)", 0.0, 1.0)
    charts = []
    for quantity in quantities.values():
        lines = [line for run in runs for line in _line(run, quantity, relative=len(deepest) > 1)]
        spans = [finite_span(line.y) for line in lines]
        if lines:
            guides = [quantity.guide] if quantity.guide is not None else []
            title = f"{quantity.label} over the rows"
            charts.append(chart(title, lines, rows, axis_of(quantity, united(*spans)), guides))
    return charts


def _line(run: ReportedRun, quantity: Quantity, *, relative: bool) -> list[Line]:
    found = run.history.latest_row(quantity.name, run.latest) if run.measures(quantity.name) else None
    if found is None:
        return []
    step, values = found
    places = np.arange(1, len(values) + 1, dtype=np.float64)
    if relative:
        places = (places - 0.5) / len(values)
    # what has no such value, as a module without weights, is passed over; what is not finite is a gap
    there = run.history.measured(quantity.name, step)
    places, values = places[there], values[there]
    label = f"step {step:,}" if run.alone else f"{run.label}, step {step:,}"
    return [Line(label, places, values.astype(np.float64), run.number)]
