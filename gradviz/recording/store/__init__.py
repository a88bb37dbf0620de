"""Runs on disk: written while they go on, opened, followed, and resumed. `schema.py` says what is in a file."""

from gradviz.recording.store.info import RunInfo, annotate, read_info, rename
from gradviz.recording.store.run import Run, checkpoint_step, latest_checkpoint, open_run, resume_run, settle
from gradviz.recording.store.writer import StoreWriter

__all__ = [
    "Run", "RunInfo", "StoreWriter", "annotate", "checkpoint_step", "latest_checkpoint", "open_run", "read_info",
    "rename", "resume_run", "settle",
]  # fmt: skip
