"""A run as a report shows it: its recording, its name, and what was found wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gradviz.diagnosis import Finding, Thresholds, diagnose
from gradviz.diagnosis.words import Names
from gradviz.recording.history import History
from gradviz.recording.store import RunInfo

LETTERS = "ABCDEFGH"
MOST_RUNS = len(LETTERS)


@dataclass(frozen=True, slots=True, eq=False)
class ReportedRun:
    """One run of a report; `number` counts from 0, and `alone` says that there is no other.

    `facts` are labels and values that the recording itself does not hold, such as when it began.
    """

    history: History
    name: str
    number: int
    alone: bool
    findings: tuple[Finding, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def letter(self) -> str:
        """A for the first run, B for the second, and so on."""
        return LETTERS[self.number]

    @property
    def label(self) -> str:
        """What lines of this run are called in a legend."""
        return self.name if self.alone else f"{self.letter} {self.name}"

    @property
    def latest(self) -> int:
        """Its last step; -1 before there is one."""
        return self.history.frames - 1

    @property
    def names(self) -> Names:
        """What its rows are called in sentences."""
        return Names.of(self.history.started)

    def measures(self, quantity: str) -> bool:
        """Whether it has a quantity of that name."""
        return any(each.name == quantity for each in self.history.quantities)


def reported(
    histories: Sequence[History],
    names: Sequence[str],
    facts: Sequence[Mapping[str, str]] = (),
    environments: Sequence[Mapping[str, str]] = (),
    thresholds: Thresholds | None = None,
) -> list[ReportedRun]:
    """Return runs with their findings at their last step; `facts` and `environments` are of each, or of none."""
    return [
        ReportedRun(
            history,
            names[number],
            number,
            len(histories) == 1,
            tuple(diagnose(history, thresholds=thresholds)),
            facts[number] if facts else {},
            environments[number] if environments else {},
        )
        for number, history in enumerate(histories)
    ]


def facts_of(info: RunInfo) -> dict[str, str]:
    """Return what a file says of its run beside its recording."""
    facts = {"File": info.path.name, "Began": f"{datetime.fromtimestamp(info.created):%Y-%m-%d %H:%M}"}
    facts["State"] = f"{info.ending} ({info.why})" if info.why else info.ending
    if info.note:
        facts["Note"] = info.note
    return facts
