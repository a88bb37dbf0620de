"""What says how well a network does beside its loss: accuracy where it tells classes apart, else R squared."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradviz.experiment import Experiment


@dataclass(frozen=True, slots=True)
class Score:
    """`name` as a person writes it; both are drawn in percent, R squared being the share of variance explained.

    `of_a_guess` is what the mean of the targets is worth; None where it depends on the classes.
    """

    name: str
    of_a_guess: float | None = None

    def text(self, value: float) -> str:
        """Write a value, such as 93.1% or 0.931."""
        return f"{value:.1%}" if self is ACCURACY else f"{value:.3f}"

    def short(self, value: float) -> str:
        """Write a value where accuracy is expected: with its name if it is another."""
        return self.text(value) if self is ACCURACY else self.said(value)

    def said(self, value: float) -> str:
        """Write a value with its name."""
        return f"{self.name} {self.text(value)}"


ACCURACY = Score("accuracy")
R_SQUARED = Score("R²", of_a_guess=0.0)


def score_of(experiment: Experiment | None) -> Score:
    """Return what `Evaluation.accuracy` and `Frame.batch_accuracy` are in a run of `experiment`, or of a script."""
    return R_SQUARED if experiment is not None and experiment.regression else ACCURACY


def score_as_data(score: Score, value: float | None) -> dict[str, float | None]:
    """Return a value for JSON, null where it is not finite: `accuracy`, and where there is none, `r2` beside it."""
    finite = float(value) if value is not None and math.isfinite(value) else None
    return {"accuracy": finite} if score is ACCURACY else {"accuracy": None, "r2": finite}
