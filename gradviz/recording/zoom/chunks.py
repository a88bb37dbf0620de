"""Rows that only ever grow, in blocks of fixed size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

ROWS_PER_CHUNK = 256
CHUNK_BYTES = 256 * 1024
FEWEST_ROWS, MOST_ROWS = 64, 4096


def rows_per_chunk(layers: int) -> int:
    """Return how many rows of `layers` float32 a chunk holds: a power of two that makes about CHUNK_BYTES."""
    fitting = CHUNK_BYTES // (layers * np.dtype(np.float32).itemsize)
    return min(max(1 << max(fitting, 1).bit_length() - 1, FEWEST_ROWS), MOST_ROWS)


class ChunkedRows:
    """A table [rows, width] that grows without copying.

    A row never moves once it is written, so it can be read while the next one is appended. The class keeps no count:
    its owner publishes how many rows may be read.
    """

    def __init__(self, width: int, dtype: DTypeLike) -> None:
        self._width = width
        self._dtype = np.dtype(dtype)
        self._chunks: list[NDArray[Any]] = []

    def put(self, index: int, row: Any) -> None:
        """Write the row `index`; rows come in order, each once."""
        chunk, place = divmod(index, ROWS_PER_CHUNK)
        if chunk == len(self._chunks):
            self._chunks.append(np.empty((ROWS_PER_CHUNK, self._width), self._dtype))
        self._chunks[chunk][place] = row

    def fill(self, rows: NDArray[Any]) -> None:
        """Write the first rows [rows, width] of a table in which there is none yet."""
        for first in range(0, len(rows), ROWS_PER_CHUNK):
            chunk = np.empty((ROWS_PER_CHUNK, self._width), self._dtype)
            part = rows[first : first + ROWS_PER_CHUNK]
            chunk[: len(part)] = part
            self._chunks.append(chunk)

    def at(self, index: int) -> NDArray[Any]:
        """Return the row `index` [width] as a view; not to be written to."""
        chunk, place = divmod(index, ROWS_PER_CHUNK)
        row: NDArray[Any] = self._chunks[chunk][place]
        return row

    def read(self, first: int, end: int) -> NDArray[Any]:
        """Return a copy of the rows `first` up to but without `end`, [end - first, width]."""
        result = np.empty((max(end - first, 0), self._width), self._dtype)
        position = first
        while position < end:
            chunk, place = divmod(position, ROWS_PER_CHUNK)
            count = min(ROWS_PER_CHUNK - place, end - position)
            result[position - first : position - first + count] = self._chunks[chunk][place : place + count]
            position += count
        return result

    def column(self, column: int, count: int) -> NDArray[Any]:
        """Return a copy of one column of the first `count` rows."""
        parts = [chunk[:, column] for chunk in self._chunks[: -(-count // ROWS_PER_CHUNK)]]
        return np.concatenate(parts)[:count] if parts else np.empty(0, self._dtype)
