"""Words for gradients that vanish, explode or end."""

from __future__ import annotations

from collections.abc import Callable

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.drifts import how_far
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, part, power
from gradviz.diagnosis.words.said import Said, Words


def _drift(verb: str, start: str = "") -> Callable[[Evidence, Names], Said]:
    def words(fact: Evidence, names: Names) -> Said:
        short, full = how_far(fact, names, verb, fact.at)
        of = " of the weights" if fact.quantity == "weight_grad_norm" else ""
        if start:
            return f"the gradient {verb} {start}", f"At the start the gradient{of} already {full}"
        return short, f"The gradient{of} {full}"

    return words


def _ends_at_zero_weights(fact: Evidence, names: Names) -> Said:
    where = names.row(fact.at)
    return (
        f"ends at {where}",
        f"From {where} down it is exactly zero, in exact arithmetic, too: weights above are all zero.",
    )


def _below_floor(fact: Evidence, names: Names) -> Said:
    return "", f"It is below {names.precision}'s smallest normal number from {names.row(fact.rows[-1])} down."


def _exactly_zero(fact: Evidence, names: Names) -> Said:
    return "", f"It is exactly zero from {names.row(fact.rows[-1])} down."


def _true_value(fact: Evidence, names: Names) -> Said:
    return "", f"In exact arithmetic it is {power(fact.number('gradient_log10'))} in {names.row(fact.at)}."


def _nothing_arrives(fact: Evidence, names: Names) -> Said:
    short = f"no {names.noun} gets any gradient"
    if fact.has("steps"):
        steps = counted(fact.number("steps"), "step")
        return (
            short,
            f"The gradient of the weights of every {names.noun} was exactly zero at each of the latest {steps}.",
        )
    where = names.row(fact.rows[-1])
    return short, f"From {where} down no {names.noun} gets a gradient above {names.precision}'s smallest normal number."


def _little_gradient(fact: Evidence, names: Names) -> Said:
    name, gradient, median = names.row(fact.at), fact.number("gradient_log10"), fact.number("median_log10")
    compared = (
        power(gradient) if gradient == -float("inf") else f"{power(gradient)}, {part(median - gradient)} of the median"
    )
    more = f", and {len(fact.rows) - 1:,} more" if len(fact.rows) > 1 else ""
    short = f"{name} gets {'no' if fact.fact == 'no_gradient' else 'hardly any'} gradient ({compared}){more}"
    got = "got no gradient" if gradient == -float("inf") else f"got a gradient of no more than {power(gradient)}"
    steps = fact.number("steps")
    when = "at the latest step" if steps == 1 else f"at any of the latest {counted(steps, 'step')}"
    full = f"The weights of {name} {got} {when}; the median of all {names.noun}s is {power(median)}."
    if more:
        full += f" {counted(fact.number('allowed_decades'), 'decade')} or more below it are {names.several(fact.rows)}."
    return short, full


def _gradient_not_finite(fact: Evidence, names: Names) -> Said:
    if fact.quantity == "weight_grad_norm":
        where = names.several(fact.rows)
        return (
            f"gradient of {where} infinite or not a number",
            f"The gradient of {where} is infinite or not a number; what the optimiser makes of it is of no use to any "
            f"{names.noun}.",
        )
    where = names.row(fact.rows[-1])
    return f"infinite from {where} down", f"The gradient is infinite or not a number from {where} down."


TITLES = {
    "vanishing": "Vanishing gradient",
    "exploding": "Exploding gradient",
}
FACTS: dict[str, Words] = {
    "falls": _drift("falls"),
    "grows": _drift("grows"),
    "falls_at_start": _drift("falls", "from the start"),
    "grows_at_start": _drift("grows", "from the start"),
    "ends_at_zero_weights": _ends_at_zero_weights,
    "below_floor": _below_floor,
    "exactly_zero": _exactly_zero,
    "true_value": _true_value,
    "nothing_arrives": _nothing_arrives,
    "no_gradient": _little_gradient,
    "little_gradient": _little_gradient,
    "gradient_not_finite": _gradient_not_finite,
}
