"""Going on with a run that ended, or was interrupted, from its newest checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Checkpoint
from gradviz.recording.history import History
from gradviz.recording.store import arrays
from gradviz.recording.store.connection import closed, connected, look
from gradviz.recording.store.standing import check_writable, settle
from gradviz.recording.store.stored_file import StoredFile

# which histories may be written into files that are there already, and from which step on
_continued: WeakKeyDictionary[History, tuple[Path, int]] = WeakKeyDictionary()


def latest_checkpoint(path: Path) -> Checkpoint | None:
    """Return the newest checkpoint of a run; None if there is none. Raises RecordingError."""
    stored = StoredFile(path)
    try:
        return stored.checkpoint()
    finally:
        stored.close()


def checkpoint_step(path: Path) -> int | None:
    """Return the step of the newest checkpoint of a run, and look at nothing of it. Raises RecordingError."""
    connection = connected(path, "ro")
    try:
        with look(connection, path):
            return arrays.checkpoint_step(connection)
    finally:
        closed(connection)


def continue_run(path: Path, step: int, experiment: Experiment | None = None) -> History:
    """Return the frames before `step` of a run, to be appended to and written by a new StoreWriter on the same path.

    An `experiment` takes the place of that of the run, which was to make fewer steps, say. The file is left as it is
    until that writer begins; then what came after is given up. Raises RecordingError for a run that is being written,
    may only be read, or has not come that far.
    """
    if settle(path) == "recording":
        raise RecordingError(f"{path} is being written; end that run first")
    check_writable(path)
    stored = StoredFile(path, until=step)
    if stored.frames < step:
        raise RecordingError(f"{path} ends after {stored.frames:,} frames and cannot go on at step {step:,}")
    started = stored.started
    if experiment is not None:
        started = replace(started, experiment=experiment, planned_steps=experiment.training.steps)
    history = History.restored(started, stored)
    _continued[history] = path.absolute(), step
    return history


def continued_at(path: Path, history: History) -> int | None:
    """Return the step at which `history` goes on with the run at `path`; None if it is another run."""
    of, step = _continued.get(history, (None, 0))
    return step if of == path.absolute() else None
