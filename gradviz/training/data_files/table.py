"""From rows of cells to columns: numbers where there are numbers, text where there is text, and what is missing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.training.data_files.text import (
    PLAIN,
    SAMPLED_ROWS,
    Dialect,
    dialect_of,
    read_text,
    rows_of,
    without_comments,
)

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = list[tuple[int, list[str]]]

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null", "none", "<na>"})
LABEL_NAMES = frozenset(
    {"label", "labels", "class", "classes", "target", "targets", "y", "species", "category", "outcome", "diagnosis"}
)
_GROWN = 1024
# looking a cell up is faster than reading it where each comes so many times
REPEATED = 10
MOST_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: `values` [rows] are NaN where there is no number; `texts` are its cells if some are words.

    `number` counts the columns of the file from 1. `missing` [rows] marks cells that say that there is no value.
    """

    number: int
    name: str
    values: Floats
    texts: tuple[str, ...] | None
    missing: Mask

    @property
    def title(self) -> str:
        """What to call it: its name, or else its number."""
        return self.name or f"column {self.number}"

    @property
    def label(self) -> str:
        """What to call it within a sentence."""
        return repr(self.name) if self.name else self.title

    @property
    def is_text(self) -> bool:
        """Whether not all of its values are numbers."""
        return self.texts is not None

    @property
    def key(self) -> str:
        """What a person chooses it by: its name, or else its number."""
        return self.name or str(self.number)

    def written(self, rows: int | None = None) -> list[str]:
        """Return its first `rows` values as texts, whole numbers without a point; what is missing is empty."""
        gone = self.missing[:rows].tolist()
        if self.texts is not None:
            return ["" if empty else text for text, empty in zip(self.texts[:rows], gone, strict=True)]
        return [
            "" if empty else str(int(value)) if value.is_integer() else str(value)
            for value, empty in zip(self.values[:rows].tolist(), gone, strict=True)
        ]


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


def read_table(path: Path) -> Table:
    """Read a text file, plain or gzipped, as a table. Raises DataError with the place, and OSError."""
    text, encoding = read_text(path)
    text, comment, skipped = without_comments(text)
    if not text.strip():
        raise DataError(f"{path}: there is no sample in the file")
    dialect, text, stated = dialect_of(text, path)
    skipped += stated
    try:
        sample = list(islice(rows_of(text, dialect.separator), SAMPLED_ROWS))
        class_names = _scikit_header(sample, text)
        header = sample[0][1] if class_names or is_header([row for _, row in sample], dialect) else None
        rows = rows_of(text, dialect.separator)
        if header is not None:
            next(rows)
        names = [] if header is None or class_names else [cell.strip() for cell in header]
        commented = comment.split(dialect.separator) if comment else []
        if header is None and len(commented) == len(sample[0][1]):
            names = [cell.strip() for cell in commented]
        convert: Callable[[str], float] = dialect.number
        if text.isascii() and "_" not in text and not dialect.decimal_comma:
            convert = float
        if _repeats([cell for _, row in sample for cell in row]):
            convert = _Remembered(convert).__getitem__
        columns, lines = _Columns(path, names, skipped, convert).read(rows, lambda: _again(text, dialect, header))
    except csv.Error as error:
        raise DataError(f"{path}: not a table: {error}") from None
    if not lines.size:
        raise DataError(f"{path}: there is no sample in the file")
    has_header = header is not None or bool(names)
    form = f"text in {encoding.upper()}, {dialect.words}, {'with' if has_header else 'without'} a header"
    return Table(form, columns, lines, has_header, class_names)


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
    words = all(cell and not dialect.is_number(cell) for cell in first)
    again = any(cell in column for cell, column in zip(first, columns, strict=True))
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


class _Columns:
    """Collects the columns of a table row by row; one of numbers alone takes one call a row."""

    def __init__(self, path: Path, names: Sequence[str], skipped: int, convert: Callable[[str], float]) -> None:
        self._path, self._names, self._skipped, self._convert = path, list(names), skipped, convert
        self._lines: list[int] = []
        self._texts: dict[int, list[str]] = {}
        self._before: dict[int, int] = {}
        self._pick: Callable[[list[str]], Sequence[str]] | None = None
        self._numeric: list[int] = []

    def read(
        self, rows: Iterator[tuple[int, list[str]]], again: Callable[[], Iterator[tuple[int, list[str]]]]
    ) -> tuple[tuple[Column, ...], NDArray[np.int64]]:
        """Return the columns of `rows`, and the line of each row; `again` begins anew with the first of them."""
        first = next(rows, None)
        if first is None:
            return (), np.empty(0, np.int64)
        width = len(first[1])
        if width < 2:
            raise DataError(f"{self._path}: line {first[0]} has one cell; a sample is at least one number and a label")
        self._numeric, self._names = list(range(width)), self._fitting_names(width)
        values = np.full((_GROWN, width), np.nan)
        self._put(values, 0, first)
        for index, row in enumerate(rows, start=1):
            if len(row[1]) != width:
                raise DataError(
                    f"{self._path}: line {row[0] + self._skipped} has {len(row[1])} cells where {width} are expected"
                )
            if index == len(values):
                values = np.concatenate([values, np.full_like(values, np.nan)])
            self._put(values, index, row)
        count = len(self._lines)
        for place, begun in self._before.items():
            self._texts[place][:0] = [row[place].strip() for _, row in islice(again(), begun)]
        # each column in one piece: all that follows looks at them one by one
        columns = np.ascontiguousarray(values[:count].T)
        return tuple(self._column(place, columns[place]) for place in range(width)), np.array(self._lines)

    def _put(self, values: Floats, index: int, row: tuple[int, list[str]]) -> None:
        line, cells = row
        self._lines.append(line + self._skipped)
        for place, texts in self._texts.items():
            texts.append(cells[place].strip())
        try:
            if self._pick is None:
                values[index] = list(map(self._convert, cells))
            else:
                values[index, self._numeric] = list(map(self._convert, self._pick(cells)))
        except ValueError:
            for place in tuple(self._numeric):
                self._put_cell(values, index, place, cells[place].strip())

    def _put_cell(self, values: Floats, index: int, place: int, cell: str) -> None:
        try:
            values[index, place] = self._convert(cell)
        except ValueError:
            if cell.lower() in MISSING:
                return
            # from here on a column of text
            self._texts[place], self._before[place] = [cell], index
            self._numeric.remove(place)
            picked = self._numeric
            self._pick = itemgetter(*picked) if len(picked) > 1 else lambda row: [row[each] for each in picked]

    def _fitting_names(self, width: int) -> list[str]:
        if len(self._names) == width - 1:
            # what R writes: the names of the rows have no name themselves
            return ["", *self._names]
        if self._names and len(self._names) != width:
            raise DataError(
                f"{self._path}: its header names {len(self._names)} columns where the rows have {width} cells"
            )
        return self._names or [""] * width

    def _column(self, place: int, values: Floats) -> Column:
        texts = self._texts.get(place)
        missing = np.isnan(values) if texts is None else np.array([text.lower() in MISSING for text in texts])
        return Column(place + 1, self._names[place], values, tuple(texts) if texts is not None else None, missing)


def _again(text: str, dialect: Dialect, header: Sequence[str] | None) -> Iterator[tuple[int, list[str]]]:
    return islice(rows_of(text, dialect.separator), 0 if header is None else 1, None)


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
