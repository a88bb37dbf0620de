"""What differs between experiments, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.experiment.applies import inapplicable
from gradviz.experiment.recipe import Experiment, choices, trait

# what a run is called is nothing that it was trained with
NAMING = ("title", "notes")
_NAMES = {
    "relu": "ReLU", "leaky_relu": "leaky ReLU", "elu": "ELU", "selu": "SELU", "silu": "SiLU", "gelu": "GELU",
    "sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop",
    "pre_activation": "pre-activation", "pytorch_default": "PyTorch default", "xor": "XOR", "rms": "RMS",
    "gaussian": "Gaussian", "lecun_normal": "LeCun normal", "he_normal": "He normal", "he_uniform": "He uniform",
    "glorot_normal": "Glorot normal", "glorot_uniform": "Glorot uniform", "rezero": "ReZero",
    "digits": "handwritten digits", "file": "a file of mine",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same in all experiments: its label, and its value in each, in words."""

    field: str
    label: str
    values: tuple[str, ...]


def in_words(word: str) -> str:
    """Write a word of the recipe as a person would: `leaky_relu` is leaky ReLU."""
    return _NAMES.get(word, word.replace("_", " "))


def value_in_words(name: str, value: Any) -> str:
    """Write the value of the field `name` as a person would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return in_words(value) if choices(name) else value or "none"
    if value == 0 and trait(name).zero_means:
        return trait(name).zero_means
    return f"{value:g}" if isinstance(value, float) else str(value)


def differences(experiments: Sequence[Experiment]) -> list[Difference]:
    """Return the fields in which any two of `experiments` differ, in the order of the recipe.

    A field that means nothing in one of them reads `–` there, and is left out where it means nothing in any two that
    could differ.
    """
    idle = [inapplicable(experiment) for experiment in experiments]
    found = []
    for name in Experiment.model_fields:
        if name in NAMING:
            continue
        values = [
            None if name in without else getattr(each, name) for each, without in zip(experiments, idle, strict=True)
        ]
        applied = [value for value in values if value is not None]
        # that the field of a shortcut is idle without one is no difference beside that of the shortcut itself
        if any(value != applied[0] for value in applied):
            words = tuple("–" if value is None else value_in_words(name, value) for value in values)
            found.append(Difference(name, trait(name).label, words))
    return found


def change_in_words(before: Experiment, after: Experiment) -> str:
    """Say how `after` differs from `before`: `depth 30 → 100, shortcut none → scaled`; empty if it does not."""
    changes = []
    for difference in differences((before, after)):
        label = difference.label
        # a name keeps its capitals
        label = label[:1].lower() + label[1:] if label[1:2].islower() else label
        changes.append(f"{label} {' → '.join(difference.values)}")
    return ", ".join(changes)
