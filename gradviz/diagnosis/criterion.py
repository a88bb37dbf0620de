"""What counts as a failure, said by a person: kinds of findings, or how bad they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gradviz.diagnosis.finding import Finding, Severity
from gradviz.diagnosis.words.facts import TITLES
from gradviz.errors import CheckError

SEVERITIES = {each.name.lower(): each for each in (Severity.NOTICE, Severity.WARNING, Severity.CRITICAL)}


@dataclass(frozen=True, slots=True)
class Criterion:
    """Findings of some `kinds`, and those that are as bad as `least` or worse."""

    kinds: frozenset[str]
    least: Severity | None

    @classmethod
    def of(cls, names: str | Sequence[str]) -> Self:
        """Return the criterion that names kinds, such as "vanishing", and severities: "notice", "warning", "critical".

        Raises CheckError for other names.
        """
        given = [names] if isinstance(names, str) else list(names)
        for name in given:
            if name not in SEVERITIES and name not in TITLES:
                known = ", ".join((*SEVERITIES, *sorted(TITLES)))
                raise CheckError(f"there is no finding {name!r}; there are {known}")
        kinds = frozenset(given) - SEVERITIES.keys()
        return cls(kinds, min((SEVERITIES[name] for name in given if name in SEVERITIES), default=None))

    def fits(self, finding: Finding) -> bool:
        """Whether `finding` is one of those."""
        return finding.kind in self.kinds or (self.least is not None and finding.severity >= self.least)
