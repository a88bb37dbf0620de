"""A run file as a history reads it: what is small at once, the rest when it is needed."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import RecordingError
from gradviz.recording.frame import Distributions, Diverged, Evaluation, Observation, Started
from gradviz.recording.source import Chunk, ChunkKey, measured_dtype
from gradviz.recording.store import arrays, chunk_table, documents, event_tables, scalar_tables
from gradviz.recording.store.checks import DamagedError
from gradviz.recording.store.connection import close, connected, look
from gradviz.recording.store.metadata import ARRAYS, LARGEST_FRAMES, Metadata, State
from gradviz.recording.zoom.chunks import rows_per_chunk

T = TypeVar("T")

# how many evaluations in a row may be damaged before a window is to show an error
MOST_TRIES = 100
# a file whose scalars would take more than this, and more than LARGEST_GROWTH times its own size, is no recording
ALWAYS_ALLOWED_SCALAR_BYTES = 64 << 20
LARGEST_GROWTH = 64


class StoredFile:
    """One connection to a run file, shared by all threads; a `StoredRun` of the frames below `until`, if given.

    Raises RecordingError, from every method, for what cannot be read. With `on_damage`, which is told of it once, what
    turns out to be damaged later counts as not measured instead, so that a window can continue.
    """

    metadata: Metadata
    # as it was opened
    state: State
    started: Started
    frames: int
    spans: Mapping[str, chunk_table.Span]
    scalars: NDArray[np.float64]
    evaluation_scalars: NDArray[np.float64]
    distribution_steps: NDArray[np.int64]
    diverged: Diverged | None
    more_scalars: Mapping[str, NDArray[np.float64]]
    observations: tuple[Observation, ...]

    def __init__(self, path: Path, *, until: int | None = None, on_damage: Callable[[str], None] | None = None) -> None:
        self.path = path
        self._on_damage = on_damage
        self._told = False
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self.read(lambda connection: self._load(connection, LARGEST_FRAMES if until is None else until))
        self._numbers = {quantity.name: number for number, quantity in enumerate(self.started.quantities)}

    def _load(self, connection: sqlite3.Connection, until: int) -> None:
        """Read what is small."""
        self.metadata, self.state = documents.metadata(connection), documents.state(connection)
        self.started = self.metadata.started(arrays.get(connection, ARRAYS))
        frames = self.state.frames
        quantities, layers = self.started.quantities, len(self.started.rows)
        _check_size(connection, frames, scalar_tables.SCALARS + len(self.state.scalar_names))
        chunk_table.check(connection, len(quantities), frames, layers)
        self.frames = min(frames, until)
        # what was taken before the frame of its step, which is not there yet, belongs to it as well
        below = until if until <= frames else LARGEST_FRAMES
        self.spans = chunk_table.spans(connection, quantities, self.frames, layers)
        self.scalars = scalar_tables.get(connection, 0, self.frames)
        self.evaluation_scalars = event_tables.get_evaluation_scalars(connection, below)
        self.distribution_steps = event_tables.get_steps(connection, "distributions", below=below)
        self.diverged = self.state.diverged if self.frames == frames else None
        scalar_tables.check_further(connection, self.state.scalar_names, frames)
        self.more_scalars = scalar_tables.get_further(connection, self.state.scalar_names, 0, self.frames)
        self.observations = event_tables.get_observations(connection, layers, below=below)

    def chunk(self, key: ChunkKey) -> Chunk:
        """Return a chunk."""
        series, layers = self._numbers[key.series], len(self.started.rows)
        try:
            return self.read(lambda connection: chunk_table.get(connection, series, key, layers))
        except RecordingError as error:
            self._tolerate(error)
        rows = rows_per_chunk(layers)
        return Chunk(np.zeros((rows, layers), np.float32), np.zeros(rows, measured_dtype(key.kind)))

    def evaluation(self, step: int) -> Evaluation:
        """Return the evaluation of exactly `step`; if damage is tolerated, the latest before it that is undamaged."""
        held_out = self.started.held_out
        return self._latest_undamaged(
            "evaluations", step, lambda connection, step: event_tables.get_evaluation(connection, step, held_out)
        )

    def distributions(self, step: int) -> Distributions:
        """Return the distributions of exactly `step`; if damage is tolerated, the latest undamaged ones."""
        layers = len(self.started.rows)
        return self._latest_undamaged(
            "distributions", step, lambda connection, step: event_tables.get_distributions(connection, step, layers)
        )

    def read(self, what: Callable[[sqlite3.Connection], T]) -> T:
        """Look into the file in one transaction."""
        with self._lock:
            if self._connection is None:
                self._connection = connected(self.path, "ro")
            with look(self._connection, self.path) as connection:
                return what(connection)

    def close(self) -> None:
        """Close the file; reading opens it again."""
        with self._lock:
            if self._connection is not None:
                close(self._connection)
                self._connection = None

    def __del__(self) -> None:
        # a connection that is not closed would warn
        if hasattr(self, "_lock"):
            self.close()

    def _latest_undamaged(
        self, table: event_tables.EventTable, step: int, get: Callable[[sqlite3.Connection, int], T]
    ) -> T:
        try:
            return self.read(_at(get, step))
        except RecordingError as error:
            self._tolerate(error)
            damage = error
        steps = self.read(lambda connection: event_tables.get_steps(connection, table, below=step)).tolist()
        for earlier in steps[: -MOST_TRIES - 1 : -1]:
            with suppress(RecordingError):
                return self.read(_at(get, earlier))
        raise damage

    def _tolerate(self, error: RecordingError) -> None:
        if self._on_damage is None:
            raise error
        if not self._told:
            self._told = True
            self._on_damage(f"{error}. What cannot be read is shown as not measured")


def _at(get: Callable[[sqlite3.Connection, int], T], step: int) -> Callable[[sqlite3.Connection], T]:
    return lambda connection: get(connection, step)


def _check_size(connection: sqlite3.Connection, frames: int, scalars: int) -> None:
    pages, page_bytes = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    claimed = frames * scalars * np.dtype(np.float64).itemsize
    if claimed > max(ALWAYS_ALLOWED_SCALAR_BYTES, LARGEST_GROWTH * pages * page_bytes):
        raise DamagedError(f"{frames:,} frames cannot be in a file of that size")
