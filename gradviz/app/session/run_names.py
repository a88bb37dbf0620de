"""What to call a run where there is little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradviz.recording.history import History

if TYPE_CHECKING:
    from gradviz.recording.runs.run_list import Listed


def name_of(listed: Listed) -> str:
    """Return what the run is called: by the person, by its experiment, by what it is; else by its file."""
    info = listed.info
    if info is None:
        return listed.path.name
    if info.name:
        return info.name
    if info.title or info.experiment is None:
        return info.title or listed.path.stem
    return info.experiment.network.summary


def in_short(history: History) -> str:
    """Name a run in a few words, for a legend."""
    experiment = history.started.experiment
    return history.started.title if experiment is None else experiment.network.summary
