"""Resuming a run that ended, or was interrupted, from its newest checkpoint."""

from __future__ import annotations

from pathlib import Path

from gradviz.errors import RecordingError
from gradviz.recording.frame import Checkpoint
from gradviz.recording.history import History
from gradviz.recording.store import arrays
from gradviz.recording.store.connection import changing, read_once
from gradviz.recording.store.run import settle
from gradviz.recording.store.stored_file import StoredFile


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
