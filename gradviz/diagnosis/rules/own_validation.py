"""What samples say that a script keeps back, and logs as validation loss and accuracy."""

from __future__ import annotations

import numpy as np

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.readings import Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# so many entries are needed
FEWEST_ENTRIES = 5
# of the best that was reached; and the loss on training samples is below that share of it
WORSE_FACTOR, TRAINING_SHARE = 1.25, 0.5
# an accuracy no farther above that of chance is that of a guess
ABOVE_CHANCE = 1.5
MOST_STEPS = 100_000


@rule("overfitting", rank=95)
def overfitting(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a validation loss that rises again, or was never better than a guess, while the training loss falls."""
    told, late = readings.scalar("validation_loss", MOST_STEPS), readings.late_loss
    early = readings.early_loss
    if told.size < FEWEST_ENTRIES or late is None or early is None or readings.step < thresholds.patience_steps:
        return None
    told = told[np.isfinite(told)]
    best, now = float(told.min()), float(told[-1])
    if not (now > WORSE_FACTOR * best and late < TRAINING_SHARE * now and late < TRAINING_SHARE * early):
        return None
    fact = evidence("validation_rises", "", readings.step, validation_loss=now, best_loss=best, loss=late)
    return Finding("overfitting", Severity.WARNING, readings.step, (fact,), thresholds=("patience_steps",))


@rule("not_learning", rank=90)
def validation_at_chance(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a validation accuracy that is that of a guess."""
    told, labels = readings.scalar("validation_accuracy", MOST_STEPS), readings.observed("labels")
    if told.size < FEWEST_ENTRIES or labels is None or readings.step < thresholds.patience_steps:
        return None
    numbers = dict(labels.observation.numbers)
    classes = numbers.get("classes", 0.0)
    if classes < 2.0:
        return None
    chance = 1.0 / classes
    now = float(told[-FEWEST_ENTRIES:].mean())
    if now > ABOVE_CHANCE * chance or now > (1.0 + chance) / 2.0:
        return None
    fact = evidence("validation_at_chance", "", readings.step, accuracy=now, chance_accuracy=chance, classes=classes)
    return Finding("not_learning", Severity.WARNING, readings.step, (fact,), thresholds=("patience_steps",))
