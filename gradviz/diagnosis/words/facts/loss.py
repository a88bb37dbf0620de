"""Words for what the loss says."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, plain, share
from gradviz.diagnosis.words.said import Said, Words


def _loss_lost(fact: Evidence, _names: Names) -> Said:
    loss = plain(fact.number("loss"))
    return f"at step {fact.step:,}", f"The loss of step {fact.step:,} is {loss}; nothing after it can be trained."


def _loss_grew(fact: Evidence, _names: Names) -> Said:
    loss = plain(fact.number("loss"))
    full = f"The loss is {loss}"
    if fact.has("first_loss"):
        full += f"; at the start it was {plain(fact.number('first_loss'))}"
    if fact.has("chance_loss"):
        full += f"; guessing gives {plain(fact.number('chance_loss'))}"
    return f"loss {loss}, worse than at the start", f"{full}."


def _loss_of_a_guess(fact: Evidence, _names: Names) -> Said:
    loss, steps = plain(fact.number("loss")), counted(fact.step, "step")
    return (
        f"loss {loss} after {steps}, that of a guess",
        f"After {steps} the loss is {loss}. Guessing gives {plain(fact.number('chance_loss'))}; something is learnt "
        f"below {plain(fact.number('allowed_loss'))}.",
    )


def _loss_no_lower(fact: Evidence, _names: Names) -> Said:
    loss, first, steps = plain(fact.number("loss")), plain(fact.number("first_loss")), counted(fact.step, "step")
    return (
        f"loss {loss} after {steps}, no lower than at the start",
        f"After {steps} the median of the latest losses is {loss}; that of the first was {first}.",
    )


def _one_class(fact: Evidence, _names: Names) -> Said:
    right, loss = share(fact.number("accuracy")), plain(fact.number("validation_loss"))
    return (
        "predicts one class for every sample",
        f"At step {fact.step:,} it predicts one and the same class for every validation sample, which is right for "
        f"{right}; the validation loss is {loss}.",
    )


def _accuracy_near_chance(fact: Evidence, _names: Names) -> Said:
    right, guess = share(fact.number("accuracy")), share(fact.number("guess_accuracy"))
    return (
        f"validation accuracy {right}, near chance",
        f"At step {fact.step:,} {right} of the validation samples are right, where guessing the most frequent class "
        f"gives {guess}; the validation loss is {plain(fact.number('validation_loss'))}, a guess's "
        f"{plain(fact.number('chance_loss'))}.",
    )


def _r2_near_zero(fact: Evidence, _names: Names) -> Said:
    r2, mean = f"{fact.number('r2'):.3f}", plain(fact.number("chance_loss"))
    return (
        f"validation R² {r2}, no better than the mean",
        f"At step {fact.step:,} R² of the validation samples is {r2}, where predicting the mean for each gives 0; the "
        f"validation loss is {plain(fact.number('validation_loss'))}, that of the mean {mean}.",
    )


TITLES = {
    "diverged": "Diverged",
    "not_learning": "Not learning",
}
FACTS: dict[str, Words] = {
    "loss_lost": _loss_lost,
    "loss_grew": _loss_grew,
    "loss_of_a_guess": _loss_of_a_guess,
    "loss_no_lower": _loss_no_lower,
    "one_class": _one_class,
    "accuracy_near_chance": _accuracy_near_chance,
    "r2_near_zero": _r2_near_zero,
}
