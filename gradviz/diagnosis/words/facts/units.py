"""Words for units and outputs through which nothing comes."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import share
from gradviz.diagnosis.words.said import Said, Words


def _no_gradient_past(fact: Evidence, names: Names) -> Said:
    where = names.row(fact.at)
    return (
        f"no gradient gets past {where}",
        f"No gradient gets past {where}: from {names.row(fact.rows[-1])} down it is exactly zero, in exact arithmetic, "
        "too.",
    )


def _output_not_finite(fact: Evidence, names: Names) -> Said:
    where = names.row(fact.at)
    return (
        f"output of {where} infinite or not a number",
        f"The first output that is infinite or not a number is that of {where}.",
    )


def _zero_output(fact: Evidence, names: Names) -> Said:
    where, verb = names.several(fact.rows), "puts" if len(fact.rows) == 1 else "put"
    return f"{where} {verb} out only zeros", f"Whatever the sample, {where} {verb} out only zeros."


def _dead_share(fact: Evidence, names: Names) -> Said:
    return _units(fact, names, "units", "have no slope for any sample")


def _saturated_share(fact: Evidence, names: Names) -> Said:
    return _units(fact, names, "activations' inputs", "lie where the slope is below a hundredth of the steepest")


def _units(fact: Evidence, names: Names, what: str, how: str) -> Said:
    most, worst, allowed = share(fact.number("share")), names.row(fact.at), share(fact.number("allowed_share"))
    full = f"{most} of the {what} of {worst} {how} (allowed: less than {allowed})."
    if len(fact.rows) > 1:
        full += f" At least {allowed} do in {names.several(fact.rows)}."
    return f"{most} of {worst}", full


TITLES = {
    "dead": "Dead units",
    "saturated": "Saturated units",
}
FACTS: dict[str, Words] = {
    "no_gradient_past": _no_gradient_past,
    "output_not_finite": _output_not_finite,
    "zero_output": _zero_output,
    "dead_share": _dead_share,
    "saturated_share": _saturated_share,
}
