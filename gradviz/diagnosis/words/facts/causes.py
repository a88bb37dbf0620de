"""Words for what was observed of parameters and of the order of calls: causes that are certain."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, listed, plain
from gradviz.diagnosis.words.said import Said, Words


def of_all(fact: Evidence) -> str:
    """Say how many parameters it is about: 12,480 of 23,562 parameters."""
    if not fact.has("parameters"):
        return ""
    count = counted(fact.number("parameters"), "parameter")
    if not fact.has("all_parameters"):
        return count
    return f"{fact.number('parameters'):,.0f} of {counted(fact.number('all_parameters'), 'parameter')}"


def verb(fact: Evidence, one: str, several: str) -> str:
    """Return the verb for as many rows as the fact is about."""
    return one if len(fact.rows) == 1 else several


def _in_no_optimizer(fact: Evidence, names: Names) -> Said:
    where, many = names.several(fact.rows) if fact.rows else "some parameters", of_all(fact)
    told = f" ({many})" if many else ""
    return (
        f"{where} {verb(fact, 'is', 'are')} in no optimiser",
        f"{where}{told} {verb(fact, 'requires a gradient and gets', 'require a gradient and get')} one, but no "
        f"optimiser holds {verb(fact, 'it, so that it never moves', 'them, so that they never move')}.",
    )


def _without_gradient(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return (
        f"no gradient reaches {where}",
        f"{where} {verb(fact, 'runs, is', 'run, are')} trainable and in the optimiser, but the gradient of "
        f"{verb(fact, 'its', 'their')} weights is None after every backward pass.",
    )


def _detached(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    full = (
        f"No gradient comes back to what {where} {verb(fact, 'puts', 'put')} out: it is cut off on the way to the loss."
    )
    return "cut off by detach() or the like", full


def _no_grad(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return "it runs under torch.no_grad()", f"{where} {verb(fact, 'runs', 'run')} under torch.no_grad() in training."


def _never_called(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    return f"{where} {verb(fact, 'is', 'are')} never called", f"No step so far has called {where}."


def _others_are(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    others = counted(fact.number("others"), names.noun)
    return (
        f"{where} {verb(fact, 'gets', 'get')} no sample",
        f"{where} {verb(fact, 'was', 'were')} not called for {counted(fact.number('steps'), 'step')}, while {others} "
        f"made alike {'was' if fact.number('others') == 1 else 'were'}: the routing has left "
        f"{verb(fact, 'it', 'them')}.",
    )


def _no_parameter(fact: Evidence, _names: Names) -> Said:
    steps = counted(fact.number("steps"), "step")
    return (
        f"no parameter had a gradient at any of {steps}",
        f"At each of {steps} the optimiser found no gradient at all: backward() was not called, or the gradients were "
        "cleared between backward() and step().",
    )


def _kept(fact: Evidence, _names: Names) -> Said:
    return (
        "gradients are not cleared between steps",
        "The gradients of the step before were still there when those of the next were added, so that every step goes "
        "by the sum of all so far.",
    )


def _frozen(fact: Evidence, names: Names) -> Said:
    many, where = of_all(fact), names.several(fact.rows) if fact.rows else "some modules"
    told = f" ({many})" if many else ""
    return (
        f"{where} {verb(fact, 'is', 'are')} frozen{told}",
        f"{where} {verb(fact, 'requires', 'require')} no gradient.",
    )


def _left_out(fact: Evidence, names: Names) -> Said:
    words = {"never_called": "never called", "without_weights": "without weights"}
    told = [f"{counted(fact.number(name), names.noun)} {why}" for name, why in words.items() if fact.has(name)]
    return "", f"Of no gradient: {listed(told)}."


def _loss_by_itself(fact: Evidence, _names: Names) -> Said:
    loss = plain(fact.number("loss"))
    return (
        f"the loss is {loss} while all outputs are finite",
        f"At step {fact.step:,} the loss was {loss} although all that the network put out was finite: it is the loss "
        "function itself.",
    )


def _loss_ceased(fact: Evidence, _names: Names) -> Said:
    words = {"outputs_finite": "outputs", "gradients_finite": "gradients", "weights_finite": "weights"}
    broken = [what for name, what in words.items() if fact.has(name) and fact.number(name) == 0.0]
    well = [what for name, what in words.items() if fact.has(name) and fact.number(name) == 1.0]
    parts = [f"{listed(broken)} were not finite either" if broken else "", f"{listed(well)} still were" if well else ""]
    told = "; ".join(part for part in parts if part)
    loss = plain(fact.number("loss"))
    return f"the loss is {loss} since step {fact.step:,}", f"At step {fact.step:,} the loss was {loss}; {told}."


def _falls_without_end(fact: Evidence, _names: Names) -> Said:
    loss, first = plain(fact.number("loss")), plain(fact.number("first_loss"))
    return (
        f"the loss falls without end, to {loss}",
        f"The loss was {first} at first, is {loss}, and falls faster and faster: it has no lower bound.",
    )


def _gradient_lost(fact: Evidence, _names: Names) -> Said:
    loss = plain(fact.number("loss"))
    return (
        f"no finite gradient of a loss of {loss}",
        f"At step {fact.step:,} the loss was {loss} and all outputs were finite, but no gradient was: the loss "
        "function has none there, as sqrt(0) and log(0) have none.",
    )


TITLES = {
    "in_no_optimizer": "In no optimiser",
    "cut_off": "Cut off from the loss",
    "never_called": "Never called",
    "dead_experts": "Experts without samples",
    "no_gradient": "No gradient at all",
    "gradients_kept": "Gradients not cleared",
    "loss_function": "Loss not finite by itself",
    "loss_unbounded": "Loss without a lower bound",
}
FACTS: dict[str, Words] = {
    "in_no_optimizer": _in_no_optimizer,
    "without_gradient": _without_gradient,
    "detached": _detached,
    "no_grad": _no_grad,
    "never_called": _never_called,
    "not_called_others_are": _others_are,
    "no_parameter_has_a_gradient": _no_parameter,
    "gradients_kept": _kept,
    "frozen": _frozen,
    "left_out": _left_out,
    "loss_lost_by_itself": _loss_by_itself,
    "gradient_lost_by_loss": _gradient_lost,
    "loss_ceased": _loss_ceased,
    "falls_without_end": _falls_without_end,
}
