"""A text as data: a sample is some characters in a row, by number, and its label is the character that comes next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment import Data
from gradviz.resources import resource_path
from gradviz.training.data_files.text import read_text

SHIPPED = "data/tower.txt"
# kinds of characters; every one is a class
MOST_KINDS = 256
# evenly spread over their part of the text, where it has more
MOST_TRAINING, MOST_HELD_OUT = 100_000, 1000
FEWEST_SAMPLES = 20
# share of control characters beyond which a file is no text
LARGEST_CONTROL_SHARE = 0.01
_NAMES = {" ": "space", "\n": "new line", "\t": "tab"}


@dataclass(frozen=True, slots=True)
class Characters:
    """Samples of a text. `train_inputs` [samples, context] and `test_inputs` number characters, as labels do.

    What is called `names[number]` is the character of that number; no sample of one part reaches into the other.
    """

    train_inputs: NDArray[np.float64]
    train_labels: NDArray[np.int64]
    test_inputs: NDArray[np.float64]
    test_labels: NDArray[np.int64]
    names: tuple[str, ...]


def read_characters(data: Data) -> Characters:
    """Return the samples of the text that `data` names, or of the one that comes with gradviz.

    Raises DataError for a file that cannot be read, that is no text, is too short, or has too many kinds of characters.
    """
    path = Path(data.data_file).expanduser() if data.data_file else resource_path(SHIPPED)
    try:
        text, _ = read_text(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:  # a name that no file can have
        raise DataError(f"cannot read {str(path)!r}: {error}") from None
    kinds = sorted(set(text))
    _check(text, kinds, data, path)
    number = {kind: place for place, kind in enumerate(kinds)}
    numbers = np.fromiter((number[each] for each in text), np.int64, len(text))
    end = round(len(text) * (1.0 - data.validation_share))
    train_inputs, train_labels = _samples(numbers[:end], data.context, MOST_TRAINING)
    test_inputs, test_labels = _samples(numbers[end:], data.context, MOST_HELD_OUT)
    return Characters(train_inputs, train_labels, test_inputs, test_labels, tuple(map(name_of, kinds)))


def name_of(character: str) -> str:
    """Return what to call a character: itself, or words for one that cannot be seen."""
    if character in _NAMES:
        return _NAMES[character]
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _check(text: str, kinds: list[str], data: Data, path: Path) -> None:
    if not text.strip():
        raise DataError(f"{path}: there is no text in it")
    control = sum(text.count(kind) for kind in kinds if not kind.isprintable() and kind not in "\n\t\f\xa0\u200b\ufeff")
    if control > LARGEST_CONTROL_SHARE * len(text):
        raise DataError(f"{path}: not a text file: {control / len(text):.0%} of it are control characters")
    if len(kinds) > MOST_KINDS:
        raise DataError(
            f"{path}: it has {len(kinds):,} kinds of characters, and every kind is a class; at most {MOST_KINDS} are "
            "possible"
        )
    if len(kinds) < 2:
        raise DataError(f"{path}: it has a single kind of character, so that there is nothing to learn")
    smaller = min(data.validation_share, 1.0 - data.validation_share)
    needed = int((data.context + FEWEST_SAMPLES) / smaller) + 1
    if len(text) < needed:
        raise DataError(
            f"{path}: it has {len(text):,} characters; samples of {data.context} need at least {needed:,}, because its "
            "end is kept for validation; lower the context or take a longer text"
        )


def _samples(numbers: NDArray[np.int64], context: int, most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return `context` characters in a row and the one after them, from everywhere or from `most` places."""
    places = len(numbers) - context
    starts = np.arange(places) if places <= most else np.linspace(0, places - 1, most).round().astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, context)
    return windows[starts].astype(np.float64), numbers[starts + context]
