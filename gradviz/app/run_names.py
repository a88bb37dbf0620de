"""What to call a run where there is little room."""

from __future__ import annotations

from gradviz.recording.history import History


def in_short(history: History) -> str:
    """Name a run in a few words, for a legend."""
    experiment = history.started.experiment
    return history.started.title if experiment is None else experiment.network.summary
