"""Which column of a table is the label, which are features, and what of the rest is left out and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment.data import Missing
from gradviz.training.data_files.column import Column
from gradviz.training.data_files.table import LABEL_NAMES, Table
from gradviz.training.data_files.text import PLAIN
from gradviz.training.data_files.understood import LeftOut

Floats = NDArray[np.float64]

MOST_CATEGORIES = 20
# an integer with so many different values may be a class; with more it is a measurement
FEW_VALUES = 20
MOST_CLASSES = 1000

_INDEX_NAME = re.compile(r"(.*[_\s.-])?(id|idx|index|row|nr|no|unnamed: \d+)|.*[a-z](Id|ID|Index)", re.IGNORECASE)
_BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"})


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The label and the features among the columns of a table."""

    label: Column
    features: tuple[Column, ...]
    left_out: tuple[LeftOut, ...]


def choose(path: Path, table: Table, label_column: str, leave_out: str, *, regression: bool = False) -> Chosen:
    """Return what is label and what is feature.

    `label_column` is a name, a number counted from 1, "first" or "last"; empty: found out, or refused where two columns
    could be it; for a `regression`, the one with a usual name, or else the last. `leave_out` are names or numbers,
    separated by commas. Raises DataError.
    """
    unwanted = [find(path, table, name.strip(), "leave_out") for name in leave_out.split(",") if name.strip()]
    left_out = [LeftOut(column.label, "as asked for") for column in unwanted]
    rest = [column for column in table.columns if column not in unwanted]
    asked_for = find(path, table, label_column, "label_column") if label_column else None
    if asked_for in unwanted:
        raise DataError(f"{path}: {asked_for.label if asked_for else ''} is both label_column and leave_out")
    for column in tuple(rest):
        if column is not asked_for and (reason := _index_reason(column, table) or _empty_reason(column)):
            rest.remove(column)
            left_out.append(LeftOut(column.label, reason))
    if len(rest) < 2:
        raise DataError(f"{path}: there is no column left beside {', '.join(each.column for each in left_out)}")
    label = asked_for or (_likely_target(rest) if regression else _likely_label(path, rest))
    features = tuple(column for column in rest if column is not label)
    return Chosen(label, features, tuple(left_out))


def find(path: Path, table: Table, name: str, field: str) -> Column:
    """Return the column of that name or number. Raises DataError that lists the columns."""
    wanted = name.strip()
    for column in table.columns:
        if column.name and column.name.lower() == wanted.lower():
            return column
    ends = {"first": 1, "last": len(table.columns)}
    number = ends.get(wanted.lower(), int(wanted) if wanted.isascii() and wanted.isdecimal() else 0)
    if 1 <= number <= len(table.columns):
        return table.columns[number - 1]
    names = [column.label for column in table.columns[:12]]
    raise DataError(
        f"{path}: {field} = {wanted!r} is none of its {len(table.columns)} columns: {', '.join(names)}"
        + (" ..." if len(table.columns) > len(names) else "")
    )


def as_numbers(path: Path, column: Column, missing: Missing) -> tuple[list[str], list[Floats]]:
    """Return the names and values of the inputs that a feature becomes: itself, or one for each word that it may be.

    What is missing is filled with the mean, or with the most frequent word, if that was chosen. Raises DataError.
    """
    if column.texts is None:
        name = column.title
        if not column.missing.any():
            return [name], [column.values]
        known = column.values[~column.missing]
        if not known.size:
            raise DataError(f"{path}: {column.label} has no value at all; leave it out with leave_out = {column.key}")
        fill = known.mean() if missing == "mean" else np.nan
        return [name], [np.where(column.missing, fill, column.values)]
    words = column.written()
    there = [word for word in words if word]
    categories = sorted(set(there))
    if len(categories) > MOST_CATEGORIES:
        raise DataError(
            f"{path}: {column.label} is text with {len(categories):,} different values, such as {there[0][:40]!r}; "
            f"up to {MOST_CATEGORIES} become inputs of their own. Leave it out with leave_out = {column.key}"
        )
    if missing == "mean" and len(there) < len(words):
        usual = max(categories, key=there.count)
        words = [word or usual for word in words]
    name = column.title
    lower = {category.lower() for category in categories}
    if any(lower <= pair for pair in _BOOLEANS):
        yes = np.array([word.lower() in ("true", "yes", "t", "y") for word in words], np.float64)
        return [name], [_unknown(yes, words)]
    cells = np.array(words)
    return [f"{name}={each}" for each in categories], [
        _unknown((cells == each).astype(np.float64), words) for each in categories
    ]


def _unknown(values: Floats, words: Sequence[str]) -> Floats:
    return np.where(np.array(words) == "", np.nan, values)


def _empty_reason(column: Column) -> str:
    """Return why a column holds nothing, such as what follows the separator at the end of each line."""
    return "it has no value at all" if column.missing.all() else ""


def _index_reason(column: Column, table: Table) -> str:
    """Return why a column only numbers the rows; empty if it does not."""
    rows = len(column.missing)
    if rows < 10 or column.missing.any():
        return ""
    named = bool(_INDEX_NAME.fullmatch(column.name)) or (table.has_header and not column.name)
    if column.is_text:
        words = column.texts or ()
        return "every row has another text: it names the rows" if named and len(set(words)) == rows else ""
    if not named and column.values[0] not in (0.0, 1.0):
        return ""
    steps = np.diff(column.values)
    counts = bool((steps == 1).all()) and column.values[0] in (0.0, 1.0)
    if counts and (named or not table.has_header or column.number == 1):
        return f"it counts the rows, from {column.values[0]:.0f} to {column.values[-1]:.0f}"
    whole = bool((column.values == np.round(column.values)).all())
    if named and whole and len(np.unique(column.values)) == rows:
        return "every row has another number: it names the rows"
    return ""


def _likely_label(path: Path, columns: Sequence[Column]) -> Column:
    named = [column for column in columns if column.name.strip().lower() in LABEL_NAMES]
    if len(named) == 1:
        return named[0]
    first, last = columns[0], columns[-1]
    like_first, like_last = _plausible(first), _plausible(last)
    if like_last > like_first or (like_last == like_first == 0 and not named):
        return last
    ways = f"label_column = {first.key} or label_column = {last.key}"
    if like_last == like_first:
        raise DataError(f"{path}: both {first.label} and {last.label} could be the label. Say which it is: {ways}")
    raise DataError(
        f"{path}: the last column, {last.label}, looks like a measurement, and {first.label} like a label. Say which "
        f"it is: {ways}"
    )


def _likely_target(columns: Sequence[Column]) -> Column:
    named = [column for column in columns if column.name.strip().lower() in LABEL_NAMES]
    return named[0] if len(named) == 1 else columns[-1]


def _plausible(column: Column) -> int:
    """Return how much a column looks like classes: 3 words, 2 yes or no or few whole numbers, 1 more of them, 0 not."""
    if column.texts is not None:
        words = {text.lower() for text in column.texts}
        if any(words <= pair for pair in _BOOLEANS):
            return 2
        return 3 if 2 <= len(words) <= max(len(column.missing) // 2, 2) else 0
    known = column.values[~column.missing]
    if not known.size or (known != np.round(known)).any():
        return 0
    different = len(np.unique(known))
    if not 2 <= different <= max(min(MOST_CLASSES, known.size // 2), 2):
        return 0
    return 2 if different <= FEW_VALUES else 1


def labels_of(path: Path, column: Column, rows: NDArray[np.bool_]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class of each of the `rows` that are used, and the names of the classes. Raises DataError."""
    words = [word for word, used in zip(column.written(), rows.tolist(), strict=True) if used]
    return classes_of(path, words)


def classes_of(path: Path, words: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return labels as numbers of classes, and the names of these: numbers in their order, then words."""
    different = set(words)
    names = sorted(
        different, key=lambda word: (not PLAIN.is_number(word), float(word) if PLAIN.is_number(word) else 0.0, word)
    )
    if len(names) < 2:
        raise DataError(f"{path}: every label is {names[0]!r}; there must be at least two classes")
    if len(names) > min(MOST_CLASSES, len(words) // 2):
        raise DataError(
            f"{path}: {len(names)} different labels among {len(words)} samples; labels are classes, not values. If "
            "another column is the label, name it with label_column; to predict a number, choose loss = mse"
        )
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[word] for word in words], np.int64), tuple(names)


def targets_of(path: Path, name: str, words: Sequence[str]) -> Floats:
    """Return labels that are numbers to be predicted; NaN where there is none. Raises DataError for text."""
    for word in words:
        if word and not PLAIN.is_number(word):
            raise DataError(
                f"{path}: {name} holds {word[:40]!r}, and the mean squared error needs numbers. Choose another "
                "label_column, or loss = cross_entropy for classes"
            )
    return np.array([float(word) if word else np.nan for word in words], np.float64)
