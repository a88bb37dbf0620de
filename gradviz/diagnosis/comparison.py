"""Whether a run ended clearly worse than another one, beyond what chance and rounding do."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.recording.history import History
from gradviz.recording.source import LOSS

# the training loss at the end is the median of so many steps
LOSSES_COMPARED = 20
# a loss within this share of the other one's is the same
SAME_LOSS = 0.1
# batches differ: so many times the spread of the latest losses is the same, too
SPREADS = 3.0
# a median absolute deviation of a normal distribution times this is its standard deviation
NORMAL = 1.4826
# an accuracy within so much of the other one's is the same, and within so many standard errors of a count
SAME_ACCURACY = 0.02
STANDARD_ERRORS = 3.0


def worse_than(base: History, history: History) -> list[Finding]:
    """Return in what the end of `history` is clearly worse than that of `base`; both have frames.

    The training loss, the median of the latest 20, is above that of the base by more than 10% and more than three times
    the spread of either. The validation loss is above by more than 10%; or the validation accuracy is below by more
    than two points and three standard errors of the difference, where the number of samples is known.
    """
    step = history.frames - 1
    losses = _loss(base, history)
    validation = [fact for fact in (_validation_accuracy(base, history), _validation_loss(base, history)) if fact]
    found = [Finding("worse_validation", Severity.WARNING, step, tuple(validation))] if validation else []
    if losses is not None:
        found.append(Finding("worse_loss", Severity.WARNING, step, (losses,)))
    return found


def _loss(base: History, history: History) -> Evidence | None:
    old, new = _latest_losses(base), _latest_losses(history)
    if not old.size or not new.size:
        return None
    before, now = float(np.median(old)), float(np.median(new))
    spread = NORMAL * max(float(np.median(np.abs(old - before))), float(np.median(np.abs(new - now))))
    allowed = before + max(SAME_LOSS * abs(before), SPREADS * spread)
    if now <= allowed:
        return None
    return evidence("loss_above_base", "", history.frames - 1, loss=now, base_loss=before, allowed_loss=allowed)


def _validation_loss(base: History, history: History) -> Evidence | None:
    before, now = _latest_validation(base, "loss"), _latest_validation(history, "loss")
    if before is None or now is None:
        return None
    allowed = before[1] + SAME_LOSS * abs(before[1])
    if now[1] <= allowed:
        return None
    return evidence(
        "validation_loss_above_base", "", now[0], loss=now[1], base_loss=before[1], allowed_loss=allowed
    )  # fmt: skip


def _validation_accuracy(base: History, history: History) -> Evidence | None:
    before, now = _latest_validation(base, "accuracy"), _latest_validation(history, "accuracy")
    if before is None or now is None or base.started.regression or history.started.regression:
        # R squared says what the validation loss says
        return None
    counted = [_variance(run, share) for run, (_, share) in ((base, before), (history, now))]
    allowed = before[1] - max(SAME_ACCURACY, STANDARD_ERRORS * math.sqrt(sum(counted)))
    if now[1] >= allowed:
        return None
    return evidence(
        "validation_accuracy_below_base", "", now[0], accuracy=now[1], base_accuracy=before[1], allowed_accuracy=allowed
    )


def _variance(history: History, share: float) -> float:
    """Return the variance of a share of the validation samples; 0 where their number is not known."""
    samples = history.started.held_out
    return share * (1.0 - share) / max(len(samples.labels), 1) if samples is not None else 0.0


def _latest_losses(history: History) -> NDArray[np.float64]:
    losses = history.scalars(max(history.frames - LOSSES_COMPARED, 0), history.frames)[:, LOSS]
    # one that is infinite is said by the verdict
    return losses[np.isfinite(losses)]


def _latest_validation(history: History, what: str) -> tuple[int, float] | None:
    """Return (step, number) of the latest validation "loss" or "accuracy", measured here or told by a script."""
    steps, values = history.evaluation_losses() if what == "loss" else history.accuracies()
    if not values.size and f"validation_{what}" in history.scalar_names:
        steps, values = history.scalar(f"validation_{what}")
    known = np.flatnonzero(np.isfinite(values))
    return (int(steps[known[-1]]), float(values[known[-1]])) if known.size else None
