"""How gradients begin: at the head, under cross-entropy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array

_DRAWS = 4096


@dataclass(frozen=True, slots=True)
class Alignment:
    """How much of the first gradient's square lies along the last state, relative to a random direction; [samples].

    `mean` over networks, and `variance` of its logarithm from one network to the next.
    """

    mean: Array
    variance: Array


def alignment(state_square: Array, classes: int) -> Alignment:
    """Return it for states of the given mean squares, averaged over labels and a fixed set of random logits, to 2%.

    Head^T (p - y) times the state is logits times (p - y). Small logits leave p - y as good as independent of them: 1.
    Large ones decide p: the gradient then tells the largest logit from the label's, and they differ by more than any
    two do: 1.95 for ten classes. The head is LeCun normal: logits have the state's mean square as their variance.
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
    return Alignment(np.array(mean), np.array(variance))
