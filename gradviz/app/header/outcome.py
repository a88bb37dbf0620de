"""What became of a run, in as little as fits into the header: its score, its verdict and its profile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis import Severity, Thresholds
from gradviz.diagnosis.verdict import Verdict
from gradviz.recording.history import History

Profile = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Score:
    """How well the network does: `text` as a person writes it, `name` of what was measured, and at which `step`."""

    text: str
    name: str
    step: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A run at `step`: its score, how bad its worst finding is and what that is called.

    `profile` [layers] is the quantity that is shown, in its own scale; None where it was not measured.
    """

    step: int
    severity: Severity
    title: str
    score: Score | None
    profile: Profile | None


def score_of(history: History, step: int | None = None) -> Score | None:
    """Return the score at `step` (None: the latest), or the loss where nothing else is known; None without any."""
    latest = history.frames - 1
    if latest < 0:
        return None
    step = latest if step is None else min(step, latest)
    evaluation, measure = history.evaluation_at(step), history.started.score
    if evaluation is not None:
        return Score(measure.short(evaluation.accuracy), f"validation {measure.name}", evaluation.step)
    accuracy = history.batch_accuracy(step)
    if accuracy is not None and not math.isnan(accuracy):
        return Score(measure.short(accuracy), f"training {measure.name}", step)
    loss = history.loss(step)
    return Score(f"{loss:.4g}", "training loss", step) if loss is not None and not math.isnan(loss) else None


def outcome_of(history: History, quantity: str, thresholds: Thresholds, step: int | None = None) -> Outcome | None:
    """Return what became of a run by `step` (None: the latest); None before its first step."""
    latest = history.frames - 1
    if latest < 0:
        return None
    step = latest if step is None else min(step, latest)
    verdict = Verdict.of(history, step, thresholds)
    title = verdict[0].headline.partition(":")[0] if verdict else ""
    return Outcome(step, verdict.severity, title, score_of(history, step), profile_of(history, quantity, step))


def profile_of(history: History, quantity: str, step: int) -> Profile | None:
    """Return the newest values of a quantity up to `step`; None where it was not measured."""
    if quantity not in {each.name for each in history.quantities}:
        return None
    found = history.latest_row(quantity, step)
    return found[1] if found is not None else None
