"""Entries of a list of runs, made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gradviz.experiment import Experiment
from gradviz.recording.frame import Quantity
from gradviz.recording.runs.run_list import Listed
from gradviz.recording.store import RunInfo

NORM = Quantity("norm", "Norm", "", "")
NOON = datetime(2026, 3, 1, 12, 0).timestamp()


def listed(name: str, minutes: int = 0, change: str = "", **facts: object) -> Listed:
    """A run that began so many minutes after noon."""
    path = Path("/runs") / f"{name}.gradviz"
    began = NOON + 60 * minutes
    info = RunInfo(
        path=path, name=name, note="", ending="finished", why="", created=began, frames=301, experiment=Experiment(),
        title="", environment={}, quantities=(NORM,), accuracy=0.975, loss=0.25, sparkline=(2.0, 1.0, 0.25),
        size=1_234_567,
    )  # fmt: skip
    return Listed(path, replace(info, **facts), "", began, change)  # type: ignore[arg-type]


def unreadable(name: str, trouble: str) -> Listed:
    return Listed(Path("/runs") / f"{name}.gradviz", None, trouble, NOON)
