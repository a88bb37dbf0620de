"""The verdict on a run for whoever reads it outside of the window: findings that say themselves in words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Self

from gradviz.diagnosis import words
from gradviz.diagnosis.diagnose import diagnose
from gradviz.diagnosis.finding import Evidence, Finding, Severity
from gradviz.diagnosis.thresholds import Thresholds
from gradviz.diagnosis.words import Names
from gradviz.recording.history import History


@dataclass(frozen=True, slots=True)
class WordedFinding:
    """One thing that is wrong with a run. `data` is the finding, `names` what the rows of the run are called."""

    data: Finding
    names: Names

    @property
    def kind(self) -> str:
        """What it is, such as "vanishing"."""
        return self.data.kind

    @property
    def severity(self) -> str:
        """How bad it is: "critical", "warning", "notice", "fine" or "unknown"."""
        return self.data.severity.name.lower()

    @property
    def step(self) -> int:
        """The step at which its evidence was measured."""
        return self.data.step

    @property
    def first_step(self) -> int | None:
        """The step at which it began, where that is known."""
        return self.data.first_step

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows concerned, ascending, counted from 1 next to the input; empty where it is about the whole run."""
        return self.data.rows

    @property
    def headline(self) -> str:
        """What was found, in a few words."""
        said = words.headline(self.data, self.names)
        title = words.title(self.data)
        return f"{title}: {said}" if said else title

    @property
    def evidence(self) -> str:
        """By which numbers it was found, in sentences."""
        return words.evidence(self.data, self.names)

    @property
    def remedies(self) -> tuple[str, ...]:
        """What to try, in sentences, the most promising first."""
        return tuple(words.remedy(each, self.names) for each in self.data.remedies)

    @property
    def when(self) -> str:
        """Since when it is so, and at which step that was measured."""
        if self.first_step is None or self.first_step >= self.step:
            return f"at step {self.step:,}"
        return f"since step {self.first_step:,}, measured at step {self.step:,}"

    @property
    def line(self) -> str:
        """How bad, what and when, in one line."""
        return f"{self.severity}: {self.headline} ({self.when})"

    def as_data(self) -> dict[str, Any]:
        """Return all of it as numbers, texts, lists and dictionaries, for JSON; what is not finite is None."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "headline": self.headline,
            "step": self.step,
            "first_step": self.first_step,
            "rows": list(self.rows),
            "row_names": [self.names.row(row) for row in self.rows],
            "evidence": self.evidence,
            "facts": [_fact(each) for each in self.data.evidence],
            "remedies": [
                {"words": sentence, "changes": dict(each.changes)}
                for sentence, each in zip(self.remedies, self.data.remedies, strict=True)
            ],
        }

    def __str__(self) -> str:
        parts = [self.line, self.evidence, f"Try: {self.remedies[0]}" if self.remedies else ""]
        return "\n  ".join(part for part in parts if part)


class Verdict(tuple[WordedFinding, ...]):
    """All findings on a run, worst first; printed, it says each with its evidence and the first thing to try."""

    __slots__ = ()

    @classmethod
    def of(cls, history: History, step: int | None = None, thresholds: Thresholds | None = None) -> Self:
        """Return the verdict on a run at `step` (None: the latest)."""
        names = Names.of(history.started)
        return cls(WordedFinding(finding, names) for finding in diagnose(history, step, thresholds))

    @property
    def line(self) -> str:
        """All of it in one line."""
        return words.verdict([each.data for each in self], self[0].names) if self else "Nothing was found"

    @property
    def severity(self) -> Severity:
        """How bad the worst is; unknown where nothing was found."""
        return max((each.data.severity for each in self), default=Severity.UNKNOWN)

    def at_least(self, severity: Severity) -> Verdict:
        """Return the findings that are so bad, or worse."""
        return Verdict(each for each in self if each.data.severity >= severity)

    def of_kinds(self, kinds: Iterable[str]) -> Verdict:
        """Return the findings of these kinds."""
        wanted = set(kinds)
        return Verdict(each for each in self if each.kind in wanted)

    def as_data(self) -> list[dict[str, Any]]:
        """Return what `WordedFinding.as_data` does of each."""
        return [each.as_data() for each in self]

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or self.line

    # what a notebook, or Python's prompt, shows of it
    __repr__ = __str__


def _fact(fact: Evidence) -> dict[str, Any]:
    numbers = {name: number if math.isfinite(number) else None for name, number in fact.numbers}
    return asdict(fact) | {"rows": list(fact.rows), "numbers": numbers}
