"""The rows of one quantity at one level, in chunks; whole chunks that are stored may leave memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import RecordingError
from gradviz.recording.source import Chunk, ChunkKey, measured_dtype
from gradviz.recording.zoom.cache import CachedSource
from gradviz.recording.zoom.chunks import rows_per_chunk

Values = NDArray[np.floating[Any]]
Rows = tuple[Values, NDArray[Any]]


class ChunkedSeries:
    """Rows [layers], float32 or `dtype`, and how many of the steps behind each were measured, appended by one thread.

    A row never moves once it is written, so it can be read while the next one is appended. The class keeps no count:
    its owner publishes how many rows may be read.

    Whole chunks may be released to `source` and are read from there again. A series may begin with `rows` rows that
    are not in memory. The last chunk of them, if it is not whole, will be appended to; `remake(first, end)` computes it
    when it is needed, or it comes from the source as well if there is no such function.
    """

    def __init__(
        self,
        key: ChunkKey,
        layers: int,
        source: CachedSource,
        rows: int = 0,
        remake: Callable[[int, int], Rows] | None = None,
        dtype: type[np.float32] | type[np.float64] = np.float32,
    ) -> None:
        self.key = key
        self._dtype = dtype
        self._layers = layers
        self._source = source
        self._remake = remake
        self._size = rows_per_chunk(layers)
        # None: not in memory
        self._chunks: list[Chunk | None] = [None] * -(-rows // self._size)
        self._restored = rows
        self._to_be_made = rows % self._size > 0
        self._making = threading.Lock()
        self._released = 0

    def put(self, index: int, row: Any, measured: Any) -> None:
        """Write the row `index`; rows come in order, each once. `measured` is a number, or an array [layers]."""
        chunk, place = self._writable(index, by_layer=np.ndim(measured) > 0)
        chunk.values[place] = row
        chunk.measured[place] = measured

    def leave_out(self, index: int) -> None:
        """Skip the row `index`, and those after it in its chunk: nothing was measured."""
        number = index // self._size
        if number == len(self._chunks):
            self._chunks.append(self._room())

    def put_all(self, first: int, values: Values, measured: NDArray[Any]) -> None:
        """Write rows from `first` on, which lie in one chunk."""
        chunk, place = self._writable(first, by_layer=measured.ndim > 1)
        chunk.values[place : place + len(values)] = values
        narrow = measured.ndim < chunk.measured.ndim
        chunk.measured[place : place + len(values)] = measured[:, np.newaxis] if narrow else measured

    def view(self, first: int, end: int) -> Rows:
        """Return rows that lie in one chunk, not to be written to."""
        number, place = divmod(first, self._size)
        chunk, rows = self._chunk(number), slice(place, place + end - first)
        return chunk.values[rows], chunk.measured[rows]

    def read(self, first: int, end: int) -> Rows:
        """Return a copy of the rows `first` up to but without `end`."""
        values: Values = np.empty((max(end - first, 0), self._layers), self._dtype)
        parts: list[NDArray[Any]] = []
        position = first
        while position < end:
            stop = min(end, position - position % self._size + self._size)
            values[position - first : stop - first], measured = self.view(position, stop)
            parts.append(measured)
            position = stop
        return values, joined(parts, self._layers) if parts else np.empty(0, measured_dtype(self.key.kind))

    def release(self, rows: int) -> None:
        """Free the memory of the whole chunks among the first `rows` rows."""
        whole = rows // self._size
        for number in range(self._released, whole):
            chunk = self._chunks[number]
            if chunk is not None:
                # a reader that does not find it here any more finds it there
                self._source.keep(self._named(number), chunk)
                self._chunks[number] = None
        self._released = max(self._released, whole)

    def _room(self) -> Chunk:
        return Chunk(
            # zeros, for which the system provides memory only once they are written to: rows that are skipped cost none
            np.zeros((self._size, self._layers), self._dtype),
            np.zeros(self._size, measured_dtype(self.key.kind)),
        )

    def _writable(self, index: int, *, by_layer: bool) -> tuple[Chunk, int]:
        number, place = divmod(index, self._size)
        if number == len(self._chunks):
            self._chunks.append(self._room())
        chunk = self._chunk(number)
        if by_layer and chunk.measured.ndim == 1:
            # a reader of the narrow one finds all rows in it that were published
            chunk = self._chunks[number] = Chunk(chunk.values, _widened(chunk.measured, self._layers))
        return chunk, place

    def _chunk(self, number: int) -> Chunk:
        chunk = self._chunks[number]
        if chunk is not None:
            return chunk
        if self._to_be_made and number == self._restored // self._size:
            return self._made(number)
        return self._fetched(number, self._size)

    def _made(self, number: int) -> Chunk:
        """Return the chunk that will be appended to, in memory."""
        # a reader and the writer may both need it first, and have to get the same one
        with self._making:
            chunk = self._chunks[number]
            if chunk is None:
                chunk = self._room()
                make = self._remake or self._fetched_rows
                values, measured = make(number * self._size, self._restored)
                if measured.ndim > 1:
                    chunk = Chunk(chunk.values, _widened(chunk.measured, self._layers))
                chunk.values[: len(values)] = values
                chunk.measured[: len(values)] = measured
                self._chunks[number] = chunk
                self._to_be_made = False
            return chunk

    def _fetched_rows(self, first: int, end: int) -> Rows:
        chunk = self._fetched(first // self._size, end - first)
        return chunk.values[: end - first], chunk.measured[: end - first]

    def _fetched(self, number: int, rows: int) -> Chunk:
        chunk = self._source.chunk(self._named(number))
        if len(chunk.values) < rows or chunk.values.shape[1:] != (self._layers,):
            raise RecordingError(f"{self.key.series}: a stored part of the recording has the wrong shape")
        return chunk

    def _named(self, number: int) -> ChunkKey:
        # readers may count in numpy's integers, which SQLite takes for bytes
        return replace(self.key, number=int(number))


def joined(parts: list[NDArray[Any]], layers: int) -> NDArray[Any]:
    """Return what was measured of rows one after the other; by layer where it is given so for some of them."""
    if any(part.ndim > 1 for part in parts):
        parts = [part if part.ndim > 1 else _widened(part, layers) for part in parts]
    return np.concatenate(parts)


def _widened(measured: NDArray[Any], layers: int) -> NDArray[Any]:
    return np.repeat(measured[:, np.newaxis], layers, axis=1)
