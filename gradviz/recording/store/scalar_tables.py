"""The numbers of every step in a run file: the four that each step has, and those that a script told of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History
from gradviz.recording.store.checks import DamagedError, checked_whole
from gradviz.recording.store.codec import pack, unpack

SCALARS = 4
# no piece is longer, and none reaches from one chunk into the next
SCALARS_PER_CHUNK = 4096

Floats = NDArray[np.float64]


def put(connection: sqlite3.Connection, history: History, first: int, end: int) -> None:
    """Write the numbers of the steps `first` to `end`, without it, as one piece of each."""
    row = first, end - first, pack(history.scalars(first, end))
    connection.execute("INSERT INTO scalars VALUES (?, ?, ?)", row)
    for series, name in enumerate(history.scalar_names):
        numbers = history.scalar_part(name, first, end)
        if not np.isnan(numbers).all():
            further = series, first, end - first, pack(numbers)
            connection.execute("INSERT INTO more_scalars VALUES (?, ?, ?, ?)", further)


def remove(connection: sqlite3.Connection, first: int) -> None:
    """Remove the pieces that begin at step `first` or later."""
    for table in ("scalars", "more_scalars"):
        connection.execute(f"DELETE FROM {table} WHERE first >= ?", (first,))


def get(connection: sqlite3.Connection, first: int, frames: int) -> Floats:
    """Return the scalars of the steps `first` to `frames`, without it; [steps, 4]. Raises DamagedError."""
    found = np.empty((frames - first, SCALARS))
    query = "SELECT first, rows, data FROM scalars WHERE first >= ? AND first < ? ORDER BY first"
    if _fill(found, connection.execute(query, (_chunk_of(first), frames)), first) < len(found):
        raise DamagedError("losses are missing")
    return found


def get_further(connection: sqlite3.Connection, names: Sequence[str], first: int, frames: int) -> dict[str, Floats]:
    """Return the further numbers of the steps `first` to `frames`, without it, by name. Raises DamagedError."""
    if len(set(names)) != len(names):
        raise DamagedError("two of its further numbers have one name")
    found = {name: np.full(frames - first, np.nan) for name in names}
    query = "SELECT first, rows, data FROM more_scalars WHERE series = ? AND first >= ? AND first < ? ORDER BY first"
    for series, numbers in enumerate(found.values()):
        _fill(numbers, connection.execute(query, (series, _chunk_of(first), frames)), first)
    return found


def check_further(connection: sqlite3.Connection, names: Sequence[str], frames: int) -> None:
    """Raise DamagedError unless all further numbers have one of the `names` and are of the first `frames` frames."""
    ends = connection.execute("SELECT min(series), max(series), min(first), max(first + rows) FROM more_scalars")
    for number, high in zip(ends.fetchone(), (len(names) - 1, len(names) - 1, frames, frames), strict=True):
        if number is not None:
            checked_whole(number, "a piece of further numbers", 0, high)


def _chunk_of(step: int) -> int:
    return step // SCALARS_PER_CHUNK * SCALARS_PER_CHUNK


def _fill(numbers: Floats, pieces: Iterable[tuple[object, object, object]], first: int) -> int:
    """Put pieces, as (first, rows, data), into `numbers` from step `first` on; return how many rows there were."""
    filled, before = 0, 0
    for start, count, data in pieces:
        start = checked_whole(start, "the step of a number", before)
        count = checked_whole(count, "a number of rows", 1, SCALARS_PER_CHUNK - start % SCALARS_PER_CHUNK)
        before = start + count
        piece = unpack(data, np.float64, (count, *numbers.shape[1:]))[max(first - start, 0) :]
        there = numbers[max(start - first, 0) :][: len(piece)]
        there[:] = piece[: len(there)]
        filled += len(there)
    return filled
