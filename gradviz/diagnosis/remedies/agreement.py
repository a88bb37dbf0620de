"""Remedies of one verdict that do not contradict each other, and what to change together where there are two causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradviz.diagnosis.finding import Finding, Remedy, Severity
from gradviz.diagnosis.remedies.changes import applied
from gradviz.experiment import Experiment

Way = object
TOGETHER = "together"
# what a cause leads to
CONSEQUENCES = (
    "vanishing", "exploding", "dead", "saturated", "not_updating", "too_much", "too_little", "not_learning", "diverged",
    "one_class", "poor_initialisation",
)  # fmt: skip
# causes that are fields of the recipe
SETTINGS = ("small_batch", "clipped", "decay", "too_much", "narrow", "straight")


def agreed(findings: Sequence[Finding], experiment: Experiment) -> list[Finding]:
    """Return the findings, ranked, without remedies that change a field another way than one said before does.

    A number goes one way, up or down; anything else is set to one value. Where two of the findings that count have
    different first remedies, the first of them also offers both at once: neither may do without the other. What only
    follows from a cause has no remedies of its own: with the cause still there they did more harm than good.
    """
    ways: dict[str, Way] = {}
    kept = [replace(finding, remedies=_agreeing(finding.remedies, experiment, ways)) for finding in findings]
    return without_consequences(_with_all_at_once(kept, experiment))


def ways_of(remedy: Remedy, experiment: Experiment) -> dict[str, Way]:
    """Return for each field that a remedy changes which way: 1 up or -1 down for a number, else the new value."""
    changed = {name: (experiment.value(name), new) for name, new in remedy.changes}
    return {name: _way(old, new) for name, (old, new) in changed.items() if old != new}


def _way(old: object, new: object) -> Way:
    if isinstance(new, bool) or not isinstance(new, (int, float)) or not isinstance(old, (int, float)):
        return new
    return 1 if new > old else -1


def _agreeing(remedies: Sequence[Remedy], experiment: Experiment, ways: dict[str, Way]) -> tuple[Remedy, ...]:
    kept = []
    for remedy in remedies:
        wanted = ways_of(remedy, experiment)
        if all(ways.get(name, way) == way for name, way in wanted.items()):
            ways |= wanted
            kept.append(remedy)
    return tuple(kept)


def without_consequences(findings: list[Finding]) -> list[Finding]:
    """Return ranked findings, without advice on what follows from a cause among them: first things first."""
    if not findings or not findings[0].is_cause or findings[0].severity < Severity.WARNING:
        return findings
    causes = [each for each in findings if each.is_cause and each.severity >= Severity.WARNING]
    return [
        replace(each, remedies=())
        if each.kind in CONSEQUENCES and not each.is_cause and any(_follows(each, cause) for cause in causes)
        else each
        for each in findings
    ]


def _follows(finding: Finding, lead: Finding) -> bool:
    """Whether it began later; what the training is set to comes before all that was there from the start, too."""
    if finding.first_step is None or lead.first_step is None:
        return False
    return finding.first_step > lead.first_step or (lead.kind in SETTINGS and finding.first_step == lead.first_step)


def _stands_alone(finding: Finding, lead: Finding) -> bool:
    """Whether it would still be there without `lead`: what was so from the start, and causes beside a bad setting."""
    if finding.is_cause and lead.kind in SETTINGS:
        return True
    return finding.first_step == 0 and finding.kind != "poor_initialisation"


def _with_all_at_once(findings: list[Finding], experiment: Experiment) -> list[Finding]:
    counting = [each for each in findings if each.severity >= Severity.WARNING and each.remedies]
    changes: dict[str, object] = {}
    for finding in counting:
        if finding is counting[0] or _stands_alone(finding, counting[0]):
            first: Mapping[str, object] = dict(finding.remedies[0].changes)
            if not any(name in changes for name in first):
                changes |= first
    if not counting or len(changes) == len(counting[0].remedies[0].changes):
        return findings
    remedy = Remedy(TOGETHER, tuple(changes.items()))
    if applied(remedy, experiment) is None:
        return findings
    leading = counting[0]
    offered = (leading.remedies[0], remedy, *leading.remedies[1:])
    return [replace(each, remedies=offered) if each is leading else each for each in findings]
