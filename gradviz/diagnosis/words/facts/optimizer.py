"""Words for what an optimiser is set to, and for first steps that replace everything."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, plain, power, share
from gradviz.diagnosis.words.said import Said, Words


def _clipped(fact: Evidence, _names: Names) -> Said:
    before, after = plain(fact.number("norm_before")), plain(fact.number("norm_after"))
    return (
        f"the gradient is clipped from {before} to {after}",
        f"At each of the latest {counted(fact.number('steps'), 'step')} clipping shortened the gradient from about "
        f"{before} to {after}.",
    )


def _decay(fact: Evidence, names: Names) -> Said:
    where, decay = names.row(fact.at), plain(fact.number("weight_decay"))
    return (
        f"weight decay of {decay} outweighs the gradient in {where}",
        f"With weight decay {decay} the pull on the weights of {where} is {power(fact.number('decay_log10'))} long, "
        f"their gradient {power(fact.number('gradient_log10'))}; they have lost "
        f"{share(fact.number('lost_share'))} of their length since the start.",
    )


def _too_little(fact: Evidence, names: Names) -> Said:
    most, loss, first = power(fact.number("update_log10")), plain(fact.number("loss")), plain(fact.number("first_loss"))
    return (
        f"no {names.noun} moves by more than {most} of its length in a step",
        f"No {names.noun} moves by more than {most} of its length in a step, where one that learns moves by about "
        f"{plain(fact.number('guide'))}; the loss is {loss} after {first} at first.",
    )


def _long_first_steps(fact: Evidence, names: Names) -> Said:
    where, times = names.row(fact.at), power(fact.number("update_log10"))
    loss, first = plain(fact.number("loss")), plain(fact.number("first_loss"))
    their = "its" if len(fact.rows) == 1 else "their"
    return (
        f"first steps of up to {times} times the weights' length in {where}",
        f"Within the first steps {names.several(fact.rows)} moved by half of {their} length or more in one step, "
        f"{where} by {times} times its length; the loss is {loss}, and was {first} at first.",
    )


def _outputs_huge(fact: Evidence, names: Names) -> Said:
    where, size = names.row(fact.at), plain(fact.number("size"))
    return (
        f"outputs of {size} in {where}",
        f"At the start the outputs of {where} are {size} in size, those of the first {names.noun} "
        f"{plain(fact.number('first_size'))}: the weights begin far too large.",
    )


def _same_weights(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return (
        f"all units of {where} begin alike",
        f"At the start all units of {where} have the same weights: they get the same gradient, and stay alike.",
    )


def _rate_fell(fact: Evidence, _names: Names) -> Said:
    rate, largest = plain(fact.number("learning_rate")), plain(fact.number("largest"))
    return (
        f"learning rate down from {largest} to {rate} before anything was learnt",
        f"The learning rate has fallen from {largest} to {rate}, and the loss has not fallen yet.",
    )


TITLES = {
    "rate_gone": "Learning rate gone",
    "units_alike": "Units all alike",
    "absurd_start": "Absurd magnitudes at the start",
    "zero_weights": "Weights all zero",
}
FACTS: dict[str, Words] = {
    "clipped_to_little": _clipped,
    "decay_shrinks": _decay,
    "moves_too_little": _too_little,
    "long_first_steps": _long_first_steps,
    "outputs_huge": _outputs_huge,
    "same_weights": _same_weights,
    "rate_fell": _rate_fell,
}
