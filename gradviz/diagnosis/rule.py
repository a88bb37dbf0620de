"""A rule of the diagnosis: a function from readings to a finding, and what it has to know.

A rule takes `(readings, thresholds)` and, by keyword, each reading that it cannot do without, under its name in
`Readings`. Where one of them is not known the rule is not asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from gradviz.diagnosis.finding import Finding
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.thresholds import Thresholds

Judge = Callable[..., Finding | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `rank` orders findings of equal severity, causes before their consequences: the lowest comes first."""

    kind: str
    rank: int
    judge: Judge
    needs: tuple[str, ...]

    def find(self, readings: Readings, thresholds: Thresholds) -> Finding | None:
        """Return what is found; None if nothing is, or if a reading that the rule needs is not known."""
        known = {name: getattr(readings, name) for name in self.needs}
        if any(reading is None for reading in known.values()):
            return None
        return self.judge(readings, thresholds, **known)


def rule(kind: str, *, rank: int) -> Callable[[Judge], Rule]:
    """Make a rule of a function; its keyword-only parameters are the readings that it needs."""

    def declare(judge: Judge) -> Rule:
        parameters = inspect.signature(judge).parameters.values()
        needs = tuple(each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY)
        return Rule(kind, rank, judge, needs)

    return declare
