"""What to call a run where there is little room."""

from __future__ import annotations

from gradviz.recording.history import History


def in_short(history: History) -> str:
    """Name a run in a few words, for a legend."""
    experiment = history.started.experiment
    if experiment is None:
        return history.started.title
    words = [f"{experiment.depth} × {experiment.width}", experiment.activation.replace("_", " ")]
    if experiment.shortcut != "none":
        words.append(f"{experiment.shortcut.replace('_', '-')} shortcut")
    return " ".join(words)
