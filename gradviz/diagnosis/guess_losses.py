"""What loss a network cannot get below that gives every sample the same answer."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment import Training

Floats = NDArray[np.float64]


def losses_of_a_guess(shares: Floats, training: Training) -> tuple[float, float]:
    """Return the least loss that one answer for every sample can reach, and that of one that prefers no class.

    `shares` [classes] say how often each label comes. Of cross-entropy without weights and smoothing the first is their
    entropy, the second ln(classes).
    """
    classes = len(shares)
    weights = np.where(shares > 0.0, 1.0 / (classes * np.maximum(shares, 1e-300)), 0.0)
    if training.class_weights == "none" or training.loss == "mse":
        weights = np.ones(classes)
    weighted = shares * weights / (shares * weights).sum()
    match training.loss:
        case "cross_entropy":
            return _cross_entropy(weighted, weights / (shares * weights).sum(), training.label_smoothing)
        case "binary_cross_entropy" if classes == 2:
            return float(_yes_or_no(weighted[1])), float(_yes_or_no(0.5))
        case "binary_cross_entropy":
            return float(_yes_or_no(weighted).mean()), float(_yes_or_no(1.0 / classes))
        case "mse":
            return float((shares * (1.0 - shares)).mean()), (1.0 - 1.0 / classes) / classes


def _cross_entropy(wanted: Floats, weights: Floats, smoothing: float) -> tuple[float, float]:
    """Of the negative logarithms of the probabilities given, how much of each is in the mean loss."""
    parts = (1.0 - smoothing) * wanted + smoothing / len(wanted) * weights
    total = 1.0 + smoothing * (float(weights.mean()) - 1.0)
    even = total * math.log(len(wanted))
    there = parts[parts > 0.0]
    # rounded, labels that are all as frequent would do better than none
    return min(max(float(-(there * np.log(there / total)).sum()), 0.0), even), even


def _yes_or_no(chance: float | Floats) -> Floats:
    """Return the entropy of a yes or no of that chance, in nats."""
    chances = np.clip(np.stack([np.asarray(chance), 1.0 - np.asarray(chance)]), 1e-300, 1.0)
    return np.asarray(np.maximum(-(chances * np.log(chances)).sum(0), 0.0))
