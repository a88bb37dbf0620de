"""What a script tells beside its measurements, in a run file: further numbers per step, and observations."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Observation
from gradviz.recording.observations import MOST_OBSERVATIONS
from gradviz.recording.store import schema
from gradviz.recording.store.checks import LARGEST_NUMBER, DamagedError, checked_text, checked_whole
from gradviz.recording.store.codec import pack, unpack
from gradviz.recording.store.event_tables import SCALARS_PER_CHUNK
from gradviz.recording.store.metadata import StoredObservation, parsed

LONGEST_OBSERVATION = 32_000_000
Floats = NDArray[np.float64]


def put_numbers(connection: sqlite3.Connection, series: int, first: int, numbers: Floats) -> None:
    """Write `numbers` [rows] of the steps from `first` on, unless none of them was told."""
    if not np.isnan(numbers).all():
        row = series, first, len(numbers), pack(numbers)
        connection.execute("INSERT INTO more_scalars VALUES (?, ?, ?, ?)", row)


def remove_numbers(connection: sqlite3.Connection, first: int) -> None:
    """Remove the pieces, of all names, that begin at step `first` or later."""
    connection.execute("DELETE FROM more_scalars WHERE first >= ?", (first,))


def get_numbers(connection: sqlite3.Connection, names: Sequence[str], first: int, frames: int) -> dict[str, Floats]:
    """Return the numbers of the steps `first` to `frames`, without it, by name, each [steps]. Raises DamagedError."""
    found = {name: np.full(frames - first, np.nan) for name in names}
    if len(found) != len(names):
        raise DamagedError("two of its further numbers have one name")
    if not names or not schema.has_later_tables(connection):
        return found
    query = "SELECT * FROM more_scalars WHERE first >= ? AND first < ? ORDER BY series, first"
    # no piece is longer than a chunk, and none goes beyond one
    begin = first // SCALARS_PER_CHUNK * SCALARS_PER_CHUNK
    series_before, end_before = -1, 0
    for series, start, count, data in connection.execute(query, (begin, frames)):
        series = checked_whole(series, "a further number", 0, len(names) - 1)
        start = checked_whole(start, "a piece of further numbers", end_before if series == series_before else 0)
        count = checked_whole(count, "a number of rows", 1, SCALARS_PER_CHUNK - start % SCALARS_PER_CHUNK)
        numbers = unpack(data, np.float64, (count,))[max(first - start, 0) : frames - start]
        place = max(start - first, 0)
        found[names[series]][place : place + len(numbers)] = numbers
        series_before, end_before = series, start + count
    return found


def check_numbers(connection: sqlite3.Connection, names: Sequence[str], frames: int) -> None:
    """Raise DamagedError unless all further numbers have one of the `names` and are of the first `frames` frames."""
    if schema.has_later_tables(connection):
        query = "SELECT min(series), max(series), min(first), max(first + rows) FROM more_scalars"
        ends = connection.execute(query).fetchone()
        for number, high in zip(ends, (len(names) - 1, len(names) - 1, frames, frames), strict=True):
            if number is not None:
                checked_whole(number, "a piece of further numbers", 0, high)


def put_observation(connection: sqlite3.Connection, number: int, observation: Observation) -> None:
    """Write an observation."""
    content = StoredObservation.of(observation).model_dump_json(exclude_defaults=True)
    connection.execute("INSERT INTO observations VALUES (?, ?)", (number, content))


def get_observations(
    connection: sqlite3.Connection,
    rows: int,
    known: Sequence[Observation] = (),
    below: int = LARGEST_NUMBER,
) -> tuple[Observation, ...]:
    """Return the observations of steps below `below` that come after those `known`, oldest first.

    They are of a run of so many `rows`. Raises DamagedError.
    """
    found: list[Observation] = []
    if not schema.has_later_tables(connection):
        return ()
    latest = known[-1].step if known else 0
    query = "SELECT number, content FROM observations WHERE number >= ? ORDER BY number LIMIT ?"
    asked_for = len(known), MOST_OBSERVATIONS - len(known)
    for expected, (number, content) in enumerate(connection.execute(query, asked_for), len(known)):
        if number != expected:
            raise DamagedError("some of its observations are missing")
        stored = parsed(StoredObservation, checked_text(content, "an observation", LONGEST_OBSERVATION), "observation")
        if stored.step < latest:
            raise DamagedError("its observations are out of order")
        latest = stored.step
        if latest >= below:
            break
        found.append(stored.observation(rows))
    return tuple(found)


def truncate(connection: sqlite3.Connection, observations: int, scalars: int) -> None:
    """Remove all observations but the first few, and further numbers from step `scalars` on."""
    connection.execute("DELETE FROM observations WHERE number >= ?", (observations,))
    remove_numbers(connection, scalars)
