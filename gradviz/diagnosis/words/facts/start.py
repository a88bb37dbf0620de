"""Words for what is wrong before the first step."""

from __future__ import annotations

from collections.abc import Callable

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.drifts import how_far
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import plain
from gradviz.diagnosis.words.said import Said, Words


def _outputs(verb: str) -> Callable[[Evidence, Names], Said]:
    def words(fact: Evidence, names: Names) -> Said:
        steepest = int(fact.number("steepest_row")) if fact.has("steepest_row") else None
        _, full = how_far(fact, names, verb, steepest, forward=True)
        return f"outputs {verb} from {names.noun} to {names.noun}", f"At the start the outputs {full}"

    return words


def _no_weights(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return f"no weights in {where}", f"At the start all weights of {where} are zero."


def _outputs_infinite(fact: Evidence, names: Names) -> Said:
    where = names.row(fact.at)
    return f"outputs infinite from {where} on", f"At the start the outputs are infinite from {where} on."


def _no_output(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return f"no output from {where}", f"At the start the outputs of {where} are all zero."


def _outputs_alike(fact: Evidence, names: Names) -> Said:
    where, worst = names.several(fact.rows), names.row(fact.at)
    return (
        f"outputs all alike in {where}",
        f"At the start all units of {where} put out nearly the same number for all samples ({worst}: "
        f"{plain(fact.number('mean'))} ± {plain(fact.number('spread'))}).",
    )


def _first_loss_high(fact: Evidence, _names: Names) -> Said:
    loss, chance, allowed = (plain(fact.number(name)) for name in ("loss", "chance_loss", "allowed_loss"))
    return (
        "first loss far above that of a guess",
        f"At the start the loss is {loss}, where guessing gives {chance} (allowed: {allowed}).",
    )


TITLES = {
    "poor_initialisation": "Poor initialisation",
}
FACTS: dict[str, Words] = {
    "outputs_grow": _outputs("grow"),
    "outputs_shrink": _outputs("shrink"),
    "no_weights": _no_weights,
    "outputs_infinite": _outputs_infinite,
    "no_output": _no_output,
    "outputs_alike": _outputs_alike,
    "first_loss_high": _first_loss_high,
}
