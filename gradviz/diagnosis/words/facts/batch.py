"""Words for batches, for what the network says of them, and for samples that a script keeps back."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, plain, share
from gradviz.diagnosis.words.said import Said, Words


def _inputs_not_finite(fact: Evidence, _names: Names) -> Said:
    count = counted(fact.number("not_finite"), "number")
    return (
        "inputs infinite or not a number",
        f"Of the inputs at step {fact.step:,} {count} {'was' if fact.number('not_finite') == 1 else 'were'} infinite "
        "or not a number; whatever they touch becomes the same.",
    )


def _inputs_constant(fact: Evidence, _names: Names) -> Said:
    value = plain(fact.number("mean"))
    return f"all inputs are {value}", f"All numbers of the inputs are {value}: no sample differs from another."


def _inputs_huge(fact: Evidence, _names: Names) -> Said:
    low, high = plain(fact.number("lowest")), plain(fact.number("highest"))
    return (
        f"inputs from {low} to {high}",
        f"The inputs go from {low} to {high}; networks start on the assumption that they are of the order of 1.",
    )


def _labels_not_finite(_fact: Evidence, _names: Names) -> Said:
    return "labels not a number", "Some of the targets are infinite or not a number."


def _labels_alike(fact: Evidence, _names: Names) -> Said:
    label = plain(fact.number("lowest"))
    return f"all labels are {label}", f"All labels so far are {label}: there is nothing to tell apart."


def _labels_out_of_range(fact: Evidence, _names: Names) -> Said:
    low, high, outputs = (plain(fact.number(name)) for name in ("lowest", "highest", "outputs"))
    return (
        f"labels from {low} to {high} for {outputs} outputs",
        f"The labels go from {low} to {high}, but the network has {outputs} outputs, whose classes count from 0.",
    )


def _one_class(fact: Evidence, _names: Names) -> Said:
    short = "the network says one class for every sample"
    full = "The network gives the same class to every sample of the batch."
    if fact.has("largest_share"):
        full += f" The most frequent label has a share of {share(fact.number('largest_share'))}."
    return short, full


def _few_samples(fact: Evidence, names: Names) -> Said:
    samples = counted(fact.number("samples"), "sample")
    where = f" in {names.several(fact.rows)}" if fact.rows else ""
    return (
        f"batch norm on {samples}",
        f"Batch norm{where} takes mean and spread of {samples}, which are next to no estimate: what it does in "
        "training has little to do with what it does afterwards.",
    )


def _bottleneck(fact: Evidence, names: Names) -> Said:
    where = names.several(fact.rows)
    units, before, behind = (fact.number(name) for name in ("units", "before", "behind"))
    return (
        f"only {counted(units, 'number')} through {where}",
        f"{where} {'hands' if len(fact.rows) == 1 else 'hand'} on {counted(units, 'number')}, given {plain(before)}, "
        f"of which the next layer makes {plain(behind)}: all that tells samples apart has to pass there.",
    )


def _softmax_twice(_fact: Evidence, _names: Names) -> Said:
    return (
        "a softmax before cross_entropy",
        "The outputs are probabilities already, and the loss is that of putting them through a softmax once more: it "
        "cannot fall near zero, and its gradient is small.",
    )


def _validation_rises(fact: Evidence, _names: Names) -> Said:
    now, best, loss = (plain(fact.number(name)) for name in ("validation_loss", "best_loss", "loss"))
    return (
        f"validation loss {now}, training loss {loss}",
        f"The validation loss was {best} at best and is {now} now, while the training loss has fallen to {loss}: what "
        "is learnt now holds for the training samples only.",
    )


def _validation_at_chance(fact: Evidence, _names: Names) -> Said:
    accuracy, chance = share(fact.number("accuracy")), share(fact.number("chance_accuracy"))
    return (
        f"validation accuracy {accuracy}, that of a guess",
        f"The validation accuracy is {accuracy}; guessing among {plain(fact.number('classes'))} classes "
        f"gives {chance}. Check that labels and inputs belong together.",
    )


TITLES = {
    "bad_inputs": "Inputs out of range",
    "bad_labels": "Labels out of range",
    "one_class": "One class for all",
    "probabilities_as_logits": "Softmax applied twice",
}
FACTS: dict[str, Words] = {
    "inputs_not_finite": _inputs_not_finite,
    "inputs_constant": _inputs_constant,
    "inputs_huge": _inputs_huge,
    "labels_not_finite": _labels_not_finite,
    "labels_out_of_range": _labels_out_of_range,
    "labels_alike": _labels_alike,
    "one_class_for_all": _one_class,
    "batch_norm_on_few_samples": _few_samples,
    "softmax_twice": _softmax_twice,
    "bottleneck": _bottleneck,
    "validation_rises": _validation_rises,
    "validation_at_chance": _validation_at_chance,
}
