"""What differs between experiments, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradviz.experiment.fields import RecipeField
from gradviz.experiment.recipe import Experiment, fields
from gradviz.experiment.relevance import inapplicable
from gradviz.experiment.words import in_words

# what a run is called is nothing that it was trained with
NAMING = ("title", "notes")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same in all experiments: its label, and its value in each, in words."""

    field: str
    label: str
    values: tuple[str, ...]


def value_in_words(field: RecipeField, value: Any) -> str:
    """Write the value of a field as a person would."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return in_words(value) if field.choices else value or "none"
    if value == 0 and field.spec.zero_means:
        return field.spec.zero_means
    return f"{value:g}" if isinstance(value, float) else str(value)


def differences(experiments: Sequence[Experiment]) -> list[Difference]:
    """Return the fields in which any two of `experiments` differ, in the order of the recipe.

    A field that means nothing in one of them reads `–` there, and is left out where it means nothing in any two that
    could differ.
    """
    known = {
        name: field for experiment in experiments for name, field in fields(experiment.network.architecture).items()
    }
    applied = [_applied(experiment) for experiment in experiments]
    found = []
    for name, field in known.items():
        if name in NAMING:
            continue
        values = [each.get(name) for each in applied]
        given = [value for value in values if value is not None]
        # that the field of a shortcut is idle without one is no difference beside that of the shortcut itself
        if any(value != given[0] for value in given):
            words = tuple("–" if value is None else value_in_words(field, value) for value in values)
            found.append(Difference(name, field.label, words))
    return found


def _applied(experiment: Experiment) -> dict[str, Any]:
    idle = inapplicable(experiment)
    return {name: value for name, value in experiment.flat().items() if name not in idle}


def change_in_words(before: Experiment, after: Experiment) -> str:
    """Say how `after` differs from `before`: `depth 30 → 100, shortcut none → scaled`; empty if it does not."""
    changes = []
    for difference in differences((before, after)):
        label = difference.label
        # a name keeps its capitals
        label = label[:1].lower() + label[1:] if label[1:2].islower() else label
        changes.append(f"{label} {' → '.join(difference.values)}")
    return ", ".join(changes)
