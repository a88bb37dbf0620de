"""One quantity of a run at every zoom: level k holds one row for every 2^k steps.

A block of level k + 1 is written once both of its halves stand, so an append makes two numpy operations on average and
no block ever changes after it was written. What is not yet a whole block is put together while reading, from at most
one block per level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.chunks import ChunkedRows
from gradviz.recording.frame import Quantity

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a run at a resolution fit for a screen.

    Column c stands for the steps from `first_step + c * stride` on, `stride` (a power of two) of them, fewer where the
    run ends; `first_step` is a multiple of `stride`. `values` float32 [columns, layers] in the quantity's own scale;
    `measured` bool [columns] is False where no step of the column was measured, and the values there are NaN.
    """

    first_step: int
    stride: int
    values: NDArray[np.float32]
    measured: NDArray[np.bool_]


class _Level:
    def __init__(self, layers: int) -> None:
        self.values = ChunkedRows(layers, np.float32)
        self.measured = ChunkedRows(1, np.bool_)


class Pyramid:
    """Rows [layers] of one quantity, one per step, and what stands for 2, 4, 8 ... of them.

    Several steps are represented by their maximum, and those of a signed quantity by the value of largest magnitude;
    a NaN outweighs everything, so that a single one stays visible; steps that were not measured do not count.
    Readers say how many steps they may see (`count`) and never look beyond.
    """

    def __init__(self, layers: int, signed: bool) -> None:
        self._layers = layers
        self._signed = signed
        # the value that changes nothing when it is combined with another
        self._neutral = np.full(layers, 0.0 if signed else -np.inf, np.float32)
        self._levels = [_Level(layers)]
        self._count = 0

    @classmethod
    def for_quantity(cls, layers: int, quantity: Quantity) -> Pyramid:
        """Return an empty pyramid that combines steps as suits `quantity`."""
        return cls(layers, signed=quantity.scale == "linear" and quantity.signed)

    def append(self, row: Row | None) -> None:
        """Write the row of the next step; None if nothing was measured."""
        index, level = self._count, 0
        self._put(level, index, self._neutral if row is None else row, row is not None)
        while index % 2:
            lower = self._levels[level]
            combined = self._combine(lower.values.at(index - 1), lower.values.at(index))
            measured = bool(lower.measured.at(index - 1)[0] or lower.measured.at(index)[0])
            index, level = index // 2, level + 1
            self._put(level, index, combined, measured)
        self._count += 1

    def row(self, step: int) -> Row | None:
        """Return a copy of the row [layers] of a written step; None if nothing was measured then."""
        level = self._levels[0]
        return level.values.at(step).copy() if level.measured.at(step)[0] else None

    def window(self, first: int, last: int, columns: int, count: int) -> Window:
        """Return the steps `first` to `last` (both included), as far as they are below `count`, in at most `columns`.

        The stride depends on the number of steps alone and columns begin at its multiples, so a window that slides
        keeps its columns. Raises ValueError for fewer than two columns, which no aligned grid could promise.
        """
        if columns < 2:
            raise ValueError("a window has at least two columns")
        first, last = max(first, 0), min(last, count - 1)
        if first > last:
            return Window(first, 1, np.empty((0, self._layers), np.float32), np.empty(0, np.bool_))
        level = _level_for(last - first + 1, columns)
        values, measured = self._columns(level, first >> level, (last >> level) + 1, count)
        values[~measured] = np.nan
        return Window(first >> level << level, 1 << level, values, measured)

    def _columns(self, level: int, start: int, end: int, count: int) -> tuple[Row, NDArray[np.bool_]]:
        whole = max(min(end, count >> level), start)
        if whole == start:
            values, measured = np.empty((0, self._layers), np.float32), np.empty(0, np.bool_)
        else:
            values = self._levels[level].values.read(start, whole)
            measured = self._levels[level].measured.read(start, whole)[:, 0]
        if whole < end:
            tail, tail_measured = self._unfinished(level, whole, count)
            values = np.concatenate([values, tail[np.newaxis]])
            measured = np.append(measured, tail_measured)
        return values, measured

    def _unfinished(self, level: int, index: int, count: int) -> tuple[Row, bool]:
        """Combine the steps of a block that the run has not filled yet."""
        row, measured, step = self._neutral, False, index << level
        for lower in range(level - 1, -1, -1):
            if step + (1 << lower) <= count:
                row = self._combine(row, self._levels[lower].values.at(step >> lower))
                measured = measured or bool(self._levels[lower].measured.at(step >> lower)[0])
                step += 1 << lower
        return row, measured

    def _put(self, level: int, index: int, row: Row, measured: bool) -> None:
        if level == len(self._levels):
            self._levels.append(_Level(self._layers))
        self._levels[level].values.put(index, row)
        self._levels[level].measured.put(index, measured)

    def _combine(self, left: Row, right: Row) -> Row:
        if not self._signed:
            larger: Row = np.maximum(left, right)
            return larger
        take_right = np.isnan(right) | (np.abs(right) > np.abs(left))
        return np.where(take_right, right, left)


def _level_for(steps: int, columns: int) -> int:
    """Return the lowest level at which `steps` steps, wherever they begin, touch at most `columns` blocks."""
    if steps <= columns:
        return 0
    level = 1
    while -(-(steps - 1) >> level) + 1 > columns:
        level += 1
    return level
