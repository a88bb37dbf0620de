"""What a guess is worth, and what the samples that are never trained on say: of networks that gradviz trains itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.diagnosis.guess_losses import losses_of_a_guess
from gradviz.experiment import Training
from gradviz.recording.frame import Evaluation, Started
from gradviz.recording.history import History
from gradviz.recording.source import LOSS

# the training loss beside an evaluation is a mean over so many steps up to it
LOSSES_BESIDE = 20
# one evaluation may be an outlier
LOSSES_COMPARED = 3


@dataclass(frozen=True, slots=True)
class Guess:
    """What who knows nothing of a sample can do.

    `loss` is the entropy of the label frequencies, `even_loss` that of classes that are all alike, and `accuracy` the
    share of the most frequent class. Of other losses, and with weights or smoothed labels, `loss` is the least that the
    same answer for every sample can reach, and `even_loss` that of answers that prefer no class; where a number is
    predicted both are those of its mean, and `accuracy` is R squared.
    """

    loss: float
    even_loss: float
    accuracy: float
    of_numbers: bool = False


@dataclass(frozen=True, slots=True)
class Validation:
    """One evaluation on the validation samples, and the mean `training_loss` of the steps up to it.

    `recent_loss` is the median of the latest three validation losses. `best_step` is the step at which the validation
    loss was lowest so far, and `best_loss` that loss. `only_class` is the one class that every sample is predicted to
    be, None if there are several.
    """

    step: int
    loss: float
    accuracy: float
    recent_loss: float
    samples: int
    training_loss: float
    best_step: int
    best_loss: float
    only_class: int | None


def guess_of(started: Started) -> Guess | None:
    """Return what a guess is worth; None where there are no classes."""
    if started.held_out is None:
        return None
    if started.regression:
        # the mean of the standardised targets
        return Guess(1.0, 1.0, 0.0, of_numbers=True)
    classes = max(len(started.held_out.class_names), 2)
    shares = np.array(started.class_shares) if started.class_shares else np.full(classes, 1.0 / classes)
    training = started.experiment.training if started.experiment is not None else Training()
    loss, even = losses_of_a_guess(shares, training)
    return Guess(loss if started.class_shares else even, even, float(shares.max()))


def validation_at(history: History, step: int) -> Validation | None:
    """Return the latest evaluation up to `step`; None if there was none."""
    latest = history.evaluation_at(step)
    if latest is None:
        return None
    steps, losses = history.evaluation_losses()
    known = np.where(np.isfinite(losses) & (steps <= latest.step), losses, np.inf)
    best = int(np.argmin(known))
    beside = history.scalars(max(latest.step - LOSSES_BESIDE + 1, 0), latest.step + 1)[:, LOSS]
    return Validation(
        step=latest.step,
        loss=latest.loss,
        accuracy=latest.accuracy,
        recent_loss=float(np.median(losses[steps <= latest.step][-LOSSES_COMPARED:])),
        samples=len(latest.predicted),
        training_loss=float(beside.mean()) if beside.size else math.nan,
        best_step=int(steps[best]),
        best_loss=float(known[best]),
        only_class=_only_class(latest) if latest.values is None else None,
    )


def _only_class(evaluation: Evaluation) -> int | None:
    predicted = evaluation.predicted
    return int(predicted[0]) if predicted.size and (predicted == predicted[0]).all() else None
