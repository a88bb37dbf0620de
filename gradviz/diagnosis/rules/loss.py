"""What the loss says: the run diverged, or has learnt nothing."""

from __future__ import annotations

import math

from gradviz.diagnosis.finding import Evidence, Finding, Severity, evidence
from gradviz.diagnosis.guesses import Guess, Validation
from gradviz.diagnosis.measurements import Lost
from gradviz.diagnosis.readings import HAS_LEARNT, MEAN, RECENT_STEPS, Readings
from gradviz.diagnosis.rule import rule
from gradviz.diagnosis.thresholds import Thresholds

# an accuracy that is above a guess's by less than this share of the rest is near chance
NEAR_CHANCE = 0.1
# and one that is above it by more than this share is no guess, whatever the loss
MOSTLY_RIGHT = 0.5


@rule("diverged", rank=85)
def diverged(readings: Readings, _thresholds: Thresholds, *, lost: Lost) -> Finding | None:
    """Say where the loss ceased to be finite, and which row was the first to put out such numbers."""
    facts = [evidence("loss_lost", "", lost.step, loss=lost.loss)]
    rows = () if lost.first_row is None else tuple(range(lost.first_row, len(readings.rows) + 1))
    if rows:
        facts.append(evidence("output_not_finite", MEAN, lost.step, rows, lost.first_row))
    return Finding(
        "diverged",
        Severity.CRITICAL,
        lost.step,
        tuple(facts),
        rows=rows,
        worst_row=lost.first_row,
        first_step=lost.step,
        quantity=MEAN if rows else "",
    )


@rule("not_learning", rank=90)
def not_learning(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a loss that training has made worse, or that is no better after a while, in training or validation."""
    return (
        _worse(readings, thresholds)
        or _still_a_guess(readings, thresholds)
        or _labels_guessed(readings, thresholds)
        or _no_lower(readings, thresholds)
    )


def _worse(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a loss much higher than at the start, if only for a while. One that may be negative has no scale."""
    loss, first, chance = readings.loss, readings.first_loss, readings.chance_loss
    start = max((each for each in (first, chance) if each is not None), default=0.0)
    if loss is None or readings.step < RECENT_STEPS or not loss > thresholds.worse_factor * start > 0.0:
        return None
    if _far_from_a_guess(readings.validation, readings.guess):
        return None
    fact = evidence("loss_grew", "", readings.step, loss=loss, first_loss=first, chance_loss=chance)
    return _finding(readings, Severity.WARNING, [fact], ("worse_factor",))


def _still_a_guess(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find what is no better than a guess after a while: loss, validation, or one class for every sample."""
    loss, chance = readings.loss, readings.chance_loss
    if loss is None or chance is None or readings.step < thresholds.patience_steps:
        return None
    allowed = thresholds.chance_loss_share * chance
    facts = []
    if loss >= allowed and not _far_from_a_guess(readings.validation, readings.guess):
        facts.append(
            evidence("loss_of_a_guess", "", readings.step, loss=loss, chance_loss=chance, allowed_loss=allowed)
        )
    if readings.validation is not None and readings.guess is not None:
        facts += _validated(readings.validation, readings.guess, thresholds)
    if not facts:
        return None
    return _finding(readings, Severity.WARNING, facts, ("chance_loss_share", "patience_steps"))


def _labels_guessed(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a loss and an accuracy of a guess in a script that logs what is said and what is right."""
    labels, said, loss = readings.observed("labels"), readings.observed("predictions"), readings.late_loss
    if readings.guess is not None or labels is None or said is None or loss is None:
        return None
    given, predicted = dict(labels.observation.numbers), dict(said.observation.numbers)
    entropy, accuracy = given.get("entropy", 0.0), predicted.get("accuracy", math.nan)
    allowed = thresholds.chance_loss_share * entropy
    guessed = given.get("largest_share", 1.0) + NEAR_CHANCE
    if readings.step < thresholds.patience_steps or not (loss >= allowed > 0.0 and accuracy <= guessed):
        return None
    fact = evidence("loss_of_a_guess", "", readings.step, loss=loss, chance_loss=entropy, allowed_loss=allowed)
    return _finding(readings, Severity.WARNING, [fact], ("chance_loss_share", "patience_steps"))


def _far_from_a_guess(validation: Validation | None, guess: Guess | None) -> bool:
    """Whether most of what a guess gets wrong is right: a large loss is of few samples then, and no sign of a guess."""
    if validation is None or guess is None:
        return False
    return validation.accuracy > guess.accuracy + MOSTLY_RIGHT * (1.0 - guess.accuracy)


def _validated(validation: Validation, guess: Guess, thresholds: Thresholds) -> list[Evidence]:
    """Say what of the validation is a guess's, unless the training samples are learnt: then it is overfitting."""
    by_heart = validation.training_loss < HAS_LEARNT * guess.even_loss
    if validation.step < thresholds.patience_steps or by_heart:
        return []
    facts = []
    if validation.only_class is not None:
        facts.append(
            evidence(
                "one_class",
                "",
                validation.step,
                predicted=validation.only_class,
                accuracy=validation.accuracy,
                guess_accuracy=guess.accuracy,
                validation_loss=validation.loss,
            )
        )
    # three standard deviations of as many guesses, or a tenth of the way to no mistake
    chance = guess.accuracy
    spread = 3.0 * math.sqrt(chance * (1.0 - chance) / max(validation.samples, 1))
    near = chance + max(min(spread, NEAR_CHANCE * 3.0 * (1.0 - chance)), NEAR_CHANCE * (1.0 - chance))
    if guess.of_numbers:
        if validation.accuracy < NEAR_CHANCE:
            facts.append(
                evidence(
                    "r2_near_zero", "", validation.step,
                    r2=validation.accuracy, validation_loss=validation.loss, chance_loss=guess.loss,
                )
            )  # fmt: skip
        return facts
    if validation.accuracy < near and validation.only_class is None:
        facts.append(
            evidence(
                "accuracy_near_chance", "", validation.step,
                accuracy=validation.accuracy, guess_accuracy=chance, validation_loss=validation.loss,
                chance_loss=guess.loss,
            )
        )  # fmt: skip
    return facts


def _no_lower(readings: Readings, thresholds: Thresholds) -> Finding | None:
    """Find a loss without a scale whose median has not fallen since the first steps."""
    late, early = readings.late_loss, readings.early_loss
    if readings.chance_loss is not None or readings.step < thresholds.patience_steps:
        return None
    if late is None or early is None or not late >= early > 0.0:
        return None
    fact = evidence("loss_no_lower", "", readings.step, loss=late, first_loss=early)
    return _finding(readings, Severity.NOTICE, [fact], ("patience_steps",))


def _finding(readings: Readings, severity: Severity, facts: list[Evidence], thresholds: tuple[str, ...]) -> Finding:
    return Finding("not_learning", severity, readings.step, tuple(facts), thresholds=thresholds)
