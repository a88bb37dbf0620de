"""Parameters that do not learn for a reason that is known: in no optimiser, never called, or cut off.

What was observed is certain, so that it is said at once and before everything that follows from it.
"""

from __future__ import annotations

import re
from collections import defaultdict

import numpy as np

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.readings import WEIGHT_GRADIENT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.recording.observations import Observed

# a module that other steps call is missed only after so many
CALLED_BY_STEPS = 10
# what is observed of modules that run, with the reason where it is seen
CUT = ("detached", "no_grad", "without_gradient")
_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")


@rule("in_no_optimizer", rank=3)
def in_no_optimizer(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find modules whose weights get a gradient that no optimiser uses."""
    held = readings.observed("in_no_optimizer")
    if held is None or not _asked(readings, held):
        return None
    seen = held.observation
    fact = Evidence("in_no_optimizer", WEIGHT_GRADIENT, held.since, seen.rows, numbers=seen.numbers)
    return _finding(readings, "in_no_optimizer", _severity(readings, seen.rows), held.since, (fact,), seen.rows)


@rule("cut_off", rank=2)
def cut_off(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find modules that run and are trained, but that the loss sends no gradient to."""
    if readings.observed("no_gradient") is not None:
        return None
    facts = []
    for kind in CUT:
        held = readings.observed(kind)
        rows = _never_trained(readings, held.observation.rows) if held is not None else ()
        if held is not None and rows:
            facts.append(Evidence(kind, WEIGHT_GRADIENT, held.since, rows, numbers=held.observation.numbers))
    if not facts:
        return None
    rows = tuple(sorted({row for fact in facts for row in fact.rows}))
    since = min(fact.step for fact in facts)
    return _finding(readings, "cut_off", _severity(readings, rows), since, tuple(facts), rows)


@rule("dead_experts", rank=5)
def dead_experts(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find modules that are not called while others that are made alike are: experts that the routing left."""
    idle = _not_called(readings)
    if idle is None:
        return None
    rows, since, steps = idle
    busy = _alike(readings, rows)
    left_out = tuple(row for row in rows if busy.get(row))
    if not left_out:
        return None
    others = {other for row in left_out for other in busy[row]}
    fact = evidence("not_called_others_are", "", since, left_out, steps=steps, others=len(others))
    severity = Severity.WARNING if steps > CALLED_BY_STEPS else Severity.NOTICE
    return _finding(readings, "dead_experts", severity, since, (fact,), left_out)


@rule("never_called", rank=6)
def never_called(readings: Readings, _thresholds: Thresholds) -> Finding | None:
    """Find modules with weights that no step has called, and that are like no other: left out of `forward`."""
    held = readings.observed("never_called")
    if held is None or readings.asked_step < CALLED_BY_STEPS:
        return None
    without = _without_any_gradient(readings, held.observation.rows)
    alike = _alike(readings, without)
    rows = tuple(row for row in without if not alike.get(row))
    if not rows:
        return None
    fact = Evidence("never_called", "", held.since, rows, numbers=held.observation.numbers)
    return _finding(readings, "never_called", Severity.NOTICE, held.since, (fact,), rows)


def _not_called(readings: Readings) -> tuple[tuple[int, ...], int, int] | None:
    """Return the rows that nobody calls, since when, and for how many steps; None if all are called."""
    never, lately = readings.observed("never_called"), readings.observed("not_called_lately")
    found = [held for held in (never, lately) if held is not None]
    if not found:
        return None
    rows = {row for held in found for row in held.observation.rows}
    since = min(held.since for held in found)
    kept = _without_any_gradient(readings, tuple(sorted(rows)))
    return (kept, since, readings.asked_step - since) if kept else None


def _without_any_gradient(readings: Readings, rows: tuple[int, ...]) -> tuple[int, ...]:
    """Return those of `rows` that are asked about and get no gradient: parts of attention are used without a call."""
    gradient = readings.weight_gradient
    if gradient is None:
        return tuple(row for row in rows if readings.asked[row - 1])
    index = np.array(rows, np.int64) - 1
    none = ~(np.isfinite(gradient.values[index]) | np.isposinf(gradient.values[index])) & readings.asked[index]
    return tuple((index[none] + 1).tolist())


def _alike(readings: Readings, rows: tuple[int, ...]) -> dict[int, list[int]]:
    """Return for each of `rows` the rows not among them whose name differs in one number of a list, and no more."""
    gradient = readings.weight_gradient
    busy: dict[str, list[int]] = defaultdict(list)
    for row in readings.numbers.tolist():
        if row not in rows and (gradient is None or np.isfinite(gradient.at(row))):
            for pattern in _patterns(readings.rows[row - 1].name):
                busy[pattern].append(row)
    return {
        row: [other for pattern in _patterns(readings.rows[row - 1].name) for other in busy[pattern]] for row in rows
    }


def _patterns(name: str) -> list[str]:
    return [f"{name[: found.start()]}*{name[found.end() :]}" for found in _NUMBER.finditer(name)]


def _never_trained(readings: Readings, rows: tuple[int, ...]) -> tuple[int, ...]:
    """Return those of `rows` that got no gradient for a while: one that takes turns with others has its own."""
    lately = readings.lately_with_gradient
    return tuple(row for row in rows if readings.asked[row - 1] and not lately[row - 1])


def _asked(readings: Readings, held: Observed) -> bool:
    rows = held.observation.rows
    return not rows or any(readings.asked[row - 1] for row in rows)


def _severity(readings: Readings, rows: tuple[int, ...]) -> Severity:
    """Return how bad it is that these rows do not learn: critical if they are half of those with weights or more."""
    weights = readings.weights or readings.weight_gradient
    there = int(weights.there.sum()) if weights is not None else len(readings.rows)
    return Severity.CRITICAL if 2 * len(rows) >= there else Severity.WARNING


def _finding(
    readings: Readings, kind: str, severity: Severity, since: int, facts: tuple[Evidence, ...], rows: tuple[int, ...]
) -> Finding:
    return Finding(
        kind,
        severity,
        since,
        facts,
        rows=rows,
        worst_row=rows[0] if rows else None,
        first_step=since,
        quantity=WEIGHT_GRADIENT if readings.measures(WEIGHT_GRADIENT) else "",
        is_cause=True,
    )
