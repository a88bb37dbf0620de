"""One quantity of a run at every zoom: level k holds one row for every 2^k steps.

Rows of the kept levels above 0 are written for a whole batch of steps at a time, each made of four of the level below,
and nothing changes once it is written. A block that is not complete yet is combined while reading, from at most a batch
of steps and three rows of every level.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Quantity
from gradviz.recording.source import Chunk, ChunkKey, ChunkKind, Summary
from gradviz.recording.zoom.cache import CachedSource
from gradviz.recording.zoom.chunked_series import ChunkedSeries, Rows, joined
from gradviz.recording.zoom.chunks import rows_per_chunk
from gradviz.recording.zoom.combining import combined
from gradviz.recording.zoom.levels import BATCH, FAN_OUT, KEPT_LEVELS, complete_rows, kept_level, level_of, pieces

Row = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

SUMMARIES: tuple[Summary, ...] = get_args(Summary)


@dataclass(frozen=True, slots=True)
class Window:
    """Part of a run at a resolution fit for a screen.

    Column c stands for the steps from `first_step + c * stride` on, `stride` (a power of two) of them, fewer where the
    run ends; `first_step` is a multiple of `stride`. `values` [columns, layers] in the quantity's own scale;
    `measured` bool [columns] is False where no step of the column was measured, and `measured_layers` [columns, layers]
    tells layers apart where they differ, else it is None. What was not measured is NaN.
    """

    first_step: int
    stride: int
    values: Row
    measured: Mask
    measured_layers: Mask | None = None


class Pyramid:
    """Rows [layers] of one quantity, one per step, and those that represent 2, 4, 8 ... of them.

    Several steps are represented by their largest value, and those of a signed quantity by that of largest magnitude (a
    NaN outweighs everything, so that a single one stays visible), or by their mean; steps that were not measured do not
    count. Readers say how many steps they may see (`count`) and never look beyond.

    It may begin with `frames` frames that are in `source` only. Rows are float32, those of a linear quantity float64
    where the network is `double`.
    """

    def __init__(
        self, quantity: Quantity, layers: int, source: CachedSource, frames: int = 0, *, double: bool = False
    ) -> None:
        self._name = quantity.name
        # what is no logarithm reaches as far as the numbers of the network do
        self._dtype = np.float64 if double and quantity.scale == "linear" else np.float32
        self._signed = quantity.scale == "linear" and quantity.signed
        self._layers = layers
        self._source = source
        self._count = frames
        self._released = 0
        self._levels: list[dict[ChunkKind, ChunkedSeries]] = []
        for level in KEPT_LEVELS:
            self._add_level(level, complete_rows(level, frames))

    def append(self, row: Row | None, measured: Mask | None = None) -> None:
        """Write the row of the next step; None if nothing was measured, `measured` [layers] where some layers were."""
        index, rows = self._count, self._levels[0]["rows"]
        if row is None:
            rows.leave_out(index)
        elif measured is None:
            rows.put(index, row, True)
        else:
            rows.put(index, np.where(measured, row, np.float32(0)), measured)
        self._count += 1
        if self._count % BATCH == 0:
            self._summarise()

    def row(self, step: int) -> Row | None:
        """Return a copy of the row [layers] of a written step, NaN where not measured; None if nothing was."""
        values, measured = self._levels[0]["rows"].view(step, step + 1)
        if not measured.any():
            return None
        return np.where(measured[0], values[0], np.float32(np.nan))

    def measured(self, step: int) -> Mask:
        """Return which layers [layers] were measured at a written step."""
        measured = self._levels[0]["rows"].view(step, step + 1)[1]
        return np.broadcast_to(measured[0], self._layers).copy()

    def latest_steps(self, step: int, most: int, count: int) -> list[int]:
        """Return the `most` latest steps up to `step`, among the first `count`, at which anything was measured.

        They ascend. A long time in which nothing was measured costs nothing: whole blocks of it are skipped.
        """
        found: list[int] = []
        end = min(step + 1, count)
        while end > 0 and len(found) < most:
            if empty := self._empty_before(end, count):
                end -= empty
                continue
            first = (end - 1) // BATCH * BATCH
            measured = self._levels[0]["rows"].view(first, end)[1]
            there = np.flatnonzero(measured if measured.ndim == 1 else measured.any(axis=1))
            found += (first + there[::-1][: most - len(found)]).tolist()
            end = first
        return found[::-1]

    def window(self, first: int, last: int, stride: int, count: int, summary: Summary = "largest") -> Window:
        """Return the steps `first` to `last` (both included), as far as they are below `count`, `stride` to a column.

        Columns begin at multiples of the stride, so a window that slides keeps its columns. Raises ValueError unless
        `stride` is a power of two.
        """
        level = level_of(stride)
        first, last = max(first, 0), min(last, count - 1)
        if first > last:
            return Window(first, stride, np.empty((0, self._layers), self._dtype), np.empty(0, np.bool_))
        values, counts = self._columns(level, first >> level, (last >> level) + 1, count, summary)
        seen: Mask = counts > 0
        values[~seen] = np.nan
        first_step = first >> level << level
        if seen.ndim == 1:
            return Window(first_step, stride, values, seen)
        return Window(first_step, stride, values, np.logical_or.reduce(seen, axis=1), seen)

    def chunk(self, key: ChunkKey, count: int) -> Chunk:
        """Return a copy of the rows of a chunk that are complete in the first `count` steps."""
        size = rows_per_chunk(self._layers)
        first = key.number * size
        series = self._levels[key.level // 2][key.kind]
        return Chunk(*series.read(first, min(first + size, complete_rows(key.level, count))))

    def release(self, count: int) -> None:
        """Free the memory of the whole chunks of the first `count` steps, which are all in the source."""
        # no chunk of a higher level becomes whole unless one of single steps does
        whole = count // rows_per_chunk(self._layers)
        if whole == self._released:
            return
        self._released = whole
        for level, kinds in zip(KEPT_LEVELS, self._levels, strict=True):
            for series in kinds.values():
                series.release(complete_rows(level, count))

    def _empty_before(self, end: int, count: int) -> int:
        """Return how many steps before `end` make up the largest kept block in which nothing was measured, or 0."""
        empty = 0
        for level in KEPT_LEVELS:
            if level == 0 or 1 << level < BATCH:
                continue
            if end % (1 << level) or end >> level > complete_rows(level, count):
                break
            index = (end >> level) - 1
            if self._series_of(level, "largest").view(index, index + 1)[1].any():
                break
            empty = 1 << level
        return empty

    def _summarise(self) -> None:
        """Write the rows of every level that the batch of steps just written completes."""
        level, end = 2, self._count
        while end % (1 << level) == 0:
            rows = max(BATCH >> level, 1)
            first = (end >> level) - rows
            for summary in SUMMARIES:
                values, counts = self._series_of(level - 2, summary).view(first * FAN_OUT, (first + rows) * FAN_OUT)
                series = self._series_of(level, summary)
                if counts.any():
                    series.put_all(first, *self._combined(summary, *_grouped(values, counts, FAN_OUT)))
                else:
                    series.leave_out(first)
            level += 2

    def _columns(self, level: int, start: int, end: int, count: int, summary: Summary) -> Rows:
        kept = kept_level(level)
        pairs = level - kept
        whole = max(min(end, complete_rows(kept, count) >> pairs), start)
        values, counts = self._series_of(kept, summary).read(start << pairs, whole << pairs)
        if pairs:
            values, counts = self._combined(summary, *_grouped(values, counts, 2))
        rest = [self._block(level, index, count, summary) for index in range(whole, end)]
        if rest:
            values = np.concatenate([values, *(part[0] for part in rest)])
            counts = joined([counts, *(part[1] for part in rest)], self._layers)
        return values, counts

    def _block(self, level: int, index: int, count: int, summary: Summary) -> Rows:
        """Combine the row of a block that is not complete, because of its rows or because the run ends within it."""
        steps = index << level, min((index + 1) << level, count)
        parts = [self._series_of(lower, summary).read(*rows) for lower, *rows in pieces(*steps, count, level)]
        values = np.concatenate([part[0] for part in parts])
        counts = joined([part[1] for part in parts], self._layers)
        return self._combined(summary, values[np.newaxis], counts[np.newaxis])

    def _combined(self, summary: Summary, values: Row, counts: NDArray[Any]) -> Rows:
        return combined(summary, values, counts, signed=self._signed)

    def _series_of(self, level: int, summary: Summary) -> ChunkedSeries:
        return self._levels[level // 2]["rows" if level == 0 else summary]

    def _add_level(self, level: int, rows: int) -> None:
        if level == 0:
            key = ChunkKey(self._name, 0, "rows", 0)
            self._levels.append({"rows": ChunkedSeries(key, self._layers, self._source, rows, dtype=self._dtype)})
            return
        series: dict[ChunkKind, ChunkedSeries] = {}
        for summary in SUMMARIES:
            key = ChunkKey(self._name, level, summary, 0)
            remake = partial(_remade, self._series_of(level - 2, summary), summary, self._signed)
            series[summary] = ChunkedSeries(key, self._layers, self._source, rows, remake, self._dtype)
        self._levels.append(series)


def _remade(below: ChunkedSeries, summary: Summary, signed: bool, first: int, end: int) -> Rows:
    """Return rows of a level, combined again from those of the level below."""
    values, counts = below.read(first * FAN_OUT, end * FAN_OUT)
    return combined(summary, *_grouped(values, counts, FAN_OUT), signed=signed)


def _grouped(values: Row, counts: NDArray[Any], rows: int) -> Rows:
    """Return [groups, rows, ...] of consecutive rows."""
    groups = len(values) // rows
    return values.reshape(groups, rows, values.shape[1]), counts.reshape(groups, rows, *counts.shape[1:])
