"""The order of calls in a loop: no gradient when the optimiser steps, or those of the steps before still there."""

from __future__ import annotations

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.readings import WEIGHT_GRADIENT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# a script may make one step by itself to warm something up
STEPS_WITHOUT_GRADIENT = 2


@rule("no_gradient", rank=1)
def no_gradient(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find steps of the optimiser at which no parameter has a gradient."""
    held = readings.observed("no_gradient")
    if held is None or readings.asked_step - held.since + 1 < STEPS_WITHOUT_GRADIENT:
        return None
    if readings.dead is not None and bool((readings.dead.values >= 1.0).any()):
        # it is zero for a reason: units of which all are off let nothing through
        return None
    steps = readings.asked_step - held.since + 1
    fact = evidence("no_parameter_has_a_gradient", WEIGHT_GRADIENT, held.since, steps=steps)
    return Finding(
        "no_gradient",
        Severity.CRITICAL,
        held.since,
        (fact,),
        first_step=held.since,
        quantity=WEIGHT_GRADIENT if readings.measures(WEIGHT_GRADIENT) else "",
        is_cause=True,
    )


@rule("gradients_kept", rank=1)
def gradients_kept(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find gradients of steps before that were not cleared, so that every step goes by the sum of all of them."""
    held = readings.observed("gradients_kept")
    if held is None:
        return None
    seen = held.observation
    fact = evidence(
        "gradients_kept", WEIGHT_GRADIENT, held.since, seen.rows, steps=readings.asked_step - held.since + 1
    )
    return Finding(
        "gradients_kept",
        Severity.CRITICAL,
        held.since,
        (fact,),
        rows=seen.rows,
        first_step=held.since,
        quantity=WEIGHT_GRADIENT if readings.measures(WEIGHT_GRADIENT) else "",
        is_cause=True,
    )
