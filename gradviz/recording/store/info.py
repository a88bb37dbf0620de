"""What a list of runs says of each: read at once, without looking at a single frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Ending, Quantity
from gradviz.recording.store import documents
from gradviz.recording.store.connection import changing, read_once
from gradviz.recording.store.liveness import is_written
from gradviz.recording.store.metadata import Metadata, State

# as in the verdict
NEAR_CHANCE = 0.1
LONGEST_NAME = 200
LONGEST_NOTE = 20_000
# the year 9999, after which Python knows no dates
LATEST = 253_402_000_000.0


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run at a glance.

    `title` is what its network is called, `experiment` its recipe, where it has one. `accuracy` is that of the last
    evaluation; None, like `loss`, where there is none. `sparkline` holds at most 64 losses from all of the run, NaN
    among them. `guess_accuracy` is what always naming the most frequent class reaches; None where there are no classes
    or nobody knows. `created` is in seconds since 1970, `size` in bytes; `why` says what ended a run that failed.
    """

    path: Path
    name: str
    note: str
    ending: Ending
    why: str
    created: float
    frames: int
    title: str
    experiment: Experiment | None
    environment: Mapping[str, str]
    quantities: tuple[Quantity, ...]
    accuracy: float | None
    loss: float | None
    sparkline: tuple[float, ...]
    size: int
    guess_accuracy: float | None = None

    @property
    def at_chance(self) -> bool:
        """Whether the accuracy is near that of a guess: above it by less than a tenth of what a guess gets wrong."""
        if self.accuracy is None or self.guess_accuracy is None:
            return False
        return self.accuracy < self.guess_accuracy + NEAR_CHANCE * (1.0 - self.guess_accuracy)


def read_info(path: Path) -> RunInfo:
    """Return what there is to say of the run at `path`. Raises RecordingError."""
    without_ending = unended(path)
    metadata, state = read_once(path, lambda connection: (documents.metadata(connection), documents.state(connection)))
    return info_of(path, metadata, state, without_ending)


def info_of(path: Path, metadata: Metadata, state: State, without_ending: Ending) -> RunInfo:
    """Return what the documents of a run say. Raises RecordingError for an experiment that is unknown here."""
    return RunInfo(
        path=path,
        name=state.name,
        note=state.note,
        ending=state.ending or without_ending,
        why=state.why,
        created=min(max(state.created, 0.0), LATEST) if math.isfinite(state.created) else 0.0,
        frames=state.frames,
        title=metadata.title,
        experiment=metadata.recipe(),
        environment=metadata.environment,
        quantities=metadata.quantities,
        accuracy=state.accuracy,
        loss=state.loss,
        sparkline=state.losses,
        size=_size(path),
        guess_accuracy=_guess_accuracy(metadata),
    )


def _guess_accuracy(metadata: Metadata) -> float | None:
    if metadata.class_shares:
        return max(metadata.class_shares)
    classes = len(metadata.held_out.class_names) if metadata.held_out is not None else 0
    return 1.0 / classes if classes else None


def unended(path: Path) -> Ending:
    """Return the ending of the run at `path` if its state, which is read after this, has none.

    The order matters: a process that ends a run writes its ending and then releases its lock.
    """
    return "recording" if is_written(path) else "interrupted"


def rename(path: Path, name: str) -> None:
    """Give a run another name. Raises RecordingError."""
    _change(path, "name", name.strip(), LONGEST_NAME)


def annotate(path: Path, note: str) -> None:
    """Give a run another note. Raises RecordingError."""
    _change(path, "note", note, LONGEST_NOTE)


def _change(path: Path, key: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise RecordingError(f"a {key} has at most {longest:,} characters, not {len(text):,}")
    with changing(path) as connection:
        documents.put(connection, documents.state(connection).changed(**{key: text}))


def _size(path: Path) -> int:
    """Return the bytes of the file and of the log beside it."""
    size = 0
    for each in (path, path.with_name(f"{path.name}-wal")):
        try:
            size += each.stat().st_size
        except OSError:
            continue
    return size
