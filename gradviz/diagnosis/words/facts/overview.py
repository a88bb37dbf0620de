"""Words where nothing is wrong, and for what is not measured."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence, Finding
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import listed, plain, power
from gradviz.diagnosis.words.said import Said, Words


def _level_gradient(fact: Evidence, names: Names) -> Said:
    decades = f"{fact.number('decades'):.1f} decades"
    first, last = names.row(fact.rows[-1]), names.row(fact.rows[0])
    way = f" from {first} back to {last}" if first != last else f" in {first}"
    return f"gradient level within {decades}", f"The gradient stays within {decades}{way}."


def _nothing_left(_fact: Evidence, _names: Names) -> Said:
    return "nothing left to learn", "There is nothing left to learn, and so no gradient."


def _gradient_everywhere(fact: Evidence, names: Names) -> Said:
    least, median = power(fact.number("gradient_log10")), power(fact.number("median_log10"))
    return (
        f"every {names.noun} that is measured gets a gradient",
        f"A typical {names.noun} gets a gradient of {median}; {names.row(fact.at)} gets the least, {least}.",
    )


def _nothing_learnt_yet(_fact: Evidence, _names: Names) -> Said:
    return "nothing learnt yet", ""


def _typical_update(fact: Evidence, names: Names) -> Said:
    return "", f"A typical {names.noun} moves by {power(fact.number('update_log10'))} of its length in a step."


def _loss(fact: Evidence, _names: Names) -> Said:
    guess = f"; guessing gives {plain(fact.number('chance_loss'))}" if fact.has("chance_loss") else ""
    return "", f"The loss is {plain(fact.number('loss'))}{guess}."


_MEASURED = {
    "activation_grad_rms": "the gradient",
    "weight_grad_norm": "the gradient",
    "update_ratio": "update ratio",
    "dead_fraction": "dead units",
    "saturated_fraction": "saturated units",
}


def _unknown(fact: Evidence, _names: Names) -> Said:
    # several are told in one sentence
    return _MEASURED[fact.quantity], ""


def unknown(finding: Finding) -> str:
    """Say in a sentence or two what this run does not measure, and what it has not measured yet."""
    never, not_yet = (
        [_MEASURED[fact.quantity] for fact in finding.evidence if fact.fact == kind] for kind in ("never", "not_yet")
    )
    parts = [f"This run does not measure {listed(never)}."] if never else []
    return " ".join([*parts, f"Not measured yet: {listed(not_yet)}."] if not_yet else parts)


def _no_loss(_fact: Evidence, _names: Names) -> Said:
    return "loss", "The script logs no loss; recorder.log(loss=...) tells whether it falls."


def _called_as_functions(fact: Evidence, _names: Names) -> Said:
    times = int(sum(number for _, number in fact.numbers))
    called = listed([f"{name} {plain(number)} time{'s' * (number != 1)}" for name, number in fact.numbers])
    return (
        f"{times} activation{'s' * (times != 1)} called as function{'s' * (times != 1)}",
        f"Activations are called as functions: {called} in a pass. Which of their units are dead or saturated is known "
        "of modules only, such as nn.ReLU().",
    )


def _nothing_yet(_fact: Evidence, _names: Names) -> Said:
    return "nothing yet", "There is nothing to judge up to here; in the first steps that need not mean anything."


def _found_last(fact: Evidence, _names: Names) -> Said:
    return "", f"It was found at step {fact.step:,} last."


TITLES = {
    "healthy": "Healthy",
    "not_measured": "Not measured",
}
FACTS: dict[str, Words] = {
    "level_gradient": _level_gradient,
    "nothing_left": _nothing_left,
    "gradient_everywhere": _gradient_everywhere,
    "nothing_learnt_yet": _nothing_learnt_yet,
    "typical_update": _typical_update,
    "loss": _loss,
    "never": _unknown,
    "not_yet": _unknown,
    "no_loss": _no_loss,
    "called_as_functions": _called_as_functions,
    "nothing_yet": _nothing_yet,
    "found_last": _found_last,
}
