"""What a list of runs says of each: read at once, without looking at a single frame."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Ending, Quantity
from gradviz.recording.store import beginning, facts, standing
from gradviz.recording.store.connection import closed, connected, explained, look
from gradviz.recording.store.facts import Facts
from gradviz.recording.store.flush import SPARKS
from gradviz.recording.store.stored_file import LARGEST_FRAMES

LONGEST_NAME = 200
LONGEST_NOTE = 20_000
# the year 9999, after which Python knows no dates
LATEST = 253_402_000_000.0


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run at a glance.

    `experiment` is None for a watched network, which has a `watched` title instead. `accuracy` is that of the last
    evaluation; None, like `loss`, where there is none. `sparkline` holds at most 64 losses from all of the run, NaN
    among them. `created` is in seconds since 1970, `size` in bytes; `why` says in words what a failed run failed of.
    """

    path: Path
    name: str
    note: str
    ending: Ending
    why: str
    created: float
    frames: int
    experiment: Experiment | None
    watched: str | None
    environment: Mapping[str, str]
    quantities: tuple[Quantity, ...]
    accuracy: float | None
    loss: float | None
    sparkline: tuple[float, ...]
    size: int


def read_info(path: Path) -> RunInfo:
    """Return what there is to say of the run at `path`. Raises RecordingError."""
    connection = connected(path, "ro")
    try:
        with look(connection, path):
            return info_of(path, connection)
    finally:
        closed(connection)


def info_of(path: Path, connection: sqlite3.Connection) -> RunInfo:
    """Return what there is to say of the run into which `connection` looks. Raises RecordingError."""
    said = facts.get(connection, "name", "note", "why", "created", "environment", "progress")
    progress = said.inner("progress")
    return RunInfo(
        path=path,
        name=said.text("name"),
        note=said.text("note"),
        ending=standing.ending(path, connection),
        why=said.text("why"),
        created=_finite(said.number("created")),
        frames=progress.whole("frames", 0, LARGEST_FRAMES),
        experiment=beginning.experiment(connection),
        watched=beginning.watched_title(connection),
        environment=said.mapping("environment"),
        quantities=beginning.quantities(connection),
        accuracy=_number(progress, "accuracy"),
        loss=_number(progress, "loss"),
        sparkline=progress.numbers("losses", SPARKS),
        size=_size(path),
    )


def rename(path: Path, name: str) -> None:
    """Give a run another name. Raises RecordingError."""
    _say(path, "name", name.strip(), LONGEST_NAME)


def annotate(path: Path, note: str) -> None:
    """Give a run another note. Raises RecordingError."""
    _say(path, "note", note, LONGEST_NOTE)


def _say(path: Path, key: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise RecordingError(f"a {key} has at most {longest:,} characters, not {len(text):,}")
    connection = standing.locked(path)
    try:
        with explained(path):
            facts.put(connection, {key: text})
            connection.execute("COMMIT")
    finally:
        closed(connection)


def _number(progress: Facts, key: str) -> float | None:
    return progress.number(key) if progress.has(key) else None


def _finite(seconds: float) -> float:
    """Return seconds since 1970, as far as a clock shows them."""
    return min(max(seconds, 0.0), LATEST) if math.isfinite(seconds) else 0.0


def _size(path: Path) -> int:
    """Return the bytes of the file and of the log beside it."""
    size = 0
    for each in (path, path.with_name(f"{path.name}-wal")):
        try:
            size += each.stat().st_size
        except OSError:
            continue
    return size
