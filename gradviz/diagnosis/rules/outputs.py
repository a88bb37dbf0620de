"""Rows whose output is not finite, or nothing but zeros."""

from __future__ import annotations

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.measurements import Outputs
from gradviz.diagnosis.readings import MEAN, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.settling import SETTLED_STEPS
from gradviz.diagnosis.thresholds import Thresholds


@rule("exploding", rank=21)
def not_finite(readings: Readings, _thresholds: Thresholds, *, outputs: Outputs) -> Finding | None:
    """Find the first row whose output is infinite or not a number, unless the loss was lost by it."""
    if readings.lost is not None and readings.lost.step <= outputs.step:
        return None
    rows = readings.asked_where(outputs.not_finite)
    if not rows:
        return None
    return Finding(
        "exploding",
        Severity.CRITICAL,
        outputs.step,
        (evidence("output_not_finite", MEAN, outputs.step, rows, rows[0]),),
        rows=rows,
        worst_row=rows[0],
        quantity=MEAN,
    )


@rule("dead", rank=28)
def nothing_but_zeros(readings: Readings, _thresholds: Thresholds, *, outputs: Outputs) -> Finding | None:
    """Find rows that put out only zeros, once branches that begin so have had the time to open.

    Where the share of dead units is measured it says more.
    """
    zero = (outputs.mean.values == 0.0) & (outputs.spread.values == 0.0)
    if readings.dead is not None:
        zero &= ~readings.dead.there
    rows = readings.asked_where(zero)
    if outputs.step < SETTLED_STEPS or not rows:
        return None
    return Finding(
        "dead",
        Severity.WARNING,
        outputs.step,
        (evidence("zero_output", MEAN, outputs.step, rows),),
        rows=rows,
        worst_row=rows[0],
        quantity=MEAN,
    )
