"""Words for what the recipe of a network tells: too few samples, units or bends, clipping and weight decay."""

from __future__ import annotations

from gradviz.diagnosis.finding import Evidence
from gradviz.diagnosis.words.names import Names
from gradviz.diagnosis.words.numbers import counted, plain, power, share
from gradviz.diagnosis.words.said import Said, Words


def _few_samples(fact: Evidence, _names: Names) -> Said:
    samples = counted(fact.number("samples"), "sample")
    return (
        f"batch normalisation over {samples}",
        f"Batch normalisation takes mean and variance of {samples}, which tells next to nothing of all of them: what "
        f"else is in the batch decides what a sample looks like. {counted(fact.number('advised'), 'sample')} or more "
        "are advised.",
    )


def _few_units(fact: Evidence, _names: Names) -> Said:
    units, classes = counted(fact.number("units"), "unit"), counted(fact.number("classes"), "class", "classes")
    if not fact.number("classes"):
        return (
            f"layers of {units}",
            f"Each layer has {units}, through which everything has to pass; a few that are off close a whole layer.",
        )
    return (
        f"layers of {units} for {classes}",
        f"Each layer has {units}, through which everything has to pass that tells {classes} apart; a few units that "
        "are off close a whole layer.",
    )


def _no_bend(fact: Evidence, _names: Names) -> Said:
    layers = counted(fact.number("layers"), "layer")
    together = "that is" if fact.number("layers") == 1 else "together they are"
    return (
        "no activation bends",
        f"No activation bends in {layers}: {together} one linear map, which divides classes, or fits a number, by "
        "straight lines only.",
    )


def _clipped(fact: Evidence, _names: Names) -> Said:
    norm, allowed = plain(fact.number("norm")), plain(fact.number("allowed_norm"))
    steps = counted(fact.number("steps"), "step")
    return (
        f"every gradient cut from about {norm} to {allowed}",
        f"Clipping shortened the gradient at each of the latest {steps}, from a median of {norm} to {allowed}: it sets "
        "the length of every step, whatever the gradient says.",
    )


def _decay_overshoots(fact: Evidence, _names: Names) -> Said:
    shrinks = plain(fact.number("shrinks"))
    return (
        f"each step takes {shrinks} times the weights off them",
        f"Weight decay of {plain(fact.number('weight_decay'))} times the learning rate takes {shrinks} times each "
        "weight off itself in a step: beyond 1 it changes its sign, beyond 2 it grows without end.",
    )


def _decay_outweighs(fact: Evidence, names: Names) -> Said:
    decay, where = plain(fact.number("weight_decay")), names.several(fact.rows)
    if fact.has("of_the_step"):
        return (
            f"most of each step in {where}",
            f"Weight decay of {decay} makes up most of how far {where} moves in a step: the weights shrink rather than "
            "learn.",
        )
    pull, gradient = power(fact.number("pull_log10")), power(fact.number("gradient_log10"))
    return (
        f"decay outweighs the gradient in {where}",
        f"Weight decay of {decay} pulls at the weights of {names.row(fact.at)} with {pull}, their gradient with "
        f"{gradient}; so it is in {where}: the weights shrink rather than learn.",
    )


def _by_heart(fact: Evidence, _names: Names) -> Said:
    trained, held_out = plain(fact.number("training_loss")), plain(fact.number("validation_loss"))
    scored = f"R² {fact.number('r2'):.3f}" if fact.has("r2") else f"{share(fact.number('accuracy'))} right"
    return (
        f"training loss {trained}, validation loss {held_out}",
        f"At step {fact.step:,} the training loss is {trained}, the validation loss {held_out} (a guess: "
        f"{plain(fact.number('chance_loss'))}) with {scored}: the network knows the "
        "training samples by heart.",
    )


def _was_better(fact: Evidence, _names: Names) -> Said:
    best, step = plain(fact.number("best_loss")), fact.number("best_step")
    return "", f"The validation loss was lowest at step {step:,.0f}, {best}; at step {fact.step:,} it is higher."


TITLES = {
    "small_batch": "Batch too small for batch norm",
    "narrow": "Too few units",
    "straight": "A network without a bend",
    "clipped": "Clipping at every step",
    "decay": "Weight decay too strong",
    "overfitting": "Overfitting",
}
FACTS: dict[str, Words] = {
    "few_samples_to_normalise": _few_samples,
    "few_units": _few_units,
    "no_bend": _no_bend,
    "clipped_at_every_step": _clipped,
    "decay_overshoots": _decay_overshoots,
    "decay_outweighs": _decay_outweighs,
    "by_heart": _by_heart,
    "validation_was_better": _was_better,
}
