"""What one cell of a sweep came to."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from gradviz.recording.history import History

# a validation accuracy that counts as learnt, for `steps_to_accuracy`
LEARNT = 0.8
EXACT = "exact_log10_activation_grad_rms"

Status = Literal["finished", "diverged", "failed"]


class Outcome(BaseModel):
    """The result of a cell; None where it was not measured. A cell that failed says why, and has no numbers.

    `steps_to_accuracy` is the first evaluated step with a validation accuracy of LEARNT or more. The four gradients are
    log10 of the exact activation gradient at the first and the last row, in the first and the last step at which it was
    measured. `dead` and `unchanged` are means over the rows at the end. `verdict` is the kind of the first finding.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=True, ser_json_inf_nan="constants")

    status: Status
    why: str = ""
    steps: int = 0
    validation_accuracy: float | None = None
    training_accuracy: float | None = None
    validation_loss: float | None = None
    training_loss: float | None = None
    steps_to_accuracy: int | None = None
    first_gradient_at_start: float | None = None
    last_gradient_at_start: float | None = None
    first_gradient_at_end: float | None = None
    last_gradient_at_end: float | None = None
    dead: float | None = None
    unchanged: float | None = None
    verdict: str = ""
    seconds: float = 0.0

    @property
    def gradient_ratio(self) -> float | None:
        """log10 of the gradient at the first row over that at the last, at initialisation."""
        if self.first_gradient_at_start is None or self.last_gradient_at_start is None:
            return None
        return self.first_gradient_at_start - self.last_gradient_at_start


def outcome_of(history: History, seconds: float, verdict: str = "") -> Outcome:
    """Return what the run in `history` came to."""
    latest = history.frames - 1
    steps, accuracies = history.accuracies()
    _, losses = history.evaluation_losses()
    reached = np.flatnonzero(accuracies >= LEARNT)
    gradients: dict[str, Any] = {}
    if EXACT in {quantity.name for quantity in history.quantities}:
        for when, step in (("start", 0), ("end", latest)):
            if (found := history.latest_row(EXACT, step)) is not None:
                gradients[f"first_gradient_at_{when}"] = _number(found[1][0])
                gradients[f"last_gradient_at_{when}"] = _number(found[1][-1])
    return Outcome(
        status="diverged" if history.diverged is not None else "finished",
        steps=latest,
        validation_accuracy=_number(accuracies[-1]) if len(accuracies) else None,
        validation_loss=_number(losses[-1]) if len(losses) else None,
        training_accuracy=_number(history.batch_accuracy(latest)),
        training_loss=_number(history.loss(latest)),
        steps_to_accuracy=int(steps[reached[0]]) if len(reached) else None,
        dead=_mean(history, "dead_fraction", latest),
        unchanged=_mean(history, "unchanged_fraction", latest),
        verdict=verdict,
        seconds=seconds,
        **gradients,
    )


def _mean(history: History, name: str, step: int) -> float | None:
    if name not in {quantity.name for quantity in history.quantities}:
        return None
    found = history.latest_row(name, step)
    if found is None or np.isnan(found[1]).all():
        return None
    return float(np.nanmean(found[1]))


def _number(value: float | np.floating[Any] | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
