"""How far networks of a finite width lie from the limit of infinite width: a shift of the typical one, and a scatter.

A gradient passes a product of random matrices, and the logarithm of its length does a random walk: its variance grows
by about 2/n per layer of width n for the weights and by 3 (E[phi'^4] / E[phi'^2]^2 - 1) / n for the slopes, 5/n in all
for ReLU (Hanin & Nica 2018, 1812.05994; Hanin 2018, 1801.03744). The mean square over all networks is what the limit
says, but it is made by rare ones: a typical network lies half that variance lower. A batch's gradients, which begin in
`directions` independent directions, share this at first only in part, and line up as they go down. In a plain stack
the state's length walks as well, and takes the slopes along.

All to first order in 1/n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array
from gradviz.theory.forward import Block, Layer
from gradviz.theory.head import Start
from gradviz.theory.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Scatter:
    """Shift of the mean and variance of ln E[g^2] at each layer's output, relative to the last; [layers, samples]."""

    shift: Array
    variance: Array


def scatter(recipe: Recipe, blocks: list[Block], start: Start, directed: Array) -> Scatter:
    """Follow a batch of gradients from `start` through a network.

    `directed` [layers, samples] is the share of each layer's gradient that goes back to what lay along the last state.
    """
    found = _scatter(recipe, blocks, start.directions)
    # the last layer, which the others are measured by, has its share too
    taken = (directed - directed[-1]) ** 2 * start.variance
    return Scatter(found.shift - taken / 2, found.variance + taken)


def rarest(recipe: Recipe, blocks: list[Block]) -> float:
    """Return the largest relative variance that one layer's chance brings into a state or a gradient.

    Of a mean over its units, of phi^2 or of phi'^2. Beyond about 1/2 single units decide, and first order in 1/n is
    not enough. Over a shortcut only the branch's share counts.
    """
    largest = 0.0
    for block in blocks:
        chi = _branch_chi(recipe, block)
        for_gradient = chi / (1 + chi) if recipe.identity else np.ones_like(chi)
        for_state = _part(recipe.scale**2 * block.layers[-1].out_square, block.out_square)
        for layer in block.layers:
            over = layer.over
            own = _part(layer.sigma_w2 * over.ff, layer.out_square) if recipe.pre_activation else 1.0
            states = _excess(over.ffff, over.ff, over.ff) * (own * for_state) ** 2
            gradients = _excess(over.dddd, over.dd, over.dd) * for_gradient**2
            largest = max(largest, float(states.max()), float(gradients.max()))
    return largest / recipe.width


def _scatter(recipe: Recipe, blocks: list[Block], directions: int) -> Scatter:
    # tr C^2 / (tr C)^2 of the gradients' covariance C over the units: 1 where all of a batch are parallel
    aligned = np.full_like(blocks[0].square, min(1.0, 1 / directions + 1 / recipe.width))
    above = np.zeros_like(aligned)
    walked = []
    for block in reversed(blocks):
        walked.append(above)
        inside, drifts = np.zeros_like(above), np.zeros_like(above)
        for layer in reversed(block.layers):
            step, drift = _walk(recipe, layer, aligned)
            inside, drifts = inside + step, drifts + drift
            if layer is not block.layers[0]:
                walked.append(above + inside)
        if recipe.identity:
            inside, drifts = _joined(recipe, block, aligned, inside, drifts)
        above, aligned = above + inside, np.minimum(aligned + drifts, 1.0)
    total = np.array(walked[::-1])
    if recipe.identity:
        return Scatter(-total / 2, total)
    return _with_the_state(recipe, [block.layers[0] for block in blocks], total)


def _walk(recipe: Recipe, layer: Layer, aligned: Array) -> tuple[Array, Array]:
    """Return the variance that one layer adds, and how much more the batch's gradients are lined up below it.

    The drift is that of a product of Gaussian matrices with independent diagonal ones, to first order in 1/n.
    """
    excess = np.maximum(_excess(layer.over.dddd, layer.over.dd, layer.over.dd), 0.0)
    weights = 0.0 if recipe.orthogonal else 1.0
    step = (2 * weights * aligned + excess * (1 + 2 * aligned)) / recipe.width
    return step, (excess + weights) * (1 - aligned) * (1 + 2 * aligned) / recipe.width


def _joined(recipe: Recipe, block: Block, aligned: Array, inside: Array, drifts: Array) -> tuple[Array, Array]:
    """Return the same of a whole block: its branch's share, and the chance overlap with what passes by."""
    chi = _branch_chi(recipe, block)
    overlap = 4 * chi * aligned / recipe.width
    drift = 2 * chi * (1 - aligned) * (1 + 2 * aligned) / recipe.width
    return (chi**2 * inside + overlap) / (1 + chi) ** 2, (chi**2 * drifts + drift) / (1 + chi) ** 2


def _branch_chi(recipe: Recipe, block: Block) -> Array:
    factors = [layer.sigma_w2 * layer.over.dd * layer.rescale**2 for layer in block.layers]
    return np.asarray(recipe.scale**2 * np.prod(factors, axis=0))


def _part(part: Array, whole: Array) -> Array:
    return np.minimum(part / np.where(whole > 0, whole, np.inf), 1.0)


def _with_the_state(recipe: Recipe, layers: list[Layer], above: Array) -> Scatter:
    """Add what the walk of the state's mean square p does to the slopes, to second order in ln p."""
    n, count = recipe.width, len(layers)
    state, slope = [_response(recipe, layer) for layer in layers], [_slope_response(recipe, layer) for layer in layers]
    noise = [_excess(layer.over.ffff, layer.over.ff, layer.over.ff) / n for layer in layers]
    both = [_excess(layer.over.ddff, layer.over.dd, layer.over.ff) / n for layer in layers]
    # the first state is a Gaussian map of the input
    mean, variance = np.full_like(above[0], -1 / n), np.full_like(above[0], 2 / n)
    variances, shifts = [variance], []
    for (first, second), (slope_first, slope_second), own in zip(state, slope, noise, strict=True):
        shifts.append(slope_first * mean + slope_second * variance / 2)
        mean = first * mean + second * variance / 2 - own / 2
        variance = first**2 * variance + own
        variances.append(variance)
    total, later = np.zeros_like(above), np.zeros_like(mean)
    added = np.zeros_like(mean)
    for layer in range(count - 1, -1, -1):
        # `later`: what a change of ln p at this layer's output does to all slopes above it
        total[layer] = above[layer] + added + later**2 * variances[layer + 1]
        added = added + later**2 * noise[layer] + 2 * later * both[layer]
        later = slope[layer][0] + state[layer][0] * later
    # normalisation divides by what the units really have, which takes most of the shift away (tests/theory)
    shift = _from_the_top(np.array(shifts)) - above / 2 if recipe.normalization == "none" else np.zeros_like(total)
    return Scatter(shift, np.maximum(total, 0.0))


def _from_the_top(values: Array) -> Array:
    """Return for each layer the sum over the layers above it."""
    return np.cumsum(values[::-1], axis=0)[::-1] - values


def _excess(product: Array, a: Array, b: Array) -> Array:
    """Return E[a b] / (E[a] E[b]) - 1."""
    size = a * b
    return np.where(size > 0, product / np.where(size > 0, size, 1.0) - 1, 0.0)


def _response(recipe: Recipe, layer: Layer) -> tuple[Array, Array]:
    """Return first and second derivative of ln E[phi^2] with respect to ln p of the state that enters."""
    if recipe.normalization != "none":
        return np.zeros_like(layer.square), np.zeros_like(layer.square)
    over = layer.over
    return _logarithmic(over.ff, over.ff_v, over.ff_vv, layer.sigma_w2 * layer.square)


def _slope_response(recipe: Recipe, layer: Layer) -> tuple[Array, Array]:
    """The same of ln chi."""
    known = layer.sigma_w2 * layer.square
    if recipe.normalization != "none":
        share = known * layer.rescale**2
        return -share, -share * (1 - share)
    return _logarithmic(layer.over.dd, layer.over.dd_v, layer.over.dd_vv, known)


def _logarithmic(value: Array, by_variance: Array, twice: Array, known: Array) -> tuple[Array, Array]:
    size = np.where(value > 0, value, np.inf)
    first = by_variance * known / size
    return first, (twice * known**2 + by_variance * known) / size - first**2
