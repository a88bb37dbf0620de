"""The diagnosis of a run at one step: all rules over one set of readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradviz.diagnosis.course import course_of
from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.overview import HEALTHY, NOT_MEASURED, healthy, not_measured, nothing_yet
from gradviz.diagnosis.readings import WEIGHT_GRADIENT, Readings
from gradviz.diagnosis.remedies import agreed, remedies_for, without_consequences
from gradviz.diagnosis.rules import RULES
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.recording.history import History

# in the order in which causes come before their consequences; what is not a fault comes last
_RANKS = {rule.kind: rule.rank for rule in RULES} | {NOT_MEASURED: 1000, HEALTHY: 1001}


def diagnose(
    history: History,
    step: int | None = None,
    thresholds: Thresholds | None = None,
    rows: tuple[int, int] | None = None,
) -> list[Finding]:
    """Return what is wrong at `step` (None: the latest), worst first.

    `rows` (first, last) asks about a part of the network only. Where the loss ceased to be finite, causes are looked
    for in the step before. Healthy is found only where nothing else is; what was not measured is said beside it. Raises
    ValueError for rows that are not there.
    """
    thresholds = thresholds or Thresholds()
    there = len(history.started.rows)
    if rows is not None and not 1 <= rows[0] <= rows[1] <= there:
        raise ValueError(f"there are no rows {rows}; there are 1 to {there}")
    if not history.frames:
        return [nothing_yet(0)]
    readings = Readings(history, step, rows)
    found = course_of(history, thresholds, rows).findings(history, readings)
    if not found:
        found = [finding for finding in (healthy(readings, thresholds),) if finding is not None]
    found = _as_bad_as_their_consequences(found)
    unknown = not_measured(readings)
    if unknown is not None:
        found.append(unknown)
    experiment = history.started.experiment
    treated = [replace(each, remedies=remedies_for(each, readings, thresholds, experiment)) for each in found]
    found = without_consequences(ranked(treated)) if experiment is None else agreed(ranked(treated), experiment)
    return found or [nothing_yet(readings.step, WEIGHT_GRADIENT)]


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings worst first; among equals causes come before consequences."""
    return sorted(
        findings, key=lambda finding: (-finding.severity, not _came_first(finding, findings), _RANKS[finding.kind])
    )


def _as_bad_as_their_consequences(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings, causes as severe as the worst of what began no earlier."""
    return [
        replace(each, severity=max(other.severity for other in findings if not _before(other, each)))
        if each.is_cause and each.severity >= Severity.WARNING
        else each
        for each in findings
    ]


def _came_first(finding: Finding, findings: Sequence[Finding]) -> bool:
    """Whether it is a cause, and nothing that is as bad was there before it.

    Of other causes only a gradient counts that exploded before the first step: long steps are its doing.
    """
    return finding.is_cause and not any(
        _before(other, finding) and other.severity >= finding.severity
        for other in findings
        if not other.is_cause or other.kind == "exploding"
    )


def _before(finding: Finding, other: Finding) -> bool:
    return finding.first_step is not None and other.first_step is not None and finding.first_step < other.first_step
