"""Words for how a run compares with the one it is checked against."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import plain
from gradviz.diagnosis.words.said import Said, Words


def _loss_above_base(fact: Evidence, _names: Names) -> Said:
    loss, base = plain(fact.number("loss")), plain(fact.number("base_loss"))
    return (
        f"loss {loss}, with the base run {base}",
        f"The median of the latest training losses is {loss}; that of the base run is {base}. Up to "
        f"{plain(fact.number('allowed_loss'))} counts as the same.",
    )


def _validation_loss_above_base(fact: Evidence, _names: Names) -> Said:
    loss, base = plain(fact.number("loss")), plain(fact.number("base_loss"))
    return (
        f"validation loss {loss}, with the base run {base}",
        f"The latest validation loss is {loss}; that of the base run is {base}. Up to "
        f"{plain(fact.number('allowed_loss'))} counts as the same.",
    )


def _validation_accuracy_below_base(fact: Evidence, _names: Names) -> Said:
    accuracy, base = f"{fact.number('accuracy'):.1%}", f"{fact.number('base_accuracy'):.1%}"
    return (
        f"validation accuracy {accuracy}, with the base run {base}",
        f"The latest validation accuracy is {accuracy}; that of the base run is {base}. Down to "
        f"{fact.number('allowed_accuracy'):.1%} counts as the same.",
    )


TITLES = {
    "worse_loss": "Worse training loss",
    "worse_validation": "Worse validation",
}
FACTS: dict[str, Words] = {
    "loss_above_base": _loss_above_base,
    "validation_loss_above_base": _validation_loss_above_base,
    "validation_accuracy_below_base": _validation_accuracy_below_base,
}
