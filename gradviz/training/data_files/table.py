"""A text file as a table: its dialect, its header, and its columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.training.data_files.collecting import Columns
from gradviz.training.data_files.column import MISSING, Column
from gradviz.training.data_files.progress import Progress, unheard
from gradviz.training.data_files.text import (
    PLAIN,
    SAMPLED_ROWS,
    Dialect,
    dialect_of,
    read_text,
    rows_of,
    without_comments,
)

Rows = list[tuple[int, list[str]]]

LABEL_NAMES = frozenset(
    {"label", "labels", "class", "classes", "target", "targets", "y", "species", "category", "outcome", "diagnosis"}
)
_SPARSE = re.compile(r"\d+:[-+.\deE]+")
# looking a cell up is faster than reading it where each comes so many times
REPEATED = 10
MOST_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All columns; `lines` [rows] are their places in the file, counted from 1.

    `class_names` are those that a first row in the manner of scikit-learn names.
    """

    form: str
    columns: tuple[Column, ...]
    lines: NDArray[np.int64]
    has_header: bool
    class_names: tuple[str, ...] = ()


def read_table(path: Path, progress: Progress = unheard) -> Table:
    """Read a text file, plain or gzipped, as a table. Raises DataError with the place, and OSError."""
    text, encoding = read_text(path)
    text, comment, skipped = without_comments(text)
    if not text.strip():
        raise DataError(f"{path}: there is no sample in the file")
    dialect, text, stated = dialect_of(text, path)
    skipped += stated
    try:
        sample = list(islice(rows_of(text, dialect.separator), SAMPLED_ROWS))
        if len(sample[-1][1]) > 1 and all(map(_SPARSE.fullmatch, sample[-1][1][1:])):
            raise DataError(
                f"{path}: its cells are places and values, such as {sample[-1][1][1]}, the form of SVMlight, which is "
                "not read; write a column for each feature instead"
            )
        class_names = _scikit_header(sample, text)
        header = sample[0] if class_names or is_header([row for _, row in sample], dialect) else None
        names = [] if header is None or class_names else [_unquoted(cell.strip()) for cell in header[1]]
        commented = comment.split(dialect.separator) if comment else []
        if header is None and len(commented) == len(sample[0][1]):
            names = [cell.strip() for cell in commented]
        convert: Callable[[str], float] = dialect.number
        if text.isascii() and "_" not in text and not dialect.decimal_comma:
            convert = float
        if _repeats([cell for _, row in sample for cell in row]):
            convert = _Remembered(convert).__getitem__
        above = header[0] if header is not None else 0
        body = _below(text, above).encode()
        # of a large file one copy is enough
        del text
        columns, lines = Columns(path, names, skipped + above, dialect, convert).read(body, progress)
    except csv.Error as error:
        raise DataError(f"{path}: not a table: {error}") from None
    if not lines.size:
        raise DataError(f"{path}: there is no sample in the file")
    has_header = header is not None or bool(names)
    form = f"text in {encoding.upper()}, {dialect.words}, {'with' if has_header else 'without'} a header"
    return Table(form, columns, lines, has_header, class_names)


def _below(text: str, lines: int) -> str:
    """Return what comes after the first `lines` lines."""
    start = 0
    for _ in range(lines):
        end = text.find("\n", start)
        start = end + 1 if end >= 0 else len(text)
    return text[start:]


def is_header(rows: Sequence[Sequence[str]], dialect: Dialect) -> bool:
    """Whether the first of `rows` names the columns."""
    first, body = [cell.strip() for cell in rows[0]], rows[1:]
    if not body:
        return not any(dialect.is_number(cell) for cell in first)
    if any(cell.lower() in LABEL_NAMES for cell in first) or _counts_up(first):
        return True
    columns = [[row[place].strip() for row in body if place < len(row)] for place in range(len(first))]
    for cell, column in zip(first, columns, strict=True):
        there = [each for each in column if each.lower() not in MISSING]
        numbers = [each for each in there if dialect.is_number(each)]
        if there and len(numbers) == len(there) and not dialect.is_number(cell) and cell.lower() not in MISSING:
            return True
    numbers = [cell for cell in first if dialect.is_number(cell)]
    # words, or words and years
    words = all(first) and (not numbers or (len(numbers) < len(first) and _consecutive(numbers)))
    again = any(cell in column for cell, column in zip(first, columns, strict=True) if not dialect.is_number(cell))
    return words and len(set(first)) == len(first) and not again and len(body) > 1


class _Remembered(dict[str, float]):
    """The numbers of cells that were read before: of pictures, whose cells are few different numbers many times."""

    def __init__(self, convert: Callable[[str], float]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, cell: str) -> float:
        value = self._convert(cell)
        if len(self) < MOST_REMEMBERED:
            self[cell] = value
        return value


def _repeats(cells: Sequence[str]) -> bool:
    return len(set(cells)) < len(cells) / REPEATED


def _unquoted(name: str) -> str:
    return name[1:-1].strip() if len(name) > 2 and name[0] == name[-1] == "'" else name


def _consecutive(cells: Sequence[str]) -> bool:
    """Whether at least three whole numbers follow one another."""
    if len(cells) < 3 or not all(cell.isascii() and cell.isdecimal() for cell in cells):
        return False
    return [int(cell) for cell in cells] == list(range(int(cells[0]), int(cells[0]) + len(cells)))


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether cells are 0, 1, 2 ... or 1, 2, 3 ...: column names of a table that had none."""
    if len(cells) < 3 or not re.fullmatch(r"[01]", cells[0]):
        return False
    start = int(cells[0])
    return list(cells) == [str(start + place) for place in range(len(cells))]


def _scikit_header(sample: Rows, text: str) -> tuple[str, ...]:
    """Return the class names of a first row as scikit-learn writes it: samples, features, names of the classes."""
    first = [cell.strip() for cell in sample[0][1]]
    if len(first) < 4 or len(sample) < 2 or not (first[0].isdecimal() and first[1].isdecimal()):
        return ()
    width, names = len(sample[1][1]), tuple(first[2:])
    rows = sum(1 for line in text.split("\n") if line.strip()) - 1
    fits = int(first[0]) == rows and int(first[1]) == width - 1
    return names if fits and not any(PLAIN.is_number(name) for name in names) else ()
