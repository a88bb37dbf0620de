"""Collects the columns of a table: many cells at once while all lines are alike, and row by row from there on.

Which cells hold a number, a word or nothing does not depend on how they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.training.data_files.cells import Cells, split
from gradviz.training.data_files.column import MISSING, Column
from gradviz.training.data_files.progress import Progress
from gradviz.training.data_files.text import Dialect, rows_of

# what is looked at at once: small enough to stay near the processor, large enough to hide what a call costs
BLOCK_BYTES = 1 << 20
BLOCK_ROWS = 256
# above this share of cells that are not plain numbers, row by row is faster
MOST_ODD = 1 / 8


class Columns:
    """Takes the lines below the header of the file at `path`, which has `line` lines before them.

    `names` are those of the columns, none where there are none; `convert` reads a cell or raises ValueError, and the
    `dialect` says how cells are told apart.
    """

    def __init__(
        self, path: Path, names: Sequence[str], line: int, dialect: Dialect, convert: Callable[[str], float]
    ) -> None:
        self._path, self._names, self._line = path, list(names), line
        self._dialect, self._convert = dialect, convert
        self._lines: list[NDArray[np.int64]] = []
        self._texts: dict[int, list[str]] = {}
        self._before: dict[int, int] = {}
        self._pick: Callable[[list[str]], Sequence[str]] | None = None
        self._numeric: list[int] = []
        self._values = np.empty((0, 0))
        self._count = 0

    def read(self, body: bytes, progress: Progress) -> tuple[tuple[Column, ...], NDArray[np.int64]]:
        """Return the columns of `body`, text in UTF-8, and the line of each row. Raises DataError, csv.Error."""
        first = next(self._rows(body), None)
        if first is None:
            return (), np.empty(0, np.int64)
        width = len(first[1])
        if width < 2:
            raise DataError(
                f"{self._path}: line {first[0] + self._line} has one cell; a sample is at least one number and a label"
            )
        self._numeric, self._names = list(range(width)), self._fitting_names(width)
        # each column in one piece: all that follows looks at them one by one
        self._values = np.empty((width, body.count(b"\n") + 1))
        at, lines = self._many_at_once(body, width, progress)
        self._row_by_row(body, at, lines, progress)
        for place, begun in self._before.items():
            self._texts[place][:0] = [row[place].strip() for _, row in islice(self._rows(body), begun)]
        return tuple(map(self._column, range(width))), np.concatenate(self._lines) + self._line

    def _rows(self, body: bytes) -> Iterator[tuple[int, list[str]]]:
        return rows_of(body.decode(), self._dialect.separator)

    def _many_at_once(self, body: bytes, width: int, progress: Progress) -> tuple[int, int]:
        """Take the lines from the first on while they are alike; return how many bytes and lines these are."""
        at = lines = 0
        # runs of spaces are one separator
        while at < len(body) and self._dialect.separator != " ":
            end = body.find(b"\n", min(at + BLOCK_BYTES, len(body))) + 1
            block = body[at:end] if end else body[at:] + b"\n" * (not body.endswith(b"\n"))
            cells = split(block, self._dialect.separator, width)
            if cells is None or not self._take_cells(cells):
                break
            rows = len(cells.starts)
            self._lines.append(np.arange(lines + 1, lines + 1 + rows))
            lines, at = lines + rows, end or len(body)
            progress(at, len(body))
        return at, lines

    def _take_cells(self, cells: Cells) -> bool:
        """Take whole rows; return False, and leave them, where too many cells are no plain numbers."""
        values, odd = cells.numbers("," if self._dialect.decimal_comma else ".")
        texts = list(self._texts)
        if odd[:, self._numeric].sum() + len(texts) * len(values) > MOST_ODD * values.size:
            return False
        for place in np.flatnonzero(odd.any(0)).tolist():
            if place not in self._texts:
                self._take_odd(cells, place, values[:, place], np.flatnonzero(odd[:, place]).tolist())
        for place in texts:
            self._texts[place] += [text.strip() for text in cells.texts(place)]
            values[:, place] = np.nan
        self._put(values)
        return True

    def _take_odd(self, cells: Cells, place: int, values: NDArray[np.float64], rows: Sequence[int]) -> None:
        """Read the cells of a column at `rows` one by one into `values`, as far as all of them are numbers."""
        for row in rows:
            cell = cells.text(row, place).strip()
            try:
                values[row] = self._convert(cell)
            except ValueError:
                values[row] = np.nan
                if cell.lower() not in MISSING:
                    self._texts[place] = [text.strip() for text in cells.texts(place)]
                    self._become_text(place, self._count)
                    values[:] = np.nan
                    return

    def _put(self, values: NDArray[np.float64]) -> None:
        self._values[:, self._count : self._count + len(values)] = values.T
        self._count += len(values)

    def _row_by_row(self, body: bytes, at: int, lines: int, progress: Progress) -> None:
        """Take all rows that begin at byte `at`, after so many lines."""
        width, total = len(self._names), len(body)
        rows = self._rows(body[at:])
        numbers: list[int] = []
        while block := list(islice(rows, BLOCK_ROWS)):
            wrong = next((row for row in block if len(row[1]) != width), None)
            if wrong is not None:
                raise DataError(
                    f"{self._path}: line {wrong[0] + lines + self._line} has {_cells(len(wrong[1]))} where {width} are "
                    "expected"
                )
            self._put(self._values_of([cells for _, cells in block]))
            numbers += [line + lines for line, _ in block]
            progress(at + (total - at) * self._count // self._values.shape[1], total)
        self._lines.append(np.array(numbers, np.int64))

    def _values_of(self, rows: Sequence[list[str]]) -> NDArray[np.float64]:
        """Return the numbers [rows, width] of rows, NaN where there is none, and keep the cells of columns of text."""
        values = np.full((len(rows), len(self._names)), np.nan)
        picked = rows if self._pick is None else list(map(self._pick, rows))
        try:
            numbers = list(map(self._convert, chain.from_iterable(picked)))
        except ValueError:
            for index, cells in enumerate(rows):
                self._put_row(values, index, cells)
            return values
        if numbers:
            values[:, self._numeric] = np.array(numbers).reshape(len(rows), -1)
        for place, texts in self._texts.items():
            texts += [cells[place].strip() for cells in rows]
        return values

    def _put_row(self, values: NDArray[np.float64], index: int, cells: list[str]) -> None:
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

    def _put_cell(self, values: NDArray[np.float64], index: int, place: int, cell: str) -> None:
        try:
            values[index, place] = self._convert(cell)
        except ValueError:
            if cell.lower() in MISSING:
                return
            self._texts[place] = [cell]
            self._become_text(place, self._count + index)

    def _become_text(self, place: int, begun: int) -> None:
        """Take a column for text; its cells before row `begun` are still to be put before those from there on."""
        self._before[place] = begun
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

    def _column(self, place: int) -> Column:
        values, texts = self._values[place, : self._count], self._texts.get(place)
        missing = np.isnan(values) if texts is None else np.array([text.lower() in MISSING for text in texts])
        return Column(place + 1, self._names[place], values, tuple(texts) if texts is not None else None, missing)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"
