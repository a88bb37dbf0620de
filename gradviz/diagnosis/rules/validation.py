"""What the samples say that are never trained on: the network learns its training samples by heart."""

from __future__ import annotations

from gradviz.diagnosis.finding import Finding, Severity, evidence
from gradviz.diagnosis.guesses import Guess, Validation
from gradviz.diagnosis.readings import HAS_LEARNT, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# the validation loss is so many times the training loss, and more by this share of a guess's
TIMES_TRAINING, SHARE_ABOVE_TRAINING = 2.0, 0.3
# times its lowest; from there on it has risen
RISEN = 1.2


@rule("overfitting", rank=95)
def overfitting(readings: Readings, thresholds: Thresholds, *, validation: Validation, guess: Guess) -> Finding | None:
    """Find a training loss far below the validation loss; a notice where validation is still better than a guess."""
    trained, held_out = validation.training_loss, validation.recent_loss
    if validation.step < thresholds.patience_steps or not trained < HAS_LEARNT * guess.even_loss:
        return None
    if not held_out > max(TIMES_TRAINING * trained, trained + SHARE_ABOVE_TRAINING * guess.even_loss):
        return None
    rising = held_out > RISEN * validation.best_loss
    facts = [
        evidence(
            "by_heart",
            "",
            validation.step,
            training_loss=trained,
            validation_loss=held_out,
            accuracy=None if readings.regression else validation.accuracy,
            r2=validation.accuracy if readings.regression else None,
            chance_loss=guess.loss,
        )
    ]
    if rising:
        facts.append(
            evidence(
                "validation_was_better", "", validation.step,
                validation_loss=held_out, best_loss=validation.best_loss, best_step=validation.best_step,
            )
        )  # fmt: skip
    return Finding(
        "overfitting",
        Severity.WARNING if held_out >= guess.even_loss else Severity.NOTICE,
        validation.step,
        tuple(facts),
        thresholds=("patience_steps",),
    )
