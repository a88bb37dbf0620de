"""Variants of one experiment, to be raced: which there are to begin with, and what each is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gradviz.errors import ExperimentError
from gradviz.experiment.differences import value_in_words
from gradviz.experiment.files import with_settings
from gradviz.experiment.recipe import Experiment, choices, field

UNCHANGED = "as on the form"
LONGEST_TITLE = 80
# words that say by themselves which field they are of
_SELF_EVIDENT = ("activation", "optimizer", "initialization")


@dataclass(frozen=True, slots=True)
class VariantSet:
    """Variants under one name; `changes` gives for the experiment on the form a text of `key=value` for each."""

    name: str
    tip: str
    changes: Callable[[Experiment], Sequence[str]]


def variant(base: Experiment, changes: str) -> Experiment:
    """Return `base` with `changes`, written as `key=value key=value`, and a title that says what they are.

    Raises ExperimentError, naming the mistake.
    """
    settings = changes.replace(",", " ").split()
    changed = with_settings(base, settings)
    names = [setting.partition("=")[0] for setting in settings]
    title = ", ".join(_said(name, changed) for name in names if name not in ("title", "notes")) or UNCHANGED
    return changed.changed(title=title[:LONGEST_TITLE], notes="")


def offered(base: Experiment) -> list[tuple[VariantSet, list[str]]]:
    """Return the sets with the changes that are possible for `base`, where these are two at least.

    Left out is what the architecture of `base` does not have, or not with such a value.
    """
    possible = [
        (each, [changes for changes in each.changes(base) if _is_possible(base, changes)]) for each in VARIANT_SETS
    ]
    return [(each, changes) for each, changes in possible if len(changes) > 1]


def _is_possible(base: Experiment, changes: str) -> bool:
    try:
        variant(base, changes)
    except ExperimentError:
        return False
    return True


def _said(name: str, experiment: Experiment) -> str:
    known = field(name, experiment.network.architecture)
    words, label = value_in_words(known, experiment.value(name)), known.label.lower()
    if name in _SELF_EVIDENT:
        return words
    if name in ("shortcut", "normalization"):
        return f"no {label}" if words == "none" else f"{words} {label}"
    return f"{label} {words}"


def _each(name: str, *words: str) -> Callable[[Experiment], Sequence[str]]:
    assert all(word in choices(name) for word in words)
    return lambda _base: [f"{name}={word}" for word in words]


def _scaled(name: str, *factors: float) -> Callable[[Experiment], Sequence[str]]:
    """Let a number be itself times each of `factors`, as far as the field allows."""

    def changes(base: Experiment) -> Sequence[str]:
        known = field(name, base.network.architecture)
        low, high = known.limits
        assert low is not None
        assert high is not None
        whole = known.kind is int
        values = [min(max(base.value(name) * factor, low), high) for factor in factors]
        written = [str(round(value)) if whole else f"{value:g}" for value in values]
        return [f"{name}={value}" for value in dict.fromkeys(written)]

    return changes


def _mildest_shortcut(base: Experiment) -> str:
    """Return the shortcut whose branches begin weakest, of those that the architecture has."""
    return "scaled" if _is_possible(base, "shortcut=scaled") else "identity"


VARIANT_SETS = (
    VariantSet(
        "Sigmoid, ReLU, sigmoid with shortcuts",
        "The history of deep learning in three runs",
        # at the learning rate of the form, plain gradient descent throws thirty layers of ReLU off
        lambda base: (
            "activation=sigmoid shortcut=none optimizer=adam learning_rate=0.001",
            "activation=relu shortcut=none initialization=he_normal optimizer=adam learning_rate=0.001",
            f"activation=sigmoid shortcut={_mildest_shortcut(base)} optimizer=adam learning_rate=0.001",
        ),
    ),
    VariantSet(
        "Without and with shortcuts",
        "The same layers, with ways past them and without",
        _each("shortcut", "none", "identity", "scaled"),
    ),
    VariantSet(
        "Activations", "Sigmoid, tanh, ReLU and GELU", _each("activation", "sigmoid", "tanh", "relu", "gelu")
    ),
    VariantSet(
        "Normalisations", "Without, and over a layer or a batch", _each("normalization", "none", "layer", "batch")
    ),
    VariantSet(
        "Initialisations",
        "Made for sigmoid, made for ReLU, and orthogonal",
        _each("initialization", "glorot_uniform", "he_normal", "orthogonal"),
    ),
    VariantSet("Learning rates", "A tenth, as on the form, and tenfold", _scaled("learning_rate", 0.1, 1.0, 10.0)),
    VariantSet("Depths", "A third, as on the form, and threefold", _scaled("depth", 1 / 3, 1.0, 3.0)),
    VariantSet("Seeds", "Chance alone: everything the same but the seed", lambda base: [
        f"seed={(base.training.seed + number) % 2**32}" for number in range(3)
    ]),
)  # fmt: skip
