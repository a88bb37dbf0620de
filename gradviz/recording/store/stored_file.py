"""A run file as a history reads it: what is small at once, the rest when somebody looks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import RecordingError
from gradviz.recording.frame import Checkpoint, Distributions, Diverged, Evaluation, Started
from gradviz.recording.source import Chunk, ChunkKey, measured_dtype
from gradviz.recording.store import arrays, beginning, chunk_table, event_tables, facts
from gradviz.recording.store.codec import DamagedError
from gradviz.recording.store.connection import closed, connected, look
from gradviz.recording.zoom.chunks import rows_per_chunk

T = TypeVar("T")
Taken = TypeVar("Taken", covariant=True)

LARGEST_FRAMES = 1 << 40
MOST_CONTINUED = 10_000
# how many evaluations in a row may be damaged before a window is to show an error
MOST_TRIES = 100
# a file whose scalars would take more than this, and more than LARGEST_GROWTH times its own size, is no recording
ALWAYS_ALLOWED_SCALAR_BYTES = 64 << 20
LARGEST_GROWTH = 64


class _Get(Protocol[Taken]):
    def __call__(self, connection: sqlite3.Connection, step: int) -> Taken: ...


class StoredFile:
    """One connection to a run file, shared by all threads; a `StoredRun` of the frames below `until`, if given.

    Raises RecordingError, from every method, for what cannot be read. `on_damage` makes damage bearable for a window
    that has to go on: it is told of it, once, and what cannot be read counts as not measured.
    """

    def __init__(self, path: Path, *, until: int | None = None, on_damage: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._on_damage = on_damage
        self._told = False
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self.started: Started = self.read(beginning.get)
        self._numbers = {quantity.name: number for number, quantity in enumerate(self.started.quantities)}
        self.frames: int = 0
        self.refresh(until)

    def refresh(self, until: int | None = None) -> None:
        """Read anew what is read at once, as it stands now."""
        self.read(lambda connection: self._refresh(connection, until))

    def _refresh(self, connection: sqlite3.Connection, until: int | None) -> None:
        started = self.started
        frames = frames_in(connection)
        _check_size(connection, frames)
        chunk_table.check(connection, len(started.quantities), frames, len(started.rows))
        below = LARGEST_FRAMES if until is None or until > frames else until
        self.frames = min(frames, below)
        self.spans: Mapping[str, chunk_table.Span] = (
            chunk_table.spans(connection, started.quantities)
            if self.frames == frames
            else chunk_table.spans_until(connection, started.quantities, self.frames, len(started.rows))
        )
        self.scalars: NDArray[np.float64] = event_tables.get_scalars(connection, 0, self.frames)
        self.evaluation_scalars: NDArray[np.float64] = event_tables.get_evaluation_scalars(connection, below)
        self.distribution_steps: NDArray[np.int64] = event_tables.get_distribution_steps(connection, below)
        self.diverged: Diverged | None = diverged(connection) if self.frames == frames else None
        self.origin = origin(connection)

    def chunk(self, key: ChunkKey) -> Chunk:
        """Return a chunk."""
        series, layers = self._numbers[key.series], len(self.started.rows)
        try:
            return self.read(lambda connection: chunk_table.get(connection, series, key, layers))
        except RecordingError as error:
            self._bear(error)
        rows = rows_per_chunk(layers)
        return Chunk(np.zeros((rows, layers), np.float32), np.zeros(rows, measured_dtype(key.kind)))

    def evaluation(self, step: int) -> Evaluation:
        """Return the evaluation of exactly `step`; where damage has to be borne, the latest before it that is whole."""
        return self._latest_whole(
            "evaluations",
            step,
            lambda connection, step: event_tables.get_evaluation(connection, step, self.started),
        )

    def distributions(self, step: int) -> Distributions:
        """Return the distributions of exactly `step`; where damage has to be borne, the latest before that is whole."""
        return self._latest_whole(
            "distributions",
            step,
            lambda connection, step: event_tables.get_distributions(connection, step, len(self.started.rows)),
        )

    def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint; None if there is none."""
        return self.read(arrays.get_checkpoint)

    def read(self, what: Callable[[sqlite3.Connection], T]) -> T:
        """Look into the file in one transaction."""
        with self._lock:
            if self._connection is None:
                self._connection = connected(self.path, "ro")
            with look(self._connection, self.path) as connection:
                return what(connection)

    def close(self) -> None:
        """Let the file go; whoever reads on opens it again."""
        with self._lock:
            if self._connection is not None:
                closed(self._connection)
                self._connection = None

    def __del__(self) -> None:
        # a connection that nobody closed would warn
        if hasattr(self, "_lock"):
            self.close()

    def _latest_whole(self, table: event_tables.EventTable, step: int, get: _Get[T]) -> T:
        try:
            return self.read(lambda connection: get(connection, step))
        except RecordingError as error:
            self._bear(error)
            damage = error
        for earlier in self.read(lambda connection: event_tables.steps_before(connection, table, step, MOST_TRIES)):
            with suppress(RecordingError):
                return self.read(partial(get, step=earlier))
        raise damage

    def _bear(self, error: RecordingError) -> None:
        if self._on_damage is None:
            raise error
        if not self._told:
            self._told = True
            self._on_damage(f"{error}. What cannot be read is shown as not measured")


def frames_in(connection: sqlite3.Connection) -> int:
    """Return how many frames a file holds. Raises DamagedError."""
    return facts.get(connection, "progress").inner("progress").whole("frames", 0, LARGEST_FRAMES)


def origin(connection: sqlite3.Connection) -> tuple[float, tuple[float, ...]]:
    """Return what changes when frames that were there are given up. Raises DamagedError."""
    said = facts.get(connection, "created", "continued")
    return said.number("created"), said.numbers("continued", MOST_CONTINUED)


def diverged(connection: sqlite3.Connection) -> Diverged | None:
    """Return where the run diverged, if it did. Raises DamagedError."""
    said = facts.get(connection, "diverged")
    if not said.has("diverged"):
        return None
    values = said.numbers("diverged", 2)
    if len(values) != 2 or not values[0].is_integer():
        raise DamagedError("where it diverged is not said")
    return Diverged(int(values[0]), values[1])


def _check_size(connection: sqlite3.Connection, frames: int) -> None:
    pages, page_bytes = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    claimed = frames * event_tables.SCALARS * np.dtype(np.float64).itemsize
    if claimed > max(ALWAYS_ALLOWED_SCALAR_BYTES, LARGEST_GROWTH * pages * page_bytes):
        raise DamagedError(f"{frames:,} frames cannot be in a file of that size")
