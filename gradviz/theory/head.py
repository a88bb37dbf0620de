"""How gradients begin: at the head, as the loss sends them back, or anywhere at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradviz.experiment import Training
from gradviz.theory.activations import Array

_DRAWS = 4096
_NODES = 32


@dataclass(frozen=True, slots=True)
class Start:
    """A batch of gradients at the last state.

    `along_state` [samples]: how much of a gradient's square lies along the state, relative to a random direction, where
    it is 1 in as many as there are units; `variance` [samples] of the logarithm of that from one network to the next.
    `directions`: how many independent directions the batch's gradients have.
    """

    along_state: Array
    variance: Array
    directions: int


def random_start(state_square: Array, directions: int) -> Start:
    """Return gradients in random directions, one for each sample: a mean of squares of normal numbers."""
    return Start(np.ones_like(state_square), np.full_like(state_square, 2 / directions), directions)


def loss_start(state_square: Array, classes: int, training: Training) -> Start:
    """Return what the loss sends back for states of the given mean squares; `classes` is 0 where a number is predicted.

    Head^T (p - y) times the state is logits times (p - y), where p is the softmax, the sigmoids or the outputs
    themselves, and y the label, one-hot or smoothed. Small logits leave p - y as good as independent of them: 1. Large
    ones decide p: under cross-entropy the gradient then tells the largest logit from the label's, and they differ by
    more than any two do: 1.95 for ten classes. The head is LeCun normal: logits have the state's mean square as their
    variance. Averaged over labels and a fixed set of random logits, to 2%; weights of classes make them count alike, as
    they do here anyway.
    """
    if not classes:
        # standardised numbers
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        return _single_output(state_square, lambda z: z, nodes, weights / weights.sum())
    if training.loss == "binary_cross_entropy" and classes == 2:
        return _single_output(state_square, _sigmoid, np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    answers: dict[str, Callable[[Array], Array]] = {
        "cross_entropy": _softmax,
        "binary_cross_entropy": _sigmoid,
        "mse": lambda z: z,
    }
    answer = answers[training.loss]
    smoothing = training.label_smoothing if training.loss == "cross_entropy" else 0.0
    even, sure = smoothing / classes, 1.0 - smoothing
    draws = np.random.default_rng(0).standard_normal((_DRAWS, classes))
    mean, variance = [], []
    for square in np.atleast_1d(state_square):
        p = answer(draws * np.sqrt(square))
        # for every label: logits (p - y) and |p - y|^2
        along = ((draws * (p - even)).sum(axis=1, keepdims=True) - sure * draws) ** 2
        length = ((p - even) ** 2).sum(axis=1, keepdims=True) - 2 * sure * (p - even) + sure**2
        mean.append(along.mean() / length.mean())
        of_network = along.mean(axis=1) / length.mean(axis=1)
        variance.append(np.log1p(of_network.var() / of_network.mean() ** 2))
    directions = classes - 1 if training.loss == "cross_entropy" else classes
    return Start(np.array(mean), np.array(variance), max(1, directions))


def _single_output(state_square: Array, answer: Callable[[Array], Array], targets: Array, weights: Array) -> Start:
    """Return the same of a head with one output, for `targets` that come as often as their `weights` say."""
    draws = np.random.default_rng(0).standard_normal((_DRAWS, 1))
    mean, variance = [], []
    for square in np.atleast_1d(state_square):
        length = (answer(draws * np.sqrt(square)) - targets) ** 2 @ weights
        along = draws[:, 0] ** 2 * length
        mean.append(along.mean() / length.mean())
        of_network = draws[:, 0] ** 2
        variance.append(np.log1p(of_network.var() / of_network.mean() ** 2))
    return Start(np.array(mean), np.array(variance), 1)


def _softmax(logits: Array) -> Array:
    p: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    total: Array = p.sum(axis=1, keepdims=True)
    return np.asarray(p / total)


def _sigmoid(logits: Array) -> Array:
    small: Array = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, small) / (1.0 + small)
