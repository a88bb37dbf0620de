"""Many cells of a table at once: where they are, and the numbers that they hold.

A number of up to 15 digits and a point is read as an integer divided by a power of ten. Both are exact in double
precision, so that the quotient is rounded once, as Python's own reading is (Clinger 1990, "How to read floating point
numbers accurately"). All other cells are left to Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_DIGITS = 15
# digits, a sign and a point
LONGEST = MOST_DIGITS + 2
_NEWLINE, _QUOTE, _MINUS, _PLUS, _ZERO, _NINE = (ord(each) for each in '\n"-+09')
_POWERS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Whole rows of equally many cells: cell [row, place] is `content[starts[row, place]:ends[row, place]]`."""

    content: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def text(self, row: int, place: int) -> str:
        """Return what a cell holds, without the quotes around it."""
        cell = self.content[self.starts[row, place] : self.ends[row, place]].decode()
        return cell[1:-1] if cell.startswith('"') else cell

    def texts(self, place: int) -> list[str]:
        """Return what the cells of a column hold."""
        return [self.text(row, place) for row in range(len(self.starts))]

    def numbers(self, point: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the numbers [rows, width], NaN in empty cells, and which cells hold something else or more.

        `point` stands before the decimals.
        """
        ends = self.ends.ravel()
        lengths = ends - self.starts.ravel()
        data = np.frombuffer(self.content, np.uint8)
        plain = not any(each in self.content for each in (point.encode(), b"-", b"+"))
        found = _integers(data, ends, lengths) if plain else _decimals(data, ends, lengths, ord(point))
        values, odd = found
        values[lengths == 0] = np.nan
        return values.reshape(self.ends.shape), odd.reshape(self.ends.shape)


def split(content: bytes, separator: str, width: int) -> Cells | None:
    """Return the cells of whole lines; None unless each line has `width` of them.

    Nor are they told where quotes are not the first and last of a cell with something in it.
    """
    data = np.frombuffer(content, np.uint8)
    newlines = data == _NEWLINE
    ends = np.flatnonzero(newlines | (data == ord(separator)))
    if not ends.size or ends.size % width:
        return None
    line_ends = newlines[ends].reshape(-1, width)
    if not line_ends[:, -1].all() or line_ends[:, :-1].any():
        return None
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    if quotes := content.count(b'"'):
        # an empty last cell would begin after the end
        begin, end = data[np.minimum(starts, ends - 1)], data[ends - 1]
        if b'""' in content or quotes != 2 * int(((begin == _QUOTE) & (end == _QUOTE) & (ends - starts > 1)).sum()):
            return None
    lengths = (ends - starts).reshape(-1, width)
    if (lengths.sum(1) == 0).any():
        # a row of separators alone is none
        return None
    return Cells(content, starts.reshape(-1, width), ends.reshape(-1, width))


def _integers(
    data: NDArray[np.uint8], ends: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of cells where none holds a sign or a point, and which cells hold something else."""
    values, odd = np.zeros(ends.size), lengths > MOST_DIGITS
    cells: NDArray[np.int64] | slice = slice(None)
    for place in range(min(int(lengths.max()), MOST_DIGITS)):
        # the cells that are so long, of those that were longer than one less
        there = lengths[cells] > place
        if not there.all():
            cells = np.flatnonzero(there) if isinstance(cells, slice) else cells[there]
        # what is below zero wraps around to the other end
        digits = data[ends[cells] - (place + 1)] - np.uint8(_ZERO)
        values[cells] += digits * float(_POWERS[place])
        wrong = digits > _NINE - _ZERO
        if wrong.any():
            odd[cells] |= wrong
    return values, odd


def _decimals(
    data: NDArray[np.uint8], ends: NDArray[np.int64], lengths: NDArray[np.int64], point: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of cells of digits, with a sign before them and a point between them or without."""
    mantissas, digits_before = np.zeros(ends.size, np.int64), np.zeros(ends.size, np.int8)
    decimals, negative = np.full(ends.size, -1, np.int8), np.zeros(ends.size, np.bool_)
    odd = lengths > LONGEST
    # cells of another kind are long more often than numbers are
    cells = np.flatnonzero(~odd & (lengths > 0))
    for place in range(LONGEST):
        cells = cells[lengths[cells] > place]
        if not cells.size:
            break
        byte = data[ends[cells] - (place + 1)]
        digit = byte - np.uint8(_ZERO)
        is_digit = digit <= _NINE - _ZERO
        before = digits_before[cells]
        mantissas[cells] += np.where(is_digit & (before < MOST_DIGITS), digit, 0) * _POWERS[np.minimum(before, 15)]
        digits_before[cells] = before + is_digit
        others = np.flatnonzero(~is_digit)
        if not others.size:
            continue
        which, byte = cells[others], byte[others]
        points = (byte == point) & (decimals[which] < 0)
        decimals[which[points]] = digits_before[which[points]]
        minus = byte == _MINUS
        signs = (minus | (byte == _PLUS)) & (lengths[which] == place + 1)
        negative[which] |= minus
        odd[which] |= ~(points | signs)
        cells = cells[~odd[cells]]
    odd |= (digits_before > MOST_DIGITS) | ((digits_before == 0) & (lengths > 0))
    values = mantissas / _POWERS[np.clip(decimals, 0, MOST_DIGITS)].astype(np.float64)
    return np.where(negative, -values, values), odd
