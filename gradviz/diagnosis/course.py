"""How a run went: since when each finding holds, without its coming and going around a threshold.

A finding is said once a threshold is passed at two steps, at once where it is severe, and ends when one that is a
little more lenient has not been passed for a while; for some steps after that it is not said again. The steps are those
of a grid, every one at first and eight to an octave later, so that a long run costs little more than a short one.
Between them findings neither begin nor end, except where a rule is patient itself, or the loss is lost and nothing
comes after. What holds at a step depends on the steps up to it alone, never on which were asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from weakref import WeakKeyDictionary

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rules import RULES
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.recording.history import History

Part = tuple[int, int] | None

# below this every step is on the grid
EVERY_STEP_BELOW = 32
STEPS_TO_AN_OCTAVE = 8
# a finding ends when it was not found in the latest so many steps, and in the latest part of the run; and it does not
# begin again in the next so many
SHORTEST_GAP, SHARE_OF_GAP = 10, 5
# thresholds that a person tries out, and the part of the rows that is looked at, make courses of their own
MOST_COURSES = 4


def judged_steps() -> Iterator[int]:
    """Yield the steps of the grid, without end."""
    step = 0
    while True:
        yield step
        step += _stride(step)


def on_grid(step: int) -> bool:
    """Whether `step` is one of the grid."""
    return step % _stride(step) == 0


def _stride(step: int) -> int:
    return 1 if step < EVERY_STEP_BELOW else 1 << (step.bit_length() - STEPS_TO_AN_OCTAVE.bit_length())


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of finding: the step it began at, and what was `found` of it at the `latest` step at which it was.

    `plain` is what was found last without lenience. `confirmed` tells whether it was found often enough to be said, and
    `ended` at which step it ceased to be said, if it was said before.
    """

    since: int
    latest: int
    found: tuple[Finding, ...]
    plain: tuple[Finding, ...]
    confirmed: bool
    ended: int | None = None


Held = Mapping[str, Holding]


class Course:
    """What holds at the steps of the grid in one run, as far as it was asked about."""

    def __init__(self, thresholds: Thresholds, part: Part) -> None:
        """Judge by `thresholds`, and by their lenient form where a finding holds already."""
        self._thresholds, self._lenient = thresholds, thresholds.lenient()
        self._part = part
        self._known: list[tuple[int, Held]] = []
        self._lock = Lock()

    def findings(self, history: History, readings: Readings) -> list[Finding]:
        """Return what holds at the step of `readings`, each finding with the step it began at."""
        step = readings.asked_step
        before, held = self._before(history, step)
        return [
            finding
            for holding in self._after(history, readings, before, held).values()
            if holding.confirmed
            for finding in _dated(holding, step)
        ]

    def _before(self, history: History, last: int) -> tuple[int, Held]:
        """Return the last step of the grid before step `last`, and what holds there."""
        known: tuple[int, Held] = (-1, {})
        # a view and a script may ask from threads of their own
        with self._lock:
            for index, step in enumerate(judged_steps()):
                if step >= last:
                    break
                if index == len(self._known):
                    self._known.append((step, self._after(history, Readings(history, step, self._part), *known)))
                known = self._known[index]
        return known

    def _after(self, history: History, readings: Readings, before: int, held: Held) -> Held:
        """Return what holds at the step of `readings`, given what did at step `before`."""
        plain = self._plain(readings)
        found = self._found(readings, held, plain)
        step = readings.asked_step
        after = {}
        for kind, findings in found.items():
            known = held.get(kind)
            goes_on = known is not None and (known.ended is None or known.latest > known.ended)
            since = known.since if known and goes_on else self._began(history, kind, before, step)
            sure = _confirmed(known, findings, readings)
            ended = None if sure or known is None else known.ended
            after[kind] = Holding(since, step, findings, plain.get(kind) or (known.plain if known else ()), sure, ended)
        for kind, holding in held.items():
            if kind in after:
                continue
            lasts = _lasts(holding.latest) + history.started.scheduled_every
            if holding.confirmed:
                stays = (
                    not on_grid(step)
                    or step - holding.latest <= _lasts(step)
                    or _left_behind(holding, after.values(), lasts)
                )
                after[kind] = holding if stays else replace(holding, confirmed=False, ended=step)
            elif _just_ended(holding, step):
                after[kind] = holding
        return after

    def _is_found(self, history: History, kind: str, step: int) -> bool:
        readings = Readings(history, step, self._part)
        return any(rule.find(readings, self._thresholds) is not None for rule in RULES if rule.kind == kind)

    def _plain(self, readings: Readings) -> dict[str, tuple[Finding, ...]]:
        """Return what is found by the thresholds as they are, by kind."""
        return _by_kind(rule.find(readings, self._thresholds) for rule in RULES)

    def _found(
        self, readings: Readings, held: Held, plain: dict[str, tuple[Finding, ...]]
    ) -> dict[str, tuple[Finding, ...]]:
        """Return that, and what is found with lenience of the kinds that hold already."""
        hold = {kind for kind, holding in held.items() if holding.ended is None}
        again = [rule for rule in RULES if rule.kind in hold and rule.kind not in plain]
        return plain | _by_kind(rule.find(readings, self._lenient) for rule in again)

    def _began(self, history: History, kind: str, without: int, there: int) -> int:
        """Return a step at which a finding begins that does not hold at step `without`, but is there at `there`."""
        while there - without > 1:
            middle = (without + there) // 2
            if self._is_found(history, kind, middle):
                there = middle
            else:
                without = middle
        return there


def _confirmed(known: Holding | None, findings: Sequence[Finding], readings: Readings) -> bool:
    """Whether what is found is no passing thing."""
    step = readings.asked_step
    if step == 0 or _told_by_rule(findings) or (known is not None and known.confirmed):
        return True
    if known is not None and _just_ended(known, step):
        return False
    if not on_grid(step):
        return readings.lost is not None and _at_once(findings)
    return known is not None or _at_once(findings)


def _just_ended(holding: Holding, step: int) -> bool:
    return holding.ended is not None and step - holding.ended < SHORTEST_GAP


def _by_kind(findings: Iterable[Finding | None]) -> dict[str, tuple[Finding, ...]]:
    found: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        if finding is not None:
            found[finding.kind] = (*found.get(finding.kind, ()), finding)
    return found


def _told_by_rule(findings: Sequence[Finding]) -> bool:
    """Whether a rule has dated it itself, or has been patient itself."""
    return any(each.first_step is not None or "patience_steps" in each.thresholds for each in findings)


def _at_once(findings: Sequence[Finding]) -> bool:
    """Whether it is said when it is found first."""
    return any(each.severity is Severity.CRITICAL for each in findings)


def _lasts(step: int) -> int:
    """Return for how many steps a finding is kept that is not found again by then."""
    return max(SHORTEST_GAP, step // SHARE_OF_GAP)


def _left_behind(cause: Holding, others: Iterable[Holding], lasts: int) -> bool:
    """Whether it is a cause that is over, and what began with it still holds: units that died stay dead."""
    return any(each.is_cause for each in cause.found) and any(
        cause.since <= each.since <= cause.latest + lasts and each.latest > cause.latest for each in others
    )


def _dated(holding: Holding, step: int) -> Iterator[Finding]:
    over = holding.latest < step
    for finding in holding.plain or holding.found if over else holding.found:
        facts = finding.evidence
        if over:
            facts = (*facts, evidence("found_last", "", holding.latest))
        first_step = holding.since if finding.first_step is None else finding.first_step
        yield replace(finding, first_step=first_step, evidence=facts)


_COURSES: WeakKeyDictionary[History, dict[tuple[Thresholds, Part], Course]] = WeakKeyDictionary()


def course_of(history: History, thresholds: Thresholds, part: Part) -> Course:
    """Return the course of a run; the latest few that were asked for are remembered."""
    courses = _COURSES.setdefault(history, {})
    key = (thresholds, part)
    course = courses.pop(key, None) or Course(thresholds, part)
    courses[key] = course
    for oldest in list(courses)[:-MOST_COURSES]:
        courses.pop(oldest, None)
    return course
