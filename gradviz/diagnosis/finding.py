"""What a diagnosis says: findings with evidence, threshold and remedies, and one line for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from gradviz.experiment import Experiment

Kind = Literal[
    "diverged", "exploding", "vanishing", "dead", "saturated", "too_much", "not_updating", "poor_initialisation",
    "not_learning", "not_measured", "healthy",
]  # fmt: skip
"""In the order in which causes come before their consequences; findings of equal severity are ranked by it."""

TITLES: dict[Kind, str] = {
    "diverged": "Diverged",
    "exploding": "Exploding gradient",
    "vanishing": "Vanishing gradient",
    "dead": "Dead units",
    "saturated": "Saturated units",
    "too_much": "Updating too much",
    "not_updating": "Not updating",
    "poor_initialisation": "Poor initialisation",
    "not_learning": "Not learning",
    "not_measured": "Not measured",
    "healthy": "Healthy",
}
_ORDER = {kind: number for number, kind in enumerate(get_args(Kind))}
MOST_IN_VERDICT = 3


class Severity(IntEnum):
    """How bad it is; `UNKNOWN` is what nobody has measured, which is neither."""

    UNKNOWN = 0
    FINE = 1
    NOTICE = 2
    WARNING = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to try: in words, and as fields of the experiment and their new values."""

    words: str
    changes: tuple[tuple[str, object], ...] = ()

    def apply(self, experiment: Experiment) -> Experiment:
        """Return the experiment with the changes made. Raises ExperimentError."""
        return experiment.changed(**dict(self.changes))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is the matter with a run at `step`, the step its evidence was measured at.

    `headline` says it in a few words, without its title; `evidence` in sentences with numbers. `layers` are the first
    and the last layer concerned and `worst_layer` the one to jump to, counted from 1 next to the input; None where the
    finding is about the whole run. `thresholds` names the fields of `Thresholds` that decided, `quantity` the
    quantity to look at (empty: the loss). `rate` is decades per layer towards the input, where that is what was found.
    """

    kind: Kind
    severity: Severity
    step: int
    headline: str
    evidence: str
    layers: tuple[int, int] | None = None
    worst_layer: int | None = None
    thresholds: tuple[str, ...] = ()
    quantity: str = ""
    rate: float | None = None
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def title(self) -> str:
        """Name of the kind, as a heading."""
        return TITLES[self.kind]


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings worst first; among equals causes come before consequences."""
    return sorted(findings, key=lambda finding: (-finding.severity, _ORDER[finding.kind]))


def verdict(findings: Sequence[Finding]) -> str:
    """Say everything in one line, worst first: for the status area."""
    if not findings:
        return "Nothing was diagnosed"
    parts = [f"{finding.title}: {finding.headline}" for finding in ranked(findings)]
    more = len(parts) - MOST_IN_VERDICT
    return " · ".join(parts[:MOST_IN_VERDICT]) + (f" · and {more} more" if more > 0 else "")
