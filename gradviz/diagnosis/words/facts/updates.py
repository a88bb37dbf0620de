"""Words for weights that move too far or not at all."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, plain, power, share
from gradviz.diagnosis.words.said import Said, Words


def _latest_steps(fact: Evidence) -> str:
    steps = fact.number("steps")
    return "The latest step" if steps == 1 else f"The latest {counted(steps, 'step')}"


def _long_steps(fact: Evidence, names: Names) -> Said:
    most, worst = _times(fact.number("update_log10")), names.row(fact.at)
    guide, allowed = plain(fact.number("guide")), plain(fact.number("allowed"))
    full = (
        f"{_latest_steps(fact)} moved the weights of {names.several(fact.rows)} by more than {allowed} of their length"
    )
    if len(fact.rows) > 1:
        full += f", those of {worst} by {most} it"
    return (
        f"steps of {most} the weights' length in {worst}",
        f"{full}. A {names.noun} that learns moves by about {guide}.",
    )


def _times(log10: float) -> str:
    return "infinitely many times" if log10 == float("inf") else f"{power(log10)} times"


def _short_steps(fact: Evidence, names: Names) -> Said:
    where, guide, allowed = names.several(fact.rows), plain(fact.number("guide")), plain(fact.number("allowed"))
    full = f"{_latest_steps(fact)} moved the weights of {where} by less than {allowed} of their length."
    return f"{where} hardly {_moves(fact)}", f"{full} One that learns moves by about {guide}."


def _all_steps_short(fact: Evidence, names: Names) -> Said:
    most, guide = power(fact.number("update_log10")), plain(fact.number("guide"))
    return (
        f"no {names.noun} moves by more than {most} of its length",
        f"{_latest_steps(fact)} moved even the weights of {names.row(fact.at)} by no more than {most} of their length, "
        f"and the loss has not fallen. One that learns moves by about {guide}; the learning rate is "
        f"{plain(fact.number('learning_rate'))}.",
    )


def _no_steps(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    full = f"{_latest_steps(fact)} did not move the weights of {where} at all."
    return f"{where} {_stands(fact)} still", full


def _bits_unchanged(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    full = f"In {where} at least {share(fact.number('allowed_share'))} of the weights kept every bit."
    return f"{where} {_stands(fact)} still", full


def _moves(fact: Evidence) -> str:
    return "moves" if len(fact.rows) == 1 else "move"


def _stands(fact: Evidence) -> str:
    return "stands" if len(fact.rows) == 1 else "stand"


TITLES = {
    "too_much": "Updating too much",
    "too_little": "Updating too little",
    "not_updating": "Not updating",
}
FACTS: dict[str, Words] = {
    "long_steps": _long_steps,
    "short_steps": _short_steps,
    "no_steps": _no_steps,
    "all_steps_short": _all_steps_short,
    "bits_unchanged": _bits_unchanged,
}
