"""Layers of somebody's own that hand on so few numbers that too little gets through."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence, Finding, Severity
from gradviz.diagnosis.readings import HAS_LEARNT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# of its first value a loss has at least so much left
LEARNS_NOTHING = 0.95


@rule("narrow", rank=24)
def bottleneck(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find layers far narrower than those around them, where the loss has not halved after a while.

    It may be meant so, as in an autoencoder, and is worth a word only.
    """
    held, first, late = readings.observed("narrow"), readings.first_loss, readings.late_loss
    if held is None or first is None or late is None or readings.step < thresholds.patience_steps:
        return None
    if late < HAS_LEARNT * first:
        return None
    rows = held.observation.rows
    fact = Evidence("bottleneck", "", held.since, rows, rows[0], held.observation.numbers)
    # a single number in the middle of a network that learns nothing is hardly meant so
    hopeless = dict(held.observation.numbers).get("units") == 1.0 and late >= LEARNS_NOTHING * first
    return Finding(
        "narrow",
        Severity.WARNING if hopeless else Severity.NOTICE,
        readings.step,
        (fact,),
        rows=rows,
        worst_row=rows[0],
        first_step=0,
        thresholds=("patience_steps",),
        is_cause=hopeless,
    )
