"""The rows of all quantities at all zooms: the table `chunks`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Quantity
from gradviz.recording.source import Chunk, ChunkKey, measured_dtype
from gradviz.recording.store.checks import DamagedError, checked_number, checked_whole
from gradviz.recording.store.codec import pack, unpack
from gradviz.recording.zoom.chunks import rows_per_chunk

Span = tuple[float, float] | None

_INSERT = (
    "INSERT INTO chunks (series, level, kind, number, first, rows, lowest, highest, by_layer, measured, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def put(connection: sqlite3.Connection, series: int, key: ChunkKey, first: int, piece: Chunk) -> None:
    """Write `piece`, the rows of the chunk `key` from its row `first` on."""
    place = (series, key.level, key.kind, key.number, first, len(piece.values))
    if not piece.measured.any():
        connection.execute(_INSERT, (*place, None, None, False, None, None))
        return
    lowest, highest = (_span(piece) if key.level == 0 else None) or (None, None)
    by_layer = piece.measured.ndim > 1
    connection.execute(_INSERT, (*place, lowest, highest, by_layer, _packed_measured(piece), pack(piece.values)))


def remove(connection: sqlite3.Connection, series: int, key: ChunkKey, first: int) -> None:
    """Remove the pieces of the chunk `key` that begin at its row `first` or later."""
    place = (series, key.level, key.kind, key.number, first)
    connection.execute(
        "DELETE FROM chunks WHERE series = ? AND level = ? AND kind = ? AND number = ? AND first >= ?", place
    )


def truncate(connection: sqlite3.Connection, frames: int, chunk: int) -> None:
    """Remove all chunks that hold anything of step `frames` (a multiple of `chunk`) or later."""
    for (level,) in connection.execute("SELECT DISTINCT level FROM chunks").fetchall():
        connection.execute("DELETE FROM chunks WHERE level = ? AND number >= ?", (level, (frames >> level) // chunk))


def get(connection: sqlite3.Connection, series: int, key: ChunkKey, layers: int) -> Chunk:
    """Return a chunk. Raises DamagedError if it is not there, or not what it should be."""
    rows = connection.execute(
        "SELECT first, rows, by_layer, measured, data FROM chunks "
        "WHERE series = ? AND level = ? AND kind = ? AND number = ? ORDER BY first",
        (series, key.level, key.kind, key.number),
    )
    size, there = rows_per_chunk(layers), 0
    values: list[NDArray[np.floating[Any]]] = []
    measured: list[NDArray[np.generic]] = []
    for first, count, by_layer, marks, data in rows:
        if first != there:
            raise DamagedError(f"part of a chunk of {key.series} is missing")
        count = checked_whole(count, "a chunk's rows", 1, size - there)
        if data is None:
            values.append(np.zeros((count, layers), np.float32))
            measured.append(np.zeros(count, measured_dtype(key.kind)))
        else:
            values.append(unpack(data, np.floating, (count, layers)))
            shape = (count, layers) if checked_whole(by_layer, "a chunk", 0, 1) else (count,)
            measured.append(_unpacked_measured(marks, key, shape))
        there += count
    if there == 0 or (key.level > 0 and there < size):
        raise DamagedError(f"a chunk of {key.series} is missing")
    if len(values) == 1:
        return Chunk(values[0], measured[0])
    return Chunk(np.concatenate(values), np.concatenate(_alike(measured, layers)))


def spans(connection: sqlite3.Connection, quantities: Sequence[Quantity], frames: int, layers: int) -> dict[str, Span]:
    """Return the smallest and the largest finite value of each quantity in the first `frames` frames.

    Reads the contents of one piece at most, the one that these frames end in. Raises DamagedError.
    """
    size = rows_per_chunk(layers)
    query = (
        "SELECT series, min(lowest), max(highest), max(number * ?1 + first + rows) FROM chunks "
        "WHERE level = 0 AND kind = 'rows' AND number * ?1 + first + rows <= ?2 GROUP BY series"
    )
    found: dict[str, Span] = {quantity.name: None for quantity in quantities}
    covered = dict.fromkeys(found, 0)
    for series, low, high, end in connection.execute(query, (size, frames)).fetchall():
        name = quantities[checked_whole(series, "a quantity", 0, len(quantities) - 1)].name
        covered[name] = checked_whole(end, "a piece", 0, frames)
        if low is not None and high is not None:
            found[name] = checked_number(low, "a span"), checked_number(high, "a span")
    for series, name in enumerate(found):
        number, first = divmod(covered[name], size)
        if covered[name] < frames:
            last = get(connection, series, ChunkKey(name, 0, "rows", number), layers)
            rows = slice(first, frames - number * size)
            found[name] = _wider(found[name], _span(Chunk(last.values[rows], last.measured[rows])))
    return found


def check(connection: sqlite3.Connection, quantities: int, frames: int, layers: int) -> None:
    """Raise DamagedError unless the chunks of every quantity are those of so many frames. Reads no contents."""
    size = rows_per_chunk(layers)
    expected = {}
    for series in range(quantities if frames else 0):
        expected[series, 0, "rows"] = frames
        for level in range(2, frames.bit_length(), 2):
            if whole := (frames >> level) // size:
                expected[series, level, "largest"] = expected[series, level, "mean"] = whole * size
    query = "SELECT series, level, kind, sum(rows) FROM chunks GROUP BY series, level, kind LIMIT ?"
    found = connection.execute(query, (len(expected) + 1,)).fetchall()
    if {(series, level, kind): rows for series, level, kind, rows in found} != expected:
        raise DamagedError("some of its chunks are missing")


def _span(piece: Chunk) -> Span:
    """Return the smallest and the largest finite value that was measured."""
    values = piece.values[piece.measured > 0]
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _wider(one: Span, other: Span) -> Span:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), max(one[1], other[1])


def _packed_measured(piece: Chunk) -> bytes | None:
    if piece.measured.dtype != np.bool_:
        return pack(piece.measured.astype(np.int64))
    return None if piece.measured.all() else pack(piece.measured)


def _unpacked_measured(data: object, key: ChunkKey, shape: tuple[int, ...]) -> NDArray[np.generic]:
    if key.kind == "mean":
        return unpack(data, np.int64, shape).astype(measured_dtype("mean"))
    return np.ones(shape, np.bool_) if data is None else unpack(data, np.bool_, shape)


def _alike(measured: list[NDArray[np.generic]], layers: int) -> list[NDArray[np.generic]]:
    """Return marks of rows as marks of rows and layers where some of them are."""
    if len({each.ndim for each in measured}) == 1:
        return measured
    return [each if each.ndim > 1 else np.repeat(each[:, np.newaxis], layers, axis=1) for each in measured]
