"""What one transaction of the disk writer puts into the file: everything of a history that is not there yet."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History
from gradviz.recording.source import Chunk, ChunkKey, ChunkKind
from gradviz.recording.store import chunk_table, event_tables, facts
from gradviz.recording.store.event_tables import SCALARS_PER_CHUNK
from gradviz.recording.store.stored_file import MOST_CONTINUED
from gradviz.recording.store.tails import NOTHING, Tail, split
from gradviz.recording.zoom.chunks import rows_per_chunk

# frames in one transaction, in chunks: what came together while the disk was full is not written in one go
CHUNKS_AT_ONCE = 4
SPARKS = 64


@dataclass(frozen=True, slots=True)
class Stored:
    """How much of a history is in the file. Evaluations and distributions count by their last step."""

    rows: Tail = NOTHING
    scalars: Tail = NOTHING
    evaluated: int = -1
    distributed: int = -1
    diverged: bool = False

    @property
    def frames(self) -> int:
        """Number of frames that are stored."""
        return self.rows.rows


def write_new(connection: sqlite3.Connection, history: History, stored: Stored) -> Stored:
    """Write what is new in `history`, at most CHUNKS_AT_ONCE chunks of it; return what is stored then.

    The frames are counted first: an evaluation comes before the frame of its step, so none can be missing.
    """
    chunk = rows_per_chunk(len(history.started.rows))
    end = min(history.frames, (stored.frames // chunk + CHUNKS_AT_ONCE) * chunk)
    whole = end == history.frames
    _write_rows(connection, history, stored, end)
    _write_levels(connection, history, stored.frames, end)
    _write_scalars(connection, history, stored.scalars, end)
    evaluated = _write_evaluations(connection, history, stored.evaluated, end)
    distributed = _write_distributions(connection, history, stored.distributed, end)
    said: dict[str, Any] = {"progress": _progress(history, end), "beat": time.time()}
    if has_diverged := whole and history.diverged is not None:
        assert history.diverged is not None
        said["diverged"] = [history.diverged.step, history.diverged.loss]
    facts.put(connection, said)
    return Stored(
        stored.rows.grown(end, chunk),
        stored.scalars.grown(end, SCALARS_PER_CHUNK),
        evaluated,
        distributed,
        has_diverged,
    )


def is_new(history: History, stored: Stored) -> bool:
    """Whether there is anything in `history` that is not stored."""
    return (
        history.frames > stored.frames
        or _last(history.evaluation_steps) > stored.evaluated
        or _last(history.distribution_steps) > stored.distributed
        or (history.diverged is not None and not stored.diverged)
    )


def truncated(connection: sqlite3.Connection, history: History, frames: int) -> Stored:
    """Give up everything of step `frames` and later, and the unfinished chunks before; return what is left.

    What was given up of earlier steps is in `history`, which is written next, in the same transaction.
    """
    chunk = rows_per_chunk(len(history.started.rows))
    rows = frames // chunk * chunk
    chunk_table.truncate(connection, rows, chunk)
    scalars = frames // SCALARS_PER_CHUNK * SCALARS_PER_CHUNK
    event_tables.remove_scalars(connection, scalars)
    event_tables.truncate(connection, frames)
    connection.execute("DELETE FROM checkpoints WHERE step > ?", (frames,))
    before = facts.get(connection, "continued").numbers("continued", MOST_CONTINUED)
    said = {"diverged": None, "ending": None, "why": "", "continued": [*(int(step) for step in before), frames]}
    facts.put(connection, said | {"experiment": history.started.experiment_json})
    return Stored(
        Tail(rows),
        Tail(scalars),
        _last(event_tables.get_evaluation_scalars(connection)[:, 0]),
        _last(event_tables.get_distribution_steps(connection)),
    )


def _write_rows(connection: sqlite3.Connection, history: History, stored: Stored, end: int) -> None:
    chunk = rows_per_chunk(len(history.started.rows))
    begin = stored.rows.first_to_write(end, chunk)
    for series, quantity in enumerate(history.quantities):
        for first, until in split(begin, end, chunk):
            number, start = divmod(first, chunk)
            key = ChunkKey(quantity.name, 0, "rows", number)
            if first == begin and stored.rows.pieces:
                chunk_table.remove(connection, series, key, start)
            there = history.chunk(key)
            rows = slice(start, until - number * chunk)
            chunk_table.put(connection, series, key, start, Chunk(there.values[rows], there.measured[rows]))


def _write_levels(connection: sqlite3.Connection, history: History, frames: int, end: int) -> None:
    """Write the chunks of the levels 2, 4 ... that the frames up to `end` make whole."""
    chunk = rows_per_chunk(len(history.started.rows))
    for level in range(2, end.bit_length(), 2):
        for number in range((frames >> level) // chunk, (end >> level) // chunk):
            for series, quantity in enumerate(history.quantities):
                kinds: tuple[ChunkKind, ...] = ("largest", "mean")
                for kind in kinds:
                    key = ChunkKey(quantity.name, level, kind, number)
                    chunk_table.put(connection, series, key, 0, history.chunk(key))


def _write_scalars(connection: sqlite3.Connection, history: History, stored: Tail, end: int) -> None:
    begin = stored.first_to_write(end, SCALARS_PER_CHUNK)
    event_tables.remove_scalars(connection, begin)
    scalars = history.scalars(begin, end)
    for first, until in split(begin, end, SCALARS_PER_CHUNK):
        event_tables.put_scalars(connection, first, scalars[first - begin : until - begin])


def _write_evaluations(connection: sqlite3.Connection, history: History, last: int, end: int) -> int:
    for step in _between(history.evaluation_steps, last, end):
        evaluation = history.evaluation_at(step)
        # a history that nobody could store may have thinned them out meanwhile
        if evaluation is not None and evaluation.step > last:
            event_tables.put_evaluation(connection, evaluation)
            last = evaluation.step
    return last


def _write_distributions(connection: sqlite3.Connection, history: History, last: int, end: int) -> int:
    for step in _between(history.distribution_steps, last, end):
        distributions = history.distributions_at(step)
        if distributions is not None and distributions.step > last:
            event_tables.put_distributions(connection, distributions)
            last = distributions.step
    return last


def _between(steps: NDArray[np.int64], last: int, end: int) -> list[int]:
    """Return the steps after `last` up to `end`, which is that of the next frame."""
    return [int(step) for step in steps[(steps > last) & (steps <= end)]]


def _progress(history: History, frames: int) -> dict[str, Any]:
    steps, accuracies = history.accuracies()
    known = accuracies[steps < frames]
    # not np.unique, for which numpy imports its masked arrays in the middle of somebody's training
    steps_shown = dict.fromkeys(np.linspace(0, frames - 1, SPARKS).round().astype(np.int64).tolist())
    losses = [history.loss(step) for step in steps_shown]
    return {
        "frames": frames,
        "loss": history.loss(frames - 1),
        "accuracy": float(known[-1]) if known.size else None,
        "losses": losses if frames else [],
    }


def _last(steps: NDArray[Any]) -> int:
    return int(steps[-1]) if steps.size else -1
