"""A run opened from its file: as it was then, followed while a process writes it, or to be resumed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import RecordingError
from gradviz.recording.frame import Checkpoint, Distributions, Diverged, Ending, Evaluation, Frame, Observation
from gradviz.recording.history import History
from gradviz.recording.source import BATCH_ACCURACY, LEARNING_RATE, LOSS, SKIPPED, Chunk, ChunkKey
from gradviz.recording.store import arrays, chunk_table, documents, event_tables, scalar_tables
from gradviz.recording.store.connection import changing, is_one_file, make_one_file, read_once
from gradviz.recording.store.info import RunInfo, info_of, unended
from gradviz.recording.store.live_file import identity
from gradviz.recording.store.liveness import WriterLock
from gradviz.recording.store.stored_file import StoredFile
from gradviz.recording.zoom.chunks import rows_per_chunk

OnDamage = Callable[[str], None]
New = list[Observation | Evaluation | Distributions | Frame | Diverged]


class Run:
    """The run in a file. Close it, or leave it to the garbage collector.

    It stays as it was when it was opened, unless `poll` takes what a process has written since: it appends to
    `history`, and `info` is that of the last poll that found anything. `history` becomes another object where the file
    becomes another run: started again, or resumed from an earlier step. All but `history` is for one thread. Every
    method may raise RecordingError.
    """

    info: RunInfo
    history: History

    def __init__(self, path: Path, on_damage: OnDamage | None = None) -> None:
        self.path = path
        self._on_damage = on_damage
        self._open()

    def poll(self) -> bool:
        """Take what is new. Returns whether there was anything, be it only that the run has ended."""
        state = self._stored.read(documents.state)
        if identity(self.path) != self._identity or state.origin != self._stored.state.origin:
            self.close()
            self._open()
            return True
        found = False
        while events := self._stored.read(self._new_events):
            found = True
            for event in events:
                self.history.append(event)
            self.history.release(self._stored, self.history.frames)
        before = self.info.ending
        if before == "recording" and (state.ending is not None or not found):
            # with a reader in its way the writer could not make one file of it
            self._stored.close()
            settle(self.path)
            self.info = self._read_info()
        elif found:
            self.info = self._read_info()
        return found or self.info.ending != before

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
        self.history = History.restored(self._stored.started, self._stored)
        self.info = self._read_info()

    def _read_info(self) -> RunInfo:
        without_ending = unended(self.path)
        return info_of(self.path, self._stored.metadata, self._stored.read(documents.state), without_ending)

    def _new_events(self, connection: sqlite3.Connection) -> New:
        """Return what is new, of frames those of one chunk at most."""
        state, started = documents.state(connection), self.history.started
        first, size = self.history.frames, rows_per_chunk(len(started.rows))
        end = min(state.frames, (first // size + 1) * size)
        known = self.history.observations
        events: New = [*event_tables.get_observations(connection, len(started.rows), known)]
        last = self.history.evaluation_steps[-1:].max(initial=-1)
        for step in event_tables.get_steps(connection, "evaluations", after=int(last)).tolist():
            events.append(event_tables.get_evaluation(connection, step, started.held_out))
        last = self.history.distribution_steps[-1:].max(initial=-1)
        for step in event_tables.get_steps(connection, "distributions", after=int(last)).tolist():
            events.append(event_tables.get_distributions(connection, step, len(started.rows)))
        if end > first:
            events.extend(self._new_frames(connection, state.scalar_names, first, end))
        if state.diverged is not None and end == state.frames and self.history.diverged is None:
            events.append(state.diverged)
        return events

    def _new_frames(
        self, connection: sqlite3.Connection, names: tuple[str, ...], first: int, end: int
    ) -> Iterator[Frame]:
        layers = len(self.history.started.rows)
        number, start = divmod(first, rows_per_chunk(layers))
        chunks = {
            quantity.name: chunk_table.get(connection, series, ChunkKey(quantity.name, 0, "rows", number), layers)
            for series, quantity in enumerate(self.history.quantities)
        }
        scalars = scalar_tables.get(connection, first, end)
        more = scalar_tables.get_further(connection, names, first, end)
        for row in range(end - first):
            told = {name: float(numbers[row]) for name, numbers in more.items() if not np.isnan(numbers[row])}
            yield _frame(first + row, scalars[row], told, chunks, start + row)


def open_run(path: Path, on_damage: OnDamage | None = None) -> Run:
    """Open the run at `path`. One that was left behind becomes one single file, where it may be written.

    Raises RecordingError. What turns out to be damaged later, when it is looked at, raises it as well; or `on_damage`
    is told of it, once, and it counts as not measured.
    """
    return Run(path, on_damage)


def settle(path: Path) -> Ending:
    """Make one single file of a run that no process writes any more, and mark it as interrupted if it was.

    Does nothing for a run that is being written, and for a file that may only be read. Returns its ending.
    Raises RecordingError for a file that is no run, or damaged.
    """
    without_ending = unended(path)
    state, one_file = read_once(path, lambda connection: (documents.state(connection), is_one_file(connection)))
    ending = state.ending or without_ending
    if ending == "interrupted" or not (ending == "recording" or one_file):
        with suppress(RecordingError, OSError):
            _tidy_up(path)
    return ending


def latest_checkpoint(path: Path) -> Checkpoint | None:
    """Return the newest checkpoint of a run; None if there is none. Raises RecordingError."""
    return read_once(path, arrays.get_checkpoint)


def checkpoint_step(path: Path) -> int | None:
    """Return the step of the newest checkpoint of a run, without reading it. Raises RecordingError."""
    return read_once(path, arrays.checkpoint_step)


def resume_run(path: Path, step: int) -> History:
    """Return the frames before `step` of a run, to be appended to and written by a StoreWriter that resumes there.

    The file is not changed until that writer begins; then what came after is removed. Raises RecordingError for a
    run that is being written, may only be read, or has not come that far.
    """
    if settle(path) == "recording":
        raise RecordingError(f"{path} is being written; stop that run first")
    with changing(path) as connection:
        # it may be changed, and is not
        connection.execute("ROLLBACK")
    stored = StoredFile(path, until=step)
    if stored.frames < step:
        raise RecordingError(f"{path} ends after {stored.frames:,} frames and cannot be resumed at step {step:,}")
    return History.restored(stored.started, stored)


def _tidy_up(path: Path) -> None:
    lock = WriterLock(path)
    try:
        with changing(path) as connection:
            state = documents.state(connection)
            documents.put(connection, state.changed(ending=state.ending or "interrupted"))
            connection.execute("COMMIT")
            make_one_file(connection)
    finally:
        lock.release()


def _frame(
    step: int, scalars: NDArray[np.float64], more_scalars: dict[str, float], chunks: dict[str, Chunk], row: int
) -> Frame:
    there = {name: chunk for name, chunk in chunks.items() if chunk.measured[row].any()}
    return Frame(
        step=step,
        loss=float(scalars[LOSS]),
        batch_accuracy=float(scalars[BATCH_ACCURACY]),
        learning_rate=float(scalars[LEARNING_RATE]),
        rows={name: chunk.values[row] for name, chunk in there.items()},
        measured={name: chunk.measured[row] for name, chunk in there.items() if not chunk.measured[row].all()},
        skipped=bool(scalars[SKIPPED]),
        scalars=more_scalars,
    )
