"""A run that another process is writing, as it goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Distributions, Diverged, Evaluation, Frame
from gradviz.recording.history import History
from gradviz.recording.source import BATCH_ACCURACY, LEARNING_RATE, LOSS, SKIPPED, Chunk, ChunkKey
from gradviz.recording.store import chunk_table, event_tables
from gradviz.recording.store.info import RunInfo, info_of
from gradviz.recording.store.live_file import identity
from gradviz.recording.store.run import OnDamage
from gradviz.recording.store.standing import settle, stored_ending
from gradviz.recording.store.stored_file import StoredFile, diverged, frames_in, origin
from gradviz.recording.zoom.chunks import rows_per_chunk

New = list[Evaluation | Distributions | Frame | Diverged]


class Follower:
    """A run of which `poll` takes what its process has written since. For one thread, but for its history.

    `history` is appended to. It becomes another object where the file becomes another run: begun anew, or gone on with
    from an earlier step. `info` is that of the last poll that found anything. Every method may raise RecordingError.
    """

    def __init__(self, path: Path, on_damage: OnDamage | None = None) -> None:
        self.path = path
        self._on_damage = on_damage
        self._open()

    def poll(self) -> bool:
        """Take what is new. Returns whether there was anything, be it only that the run has ended."""
        if identity(self.path) != self._identity or self._stored.read(origin) != self._stored.origin:
            self.close()
            self._open()
            return True
        found = False
        while events := self._stored.read(self._new_events):
            found = True
            for event in events:
                self.history.append(event)
            self.history.let_go(self._stored, self.history.frames)
        return self._look_at_ending(found) or found

    def close(self) -> None:
        """Let the file go. What of the history is not in memory opens it again."""
        self._stored.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        settle(self.path)
        self._identity = identity(self.path)
        self._stored = StoredFile(self.path, on_damage=self._on_damage)
        self._layers = len(self._stored.started.rows)
        self.history = History.restored(self._stored.started, self._stored)
        self._evaluated = _last(self.history.evaluation_steps)
        self._distributed = _last(self.history.distribution_steps)
        self.info: RunInfo = self._stored.read(self._info)

    def _look_at_ending(self, found: bool) -> bool:
        """Read the info where it has changed. Returns whether the run stands otherwise than before."""
        before = self.info.ending
        ended = self._stored.read(stored_ending)
        if ended is None and found:
            self.info = self._stored.read(self._info)
        elif ended is None or before == "recording":
            # a reader in the way is why the process that wrote could not make one file of it
            self._stored.close()
            if settle(self.path) != before:
                self.info = self._stored.read(self._info)
        return self.info.ending != before

    def _info(self, connection: sqlite3.Connection) -> RunInfo:
        return info_of(self.path, connection)

    def _new_events(self, connection: sqlite3.Connection) -> New:
        """Return what is new, of frames those of one chunk at most."""
        first, size = self.history.frames, rows_per_chunk(self._layers)
        frames = frames_in(connection)
        end = min(frames, (first // size + 1) * size)
        events: New = []
        for step in event_tables.steps_after(connection, "evaluations", self._evaluated):
            events.append(event_tables.get_evaluation(connection, step, self._stored.started))
            self._evaluated = step
        for step in event_tables.steps_after(connection, "distributions", self._distributed):
            events.append(event_tables.get_distributions(connection, step, self._layers))
            self._distributed = step
        if end > first:
            events.extend(self._new_frames(connection, first, end))
        where = diverged(connection)
        if where is not None and end == frames and self.history.diverged is None:
            events.append(where)
        return events

    def _new_frames(self, connection: sqlite3.Connection, first: int, end: int) -> Iterator[Frame]:
        number, start = divmod(first, rows_per_chunk(self._layers))
        names = [quantity.name for quantity in self.history.quantities]
        chunks = {
            name: chunk_table.get(connection, series, ChunkKey(name, 0, "rows", number), self._layers)
            for series, name in enumerate(names)
        }
        scalars = event_tables.get_scalars(connection, first, end)
        for row in range(end - first):
            yield _frame(first + row, scalars[row], chunks, start + row)


def follow(path: Path, on_damage: OnDamage | None = None) -> Follower:
    """Open a run that another process is writing, or has written. Raises RecordingError."""
    return Follower(path, on_damage)


def _frame(step: int, scalars: NDArray[np.float64], chunks: dict[str, Chunk], row: int) -> Frame:
    there = {name: chunk for name, chunk in chunks.items() if chunk.measured[row].any()}
    return Frame(
        step=step,
        loss=float(scalars[LOSS]),
        batch_accuracy=float(scalars[BATCH_ACCURACY]),
        learning_rate=float(scalars[LEARNING_RATE]),
        rows={name: chunk.values[row] for name, chunk in there.items()},
        measured={name: chunk.measured[row] for name, chunk in there.items() if not chunk.measured[row].all()},
        skipped=bool(scalars[SKIPPED]),
    )


def _last(steps: NDArray[np.int64]) -> int:
    return int(steps[-1]) if steps.size else -1
