"""What is found where nothing is wrong, and what is not measured."""

from __future__ import annotations

import math

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.flow import profile_of
from gradviz.diagnosis.readings import DEAD, GRADIENT, SATURATED, UPDATE, WEIGHT_GRADIENT, Readings
from gradviz.diagnosis.thresholds import Thresholds

HEALTHY, NOT_MEASURED = "healthy", "not_measured"


def healthy(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Say that all is well where the gradient is known to be; None where nothing is known of it."""
    gradient = _level(readings, thresholds) if readings.whole_path.any() else _everybody_gets_some(readings)
    if gradient is None:
        return None
    facts = [gradient]
    loss, chance = readings.loss, readings.chance_loss
    learnt = chance is None or readings.loss_below(thresholds.chance_loss_share)
    if readings.step and not learnt:
        facts.append(evidence("nothing_learnt_yet", "", readings.step))
    if readings.update is not None:
        finite = readings.update.values[readings.asked & np.isfinite(readings.update.values)]
        if finite.size:
            facts.append(
                evidence("typical_update", UPDATE, readings.update.step, update_log10=float(np.median(finite)))
            )
    if loss is not None:
        facts.append(evidence("loss", "", readings.step, loss=loss, chance_loss=chance))
    facts += _left_out(readings)
    return Finding(HEALTHY, Severity.FINE, readings.step, tuple(facts), quantity=gradient.quantity)


def not_measured(readings: Readings) -> Finding | None:
    """Say of what nothing can be said, and why; None if everything is known."""
    path = readings.whole_path.any()
    wanted = [
        (GRADIENT, bool(path), readings.flow is not None and readings.flow.delivered is not None),
        (WEIGHT_GRADIENT, not path, readings.weight_gradient is not None),
        (UPDATE, True, readings.update is not None),
        (DEAD, bool(readings.can_die.any()), readings.dead is not None),
        (SATURATED, bool(readings.can_saturate.any()), readings.saturated is not None),
        ("", True, readings.late_loss is not None or readings.lost is not None),
    ]
    missing = [name for name, matters, known in wanted if matters and not known]
    functions = readings.observed("called_as_functions")
    if not missing and functions is None:
        return None
    facts = [
        evidence("no_loss" if not name else "not_yet" if readings.measures(name) else "never", name, readings.step)
        for name in missing
    ]
    if functions is not None:
        by_name = functions.observation.numbers
        facts.append(Evidence("called_as_functions", DEAD, functions.since, numbers=by_name))
    return Finding(NOT_MEASURED, Severity.UNKNOWN, readings.step, tuple(facts), quantity=facts[0].quantity)


def nothing_yet(step: int, quantity: str = "") -> Finding:
    """Say that there is nothing to judge yet."""
    return Finding(NOT_MEASURED, Severity.UNKNOWN, step, (evidence("nothing_yet", quantity, step),), quantity=quantity)


def _left_out(readings: Readings) -> list[Evidence]:
    """Say of a network of somebody's own what of it gets no gradient, and why."""
    facts = []
    frozen = readings.observed("frozen")
    if frozen is not None:
        seen = frozen.observation
        facts.append(Evidence("frozen", WEIGHT_GRADIENT, frozen.since, seen.rows, numbers=seen.numbers))
    held = {kind: readings.observed(kind) for kind in ("never_called", "without_weights")}
    counts = tuple((kind, float(len(each.observation.names))) for kind, each in held.items() if each is not None)
    if counts:
        facts.append(Evidence("left_out", WEIGHT_GRADIENT, readings.step, numbers=counts))
    return facts


def _level(readings: Readings, thresholds: Thresholds) -> Evidence | None:
    flow = readings.flow
    profile = profile_of(readings, flow) if flow is not None else None
    if profile is not None:
        # rounded up, so that "within" holds
        decades = max(math.ceil(float(np.ptp(profile.values)) * 10.0), 1) / 10.0
        rows = readings.asked_where(readings.known)
        return evidence("level_gradient", profile.quantity, profile.step, rows, decades=decades)
    if flow is not None and flow.delivered is not None and readings.loss_below(thresholds.converged_loss_share):
        return evidence("nothing_left", GRADIENT, flow.delivered.step)
    return None


def _everybody_gets_some(readings: Readings) -> Evidence | None:
    gradient = readings.weight_gradient
    if gradient is None:
        return None
    known = np.isfinite(gradient.values) & readings.asked
    if not known.any():
        return None
    lowest = int(np.argmin(np.where(known, gradient.values, np.inf))) + 1
    median = float(np.median(gradient.values[np.isfinite(gradient.values)]))
    return evidence(
        "gradient_everywhere",
        WEIGHT_GRADIENT,
        gradient.step,
        readings.asked_where(known),
        lowest,
        gradient_log10=gradient.at(lowest),
        median_log10=median,
    )
