"""The numbers of a run that are one per step, and their smallest and largest over many steps. Always in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.zoom.chunks import ChunkedRows
from gradviz.recording.zoom.levels import BATCH, FAN_OUT, KEPT_LEVELS, complete_rows, kept_level, level_for, pieces

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Envelope:
    """The smallest and the largest finite value of a number over the steps of each column; NaN where there is none.

    Column c stands for the steps from `first_step + c * stride` on, `stride` (a power of two) of them, fewer where the
    run ends; `first_step` is a multiple of `stride`. Both arrays are [columns]; with a stride of 1 they are the same.
    """

    first_step: int
    stride: int
    smallest: Floats
    largest: Floats

    @property
    def steps(self) -> Floats:
        """The middle of the steps of each column [columns]."""
        starts = self.first_step + self.stride * np.arange(len(self.smallest), dtype=np.float64)
        return starts + (self.stride - 1) / 2


class Scalars:
    """`width` numbers per step, appended by one thread; the owner publishes how many steps may be read.

    A row of a kept level above 0 holds the smallest of each number, then the largest, over its steps.
    """

    def __init__(self, width: int, rows: Floats | None = None) -> None:
        self._width = width
        self._rows = ChunkedRows(width, np.float64)
        self._levels = [ChunkedRows(2 * width, np.float64) for _ in KEPT_LEVELS[1:]]
        if rows is not None:
            self._fill(rows)

    def put(self, index: int, row: Sequence[float]) -> None:
        """Write the numbers of the step `index`; steps come in order, each once."""
        self._rows.put(index, row)
        if index % BATCH == BATCH - 1:
            self._summarise(index + 1)

    def at(self, index: int) -> Floats:
        """Return the numbers [width] of a written step."""
        return self._rows.at(index)

    def read(self, first: int, end: int) -> Floats:
        """Return a copy of the numbers of written steps, [end - first, width]."""
        return self._rows.read(first, end)

    def column(self, column: int, count: int) -> Floats:
        """Return one number at each of the first `count` steps."""
        return self._rows.column(column, count)

    def envelope(self, column: int, first: int, last: int, columns: int, count: int) -> Envelope:
        """Return the steps `first` to `last` (both included), as far as they are below `count`, in at most `columns`.

        Raises ValueError for fewer than two columns.
        """
        if columns < 2:
            raise ValueError("an envelope has at least two columns")
        first, last = max(first, 0), min(last, count - 1)
        if first > last:
            return Envelope(first, 1, np.empty(0), np.empty(0))
        level = level_for(last - first + 1, columns)
        start, end = first >> level, (last >> level) + 1
        kept = kept_level(level)
        pairs = level - kept
        whole = max(min(end, complete_rows(kept, count) >> pairs), start)
        extremes = self._extremes(kept, start << pairs, whole << pairs)
        if pairs:
            extremes = _over_groups(extremes, 2)
        rest = [self._block(level, index, count) for index in range(whole, end)]
        extremes = np.concatenate([extremes, *rest])
        return Envelope(
            start << level, 1 << level, extremes[:, column].copy(), extremes[:, self._width + column].copy()
        )

    def _summarise(self, end: int) -> None:
        """Write the rows of every level that the batch of steps just written completes."""
        level = 2
        while end % (1 << level) == 0:
            last = end >> level
            first = last - max(BATCH >> level, 1)
            made = _over_groups(self._extremes(level - 2, first * FAN_OUT, last * FAN_OUT), FAN_OUT)
            for index in range(first, last):
                self._levels[level // 2 - 1].put(index, made[index - first])
            level += 2

    def _block(self, level: int, index: int, count: int) -> Floats:
        """Return the row [1, 2 * width] of a block that is not complete, or in which the run ends."""
        steps = index << level, min((index + 1) << level, count)
        parts = np.concatenate([self._extremes(*piece) for piece in pieces(*steps, count, level)])
        return _over_groups(parts, len(parts))

    def _extremes(self, level: int, first: int, end: int) -> Floats:
        """Return smallest and largest [rows, 2 * width] of the rows of a kept level."""
        if level:
            return self._levels[level // 2 - 1].read(first, end)
        rows = self._rows.read(first, end)
        return np.tile(np.where(np.isfinite(rows), rows, np.nan), 2)

    def _fill(self, rows: Floats) -> None:
        self._rows.fill(rows)
        for level, table in zip(KEPT_LEVELS[1:], self._levels, strict=True):
            table.fill(_over_groups(self._extremes(level - 2, 0, complete_rows(level, len(rows)) * FAN_OUT), FAN_OUT))


def _over_groups(extremes: Floats, rows: int) -> Floats:
    both = extremes.shape[1]
    grouped = extremes.reshape(-1, rows, both)
    if rows > FAN_OUT:
        least, most = np.fmin.reduce(grouped, axis=1), np.fmax.reduce(grouped, axis=1)
    else:
        # numpy is slow at reducing an axis as short as that
        each = [grouped[:, row] for row in range(rows)]
        least, most = reduce(np.fmin, each), reduce(np.fmax, each)
    return np.concatenate([least[:, : both // 2], most[:, both // 2 :]], axis=1)
