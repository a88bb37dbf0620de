"""What to call a run where there is little room."""

from __future__ import annotations

from gradviz.experiment import Experiment, in_words
from gradviz.recording.history import History


def in_short(history: History) -> str:
    """Name a run in a few words, for a legend."""
    experiment = history.started.experiment
    return history.started.title if experiment is None else experiment_in_short(experiment)


def experiment_in_short(experiment: Experiment) -> str:
    """Name an experiment in a few words."""
    words = [f"{experiment.depth} × {experiment.width}", in_words(experiment.activation)]
    if experiment.shortcut != "none":
        words.append(f"{in_words(experiment.shortcut)} shortcut")
    return " ".join(words)
