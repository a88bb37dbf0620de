"""The ceiling that the chain rule puts on a product of activation derivatives, whatever the weights do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.experiment import Mlp, NetworkRecipe, in_words
from gradviz.theory.activations import Row, curve, is_known


@dataclass(frozen=True, slots=True)
class Bound:
    """`log10_derivative_product` [layers]: ceiling for the layers above each layer's output; 0 at the last one's.

    `through_all` is the ceiling for all layers, from the last one's output back to the input.
    """

    log10_derivative_product: Row
    through_all: float
    text: str


@dataclass(frozen=True, slots=True)
class NoBound:
    """Why there is no bound line, in a sentence."""

    reason: str


def supremum_bound(network: NetworkRecipe) -> Bound | NoBound:
    """Return log10 of (sup |phi'|)^N, N the number of layers above each layer's output.

    Along every path through the network the gradient is a product of weights and of one derivative per layer. This
    bounds the derivatives' part alone: thirty sigmoids pass at most 0.25^30 = 8.67e-19 of it.
    """
    if not isinstance(network, Mlp):
        return NoBound("no bound line: it is drawn for fully connected stacks")
    if not is_known(network.activation):
        return NoBound(f"no bound line: there is no formula for {in_words(network.activation)} yet")
    if network.shortcut != "none":
        return NoBound("no bound line: over the shortcuts a gradient passes layers without their derivatives")
    if network.normalization != "none":
        return NoBound("no bound line: normalisation multiplies the gradient by a factor of its own in every layer")
    if network.activation == "prelu":
        return NoBound("no bound line: the slope of PReLU is learnt, and may become larger than 1")
    if network.dropout:
        return NoBound("no bound line: dropout multiplies each derivative by 0 or by 1 / (1 - share)")
    supremum = curve(network).supremum
    per_layer = math.log10(supremum)
    above = np.arange(network.depth - 1, -1, -1, dtype=np.float64)
    through_all = per_layer * network.depth
    return Bound(
        per_layer * above + 0.0,
        through_all,
        f"{supremum:.4g}^N: the derivatives of N layers multiply to at most this, weights aside; "
        f"through all {network.depth:,} layers to {supremum:.4g}^{network.depth} = {_power(through_all)}",
    )


def _power(log10: float) -> str:
    if abs(log10) < 300:
        return f"{10**log10:.3g}"
    exponent = math.floor(log10)
    return f"{10 ** (log10 - exponent):.2f}e{exponent:+d}"
