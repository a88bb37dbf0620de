"""How gradients begin: at the head, under cross-entropy, or anywhere at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array

_DRAWS = 4096


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


def cross_entropy_start(state_square: Array, classes: int) -> Start:
    """Return what cross-entropy sends back for states of the given mean squares.

    Head^T (p - y) times the state is logits times (p - y). Small logits leave p - y as good as independent of them: 1.
    Large ones decide p: the gradient then tells the largest logit from the label's, and they differ by more than any
    two do: 1.95 for ten classes. The head is LeCun normal: logits have the state's mean square as their variance.
    Averaged over labels and a fixed set of random logits, to 2%.
    """
    draws = np.random.default_rng(0).standard_normal((_DRAWS, classes))
    mean, variance = [], []
    for square in np.atleast_1d(state_square):
        logits = draws * np.sqrt(square)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        # for every label: logits (p - e) and |p - e|^2
        along = ((draws * p).sum(axis=1, keepdims=True) - draws) ** 2
        length = (p**2).sum(axis=1, keepdims=True) - 2 * p + 1
        mean.append(along.mean() / length.mean())
        of_network = along.mean(axis=1) / length.mean(axis=1)
        variance.append(np.log1p(of_network.var() / of_network.mean() ** 2))
    return Start(np.array(mean), np.array(variance), max(1, classes - 1))
