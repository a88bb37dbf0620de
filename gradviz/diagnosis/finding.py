"""What a diagnosis says, as data: findings with their evidence and what to try. Words are made of it in `words`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from gradviz.experiment import Experiment


class Severity(IntEnum):
    """How bad it is; `UNKNOWN` is what nobody has measured, which is neither good nor bad."""

    UNKNOWN = 0
    FINE = 1
    NOTICE = 2
    WARNING = 3
    CRITICAL = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact: of which quantity, at which step, in which rows, with which numbers.

    `fact` names it, and `words.facts` has a sentence for each. `quantity` is the name of what was measured; empty for
    the loss. `rows` ascend and count from 1 next to the input; `at` is the one that `numbers` are of, where they are of
    one. A number whose name ends in `log10` is a logarithm, one in `decades` a difference of two.
    """

    fact: str
    quantity: str
    step: int
    rows: tuple[int, ...] = ()
    at: int | None = None
    numbers: tuple[tuple[str, float], ...] = ()

    def has(self, name: str) -> bool:
        """Whether there is a number called `name`."""
        return any(known == name for known, _ in self.numbers)

    def number(self, name: str) -> float:
        """Return the number called `name`. Raises KeyError."""
        return dict(self.numbers)[name]


def evidence(
    fact: str, quantity: str, step: int, rows: tuple[int, ...] = (), at: int | None = None, **numbers: float | None
) -> Evidence:
    """Make evidence; numbers that are None are not known and left out."""
    # one and the same NaN, so that equal evidence compares equal
    kept = (
        (name, math.nan if math.isnan(value) else float(value)) for name, value in numbers.items() if value is not None
    )
    return Evidence(fact, quantity, step, rows, at, tuple(kept))


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to try: fields of the recipe with their new values, or advice for a script, which changes none.

    `kind` names it, and `words.remedies` has a sentence for each; `row` is the row that it speaks of, and `details`
    are what else the sentence needs.
    """

    kind: str
    changes: tuple[tuple[str, object], ...] = ()
    row: int | None = None
    details: tuple[tuple[str, float | str], ...] = ()

    def apply(self, experiment: Experiment) -> Experiment:
        """Return the experiment with the changes made. Raises ExperimentError."""
        return experiment.changed(**dict(self.changes))

    def detail(self, name: str) -> float | str:
        """Return the detail called `name`. Raises KeyError."""
        return dict(self.details)[name]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a run at `step`, the step at which its evidence was measured.

    `rows` are those concerned, ascending, and `worst_row` the one to jump to, counted from 1 next to the input; empty
    and None where the finding is about the whole run. `first_step` is the step it began at, where that is known.
    `is_cause` marks what is behind other findings that began no earlier, not a consequence of them. `thresholds` names
    the fields of `Thresholds` that decided, `quantity` the quantity to look at (empty: the loss).
    """

    kind: str
    severity: Severity
    step: int
    evidence: tuple[Evidence, ...]
    rows: tuple[int, ...] = ()
    worst_row: int | None = None
    first_step: int | None = None
    thresholds: tuple[str, ...] = ()
    quantity: str = ""
    remedies: tuple[Remedy, ...] = ()
    is_cause: bool = False

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and the last row concerned; None where the finding is about the whole run."""
        return (self.rows[0], self.rows[-1]) if self.rows else None

    def fact(self, name: str) -> Evidence | None:
        """Return the first evidence of that fact; None if there is none."""
        return next((each for each in self.evidence if each.fact == name), None)

    def number(self, name: str) -> float:
        """Return the first number called `name` in the evidence. Raises KeyError."""
        for each in self.evidence:
            if each.has(name):
                return each.number(name)
        raise KeyError(name)
