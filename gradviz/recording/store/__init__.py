"""Runs on disk: written while they go on, opened, followed, and gone on with. `schema.py` says what is in a file."""

from gradviz.recording.store.continuing import checkpoint_step, continue_run, latest_checkpoint
from gradviz.recording.store.follower import Follower, follow
from gradviz.recording.store.info import RunInfo, annotate, read_info, rename
from gradviz.recording.store.run import Run, open_run
from gradviz.recording.store.standing import settle
from gradviz.recording.store.writer import StoreWriter

__all__ = [
    "Follower", "Run", "RunInfo", "StoreWriter", "annotate", "checkpoint_step", "continue_run", "follow",
    "latest_checkpoint", "open_run", "read_info", "rename", "settle",
]  # fmt: skip
