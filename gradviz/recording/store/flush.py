"""What one transaction of the disk writer puts into the file: everything of a history that is not there yet."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Distributions, Evaluation
from gradviz.recording.history import History
from gradviz.recording.source import Chunk, ChunkKey, Summary
from gradviz.recording.store import chunk_table, documents, event_tables, scalar_tables
from gradviz.recording.store.metadata import SPARKS
from gradviz.recording.store.scalar_tables import SCALARS_PER_CHUNK
from gradviz.recording.zoom.chunks import rows_per_chunk

# frames in one transaction, in chunks: what accumulated while the disk was full is not written at once
CHUNKS_AT_ONCE = 4
# a chunk that is not complete yet is in at most so many pieces; only the last one is ever written again
PIECES_PER_CHUNK = 16
_SUMMARIES: tuple[Summary, ...] = ("largest", "mean")

Taken = TypeVar("Taken", Evaluation, Distributions)


@dataclass(frozen=True, slots=True)
class Stored:
    """How much of a history is in the file. Evaluations and distributions count by their last step.

    `observed` is the number of observations.
    """

    frames: int = 0
    evaluated: int = -1
    distributed: int = -1
    observed: int = 0
    diverged: bool = False

    def is_all_of(self, history: History) -> bool:
        """Whether there is nothing in `history` that is not stored."""
        return (
            self.frames == history.frames
            and self.evaluated >= _last(history.evaluation_steps)
            and self.distributed >= _last(history.distribution_steps)
            and self.observed >= _observed_until(history, self.frames)
            and self.diverged == (history.diverged is not None)
        )


def write_new(connection: sqlite3.Connection, history: History, stored: Stored) -> Stored:
    """Write what is new in `history`, at most CHUNKS_AT_ONCE chunks of it; return what is stored then.

    The frames are counted first: an evaluation comes before the frame of its step, so none can be missing.
    """
    chunk = rows_per_chunk(len(history.started.rows))
    end = min(history.frames, (stored.frames // chunk + CHUNKS_AT_ONCE) * chunk)
    diverged = history.diverged if end == history.frames else None
    _write_rows(connection, history, stored.frames, end)
    _write_levels(connection, history, stored.frames, end)
    _write_scalars(connection, history, stored.frames, end)
    evaluated, distributed = (
        _write_taken(history.evaluation_steps, stored.evaluated, end, history.evaluation_at,
                     lambda taken: event_tables.put_evaluation(connection, taken)),
        _write_taken(history.distribution_steps, stored.distributed, end, history.distributions_at,
                     lambda taken: event_tables.put_distributions(connection, taken)),
    )  # fmt: skip
    observed = _write_observations(connection, history, stored.observed, end)
    documents.put(connection, documents.state(connection).changed(**_progress(history, end), diverged=diverged))
    return Stored(end, evaluated, distributed, observed, diverged is not None)


def truncate(connection: sqlite3.Connection, history: History, frames: int) -> Stored:
    """Remove everything of step `frames` and later, and the unfinished chunk before; return what is left.

    What is removed of earlier steps is in `history`, which is written next, in the same transaction.
    """
    chunk = rows_per_chunk(len(history.started.rows))
    kept = frames // chunk * chunk
    scalars = kept // SCALARS_PER_CHUNK * SCALARS_PER_CHUNK
    chunk_table.truncate(connection, kept, chunk)
    scalar_tables.remove(connection, scalars)
    event_tables.truncate(connection, frames, len(history.observations))
    _write_scalars(connection, history, scalars, kept)
    connection.execute("DELETE FROM arrays WHERE step > ?", (frames,))
    before = documents.state(connection)
    after = before.changed(diverged=None, ending=None, why="", resumed_at=(*before.resumed_at, frames))
    documents.put(connection, after)
    return Stored(
        kept,
        _last(event_tables.get_steps(connection, "evaluations")),
        _last(event_tables.get_steps(connection, "distributions")),
        len(history.observations),
    )


def parts(stored: int, end: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Yield the parts, as (first, end), in which rows are written where `stored` are there and `end` are to be.

    Parts in the file that begin at the first of them or later are removed before. Chunks that become complete are
    written in one part, the rest of the rows in pieces.
    """
    piece, whole = max(chunk // PIECES_PER_CHUNK, 1), end // chunk * chunk
    first = stored // chunk * chunk if stored < whole else stored // piece * piece
    while first < end:
        size = chunk if first < whole else piece
        yield first, min(first + size, end)
        first += size


def _write_rows(connection: sqlite3.Connection, history: History, stored: int, end: int) -> None:
    chunk = rows_per_chunk(len(history.started.rows))
    for series, quantity in enumerate(history.quantities):
        for first, until in parts(stored, end, chunk):
            number, start = divmod(first, chunk)
            key = ChunkKey(quantity.name, 0, "rows", number)
            if first < stored:
                chunk_table.remove(connection, series, key, start)
            there, rows = history.chunk(key), slice(start, until - number * chunk)
            chunk_table.put(connection, series, key, start, Chunk(there.values[rows], there.measured[rows]))


def _write_levels(connection: sqlite3.Connection, history: History, frames: int, end: int) -> None:
    """Write the chunks of the levels 2, 4 ... that the frames up to `end` complete."""
    chunk = rows_per_chunk(len(history.started.rows))
    for level in range(2, end.bit_length(), 2):
        for number in range((frames >> level) // chunk, (end >> level) // chunk):
            for series, quantity in enumerate(history.quantities):
                for summary in _SUMMARIES:
                    key = ChunkKey(quantity.name, level, summary, number)
                    chunk_table.put(connection, series, key, 0, history.chunk(key))


def _write_scalars(connection: sqlite3.Connection, history: History, stored: int, end: int) -> None:
    for first, until in parts(stored, end, SCALARS_PER_CHUNK):
        if first < stored:
            scalar_tables.remove(connection, first)
        scalar_tables.put(connection, history, first, until)


def _write_observations(connection: sqlite3.Connection, history: History, stored: int, end: int) -> int:
    """Write the observations after the first `stored` up to `end`, the step of the next frame; return how many then.

    Others may be there already: a script goes on while this is written.
    """
    until = max(_observed_until(history, end), stored)
    for number in range(stored, until):
        event_tables.put_observation(connection, number, history.observations[number])
    return until


def _observed_until(history: History, step: int) -> int:
    """Return how many observations are of `step` or earlier."""
    return bisect_right(history.observations, step, key=lambda observation: observation.step)


def _write_taken(
    steps: NDArray[np.int64],
    last: int,
    end: int,
    take: Callable[[int], Taken | None],
    put: Callable[[Taken], None],
) -> int:
    """Write what was taken at the `steps` after `last` up to `end`, the step of the next frame; return the last."""
    for step in steps[(steps > last) & (steps <= end)].tolist():
        taken = take(step)
        # a history that could not be stored may have dropped some meanwhile
        if taken is not None and taken.step > last:
            put(taken)
            last = taken.step
    return last


def _progress(history: History, frames: int) -> dict[str, Any]:
    steps, accuracies = history.accuracies()
    known = accuracies[steps < frames]
    # not np.unique, for which numpy imports its masked arrays, in the middle of training
    shown = dict.fromkeys(np.linspace(0, frames - 1, SPARKS).round().astype(np.int64).tolist())
    return {
        "frames": frames,
        "loss": history.loss(frames - 1),
        "accuracy": float(known[-1]) if known.size else None,
        "losses": tuple(history.loss(step) for step in shown) if frames else (),
        "scalar_names": history.scalar_names,
    }


def _last(steps: NDArray[Any]) -> int:
    return int(steps[-1]) if steps.size else -1
