"""What a network takes validation samples for: which classes it confuses, and the mistakes it is surest of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Evaluation, HeldOut


def confusion_matrix(held_out: HeldOut, evaluation: Evaluation) -> NDArray[np.int64]:
    """Return [classes, classes] how many samples of the class of the row are taken for that of the column."""
    classes = len(held_out.class_names)
    pairs = held_out.labels * classes + evaluation.predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def class_accuracies(matrix: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return [classes] the share of each class that is right, from a confusion matrix; NaN for one without samples."""
    samples = matrix.sum(1)
    return np.where(samples > 0, np.diagonal(matrix) / np.maximum(samples, 1), np.nan)


def surest_mistakes(held_out: HeldOut, evaluation: Evaluation) -> NDArray[np.intp]:
    """Return the places of the samples that are wrong, the surest first; equally sure ones in their own order.

    Those of which the network says no confidence, because its numbers are not finite, come last.
    """
    wrong = np.flatnonzero(evaluation.predicted != held_out.labels)
    sure = np.nan_to_num(evaluation.confidence[wrong], nan=-1.0)
    return wrong[np.argsort(-sure, kind="stable")]


def largest_errors(held_out: HeldOut, evaluation: Evaluation) -> NDArray[np.intp]:
    """Return the places of all samples of which a number is predicted, the largest error first.

    Those of which the prediction is not finite come last.
    """
    errors = np.abs(errors_of(held_out, evaluation))
    return np.argsort(-np.where(np.isfinite(errors), errors, -1.0), kind="stable")


def errors_of(held_out: HeldOut, evaluation: Evaluation) -> NDArray[np.float64]:
    """Return [samples] by how much each prediction of a number is too large."""
    assert held_out.targets is not None
    assert evaluation.values is not None
    return evaluation.values.astype(np.float64) - held_out.targets
