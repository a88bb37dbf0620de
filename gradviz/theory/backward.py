"""Backward: the mean square of the gradient at each layer's output, from the last layer to the first.

In the limit of infinite width the gradient at a layer is independent of the state there, and its mean square is
multiplied per layer by chi = sigma_w^2 E[phi'^2] (Schoenholz et al. 2017, 1611.01232), and over a shortcut by
1 + s^2 chi (Yang & Schoenholz 2017, 1712.08969). At a finite width n a gradient also has, by chance, about 1/n of its
square along the last state, and where shortcuts add up branches whose mean is not zero that share grows faster than
the rest: after some 20 layers of x + ReLU(Wx) it is all there is. So the entries of a gradient at a state y are written

    g_i = a + c y_i + w_i,    w independent of y,

and a and c are followed beside the mean square of w. For one layer, W splits into what the forward pass knows of it,
W x, and an independent rest: the first brings a and c back, the second is the classical term. a and c are both
proportional to the one random number that the gradient begins with, so that plain numbers suffice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array
from gradviz.theory.forward import Block, Layer
from gradviz.theory.recipe import GATE_SIGMA_W2, Recipe


@dataclass(frozen=True, slots=True)
class Gradient:
    """A gradient a + c y + w at a state y: `a`, `c` and `ww` = E[w^2]; each [samples]."""

    a: Array
    c: Array
    ww: Array

    def mean_square(self, mean: Array, square: Array) -> Array:
        """Return E[g^2], where the state y has the given mean and mean square."""
        return self.a**2 + 2 * self.a * self.c * mean + self.c**2 * square + self.ww

    def filled(self, size: Array, mean: Array, square: Array) -> Gradient:
        """Return the same a and c with as much noise as brings the mean square to `size`."""
        return Gradient(self.a, self.c, np.maximum(size - self.mean_square(mean, square), 0.0))

    def over(self, size: Array) -> Gradient:
        """Return this gradient divided so that a mean square of `size` becomes 1."""
        return Gradient(self.a / np.sqrt(size), self.c / np.sqrt(size), self.ww / size)


@dataclass(frozen=True, slots=True)
class Profile:
    """ln E[g^2] at the input and at each layer's output relative to the last one's, and how much of it lies along a
    and c; both [layers + 1, samples]. Minus infinity where nothing arrives.
    """

    logarithm: Array
    directed: Array


def backward(recipe: Recipe, blocks: list[Block], along_state: Array | float) -> Profile:
    """Follow a gradient of which `along_state` [samples] of the square lies along the last state, the rest anywhere.

    That share is 1/n for a random direction among n units, and 0 in the limit of infinite width.
    """
    square = blocks[-1].out_square
    zero = np.zeros_like(square)
    at = Gradient(zero, np.sqrt(_ratio(along_state, square)), np.where(square > 0, 1 - along_state, 1.0))
    through = _through_highway if recipe.highway else _through_block
    logarithm = zero
    logarithms, directed = [zero], [zero + along_state]
    with np.errstate(divide="ignore"):
        for block in reversed(blocks):
            below, inside = through(recipe, block, at)
            for layer, gradient in zip(reversed(block.layers[1:]), inside, strict=True):
                size = gradient.mean_square(layer.mean, layer.square)
                logarithms.append(logarithm + np.log(size))
                directed.append(_ratio(size - gradient.ww, size))
            size = below.mean_square(block.mean, block.square)
            logarithm = logarithm + np.log(size)
            logarithms.append(logarithm)
            directed.append(_ratio(size - below.ww, size))
            # carried as a logarithm, so that a thousand layers neither underflow nor overflow
            at = below.over(np.where(size > 0, size, 1.0))
    return Profile(np.array(logarithms[::-1]), np.array(directed[::-1]))


def _through_block(recipe: Recipe, block: Block, at: Gradient) -> tuple[Gradient, list[Gradient]]:
    """Bring a gradient back over identity * x + scale * F(x); return it at x, and inside the branch."""
    i, s = recipe.identity, recipe.scale
    # at the branch's own result f the gradient is s (a + i c x + s c f + w), and x is independent of f
    x_spread = np.maximum(block.square - block.mean**2, 0.0)
    branch = Gradient(s * (at.a + i * at.c * block.mean), s * s * at.c, s * s * (at.ww + i * at.c**2 * x_spread))
    branch, inside = _through_branch(recipe, block, branch)
    # along the identity, f is a mean and noise independent of x
    f_mean, f_square = block.layers[-1].out_mean, block.layers[-1].out_square
    below = Gradient(
        i * (at.a + s * at.c * f_mean) + branch.a,
        i * at.c + branch.c,
        i * (at.ww + (s * at.c) ** 2 * np.maximum(f_square - f_mean**2, 0.0)) + branch.ww,
    )
    return below, inside


def _through_highway(recipe: Recipe, block: Block, at: Gradient) -> tuple[Gradient, list[Gradient]]:
    """Bring a gradient back over T F(x) + (1 - T) x, with a gate T of its own weights.

    Where T^2 meets g^2 they are taken as independent, which they are but for the share of g along the state.
    """
    gate = block.gate
    assert gate is not None
    f_mean, f_square, x_mean, x_square = (
        block.layers[-1].out_mean,
        block.layers[-1].out_square,
        block.mean,
        block.square,
    )
    size = at.mean_square(block.out_mean, block.out_square)
    open_, mixed, shut = gate.ff, gate.f - gate.ff, 1 - 2 * gate.f + gate.ff
    into = Gradient(gate.f * at.a + mixed * at.c * x_mean, open_ * at.c, np.zeros_like(size))
    branch, inside = _through_branch(recipe, block, into.filled(open_ * size, f_mean, f_square))
    past = Gradient((1 - gate.f) * at.a + mixed * at.c * f_mean, shut * at.c, np.zeros_like(size))
    past = past.filled(shut * size, x_mean, x_square)
    # the gate's pre-activation receives T' (f - x) g
    across = at.a * gate.td * (f_mean - x_mean) + at.c * (
        gate.tdf * (f_square - f_mean * x_mean) + (gate.td - gate.tdf) * (f_mean * x_mean - x_square)
    )
    apart = f_square - 2 * f_mean * x_mean + x_square
    below = Gradient(
        past.a + branch.a,
        past.c + branch.c + _ratio(across * np.sqrt(GATE_SIGMA_W2), np.sqrt(x_square)),
        past.ww + branch.ww + GATE_SIGMA_W2 * gate.dd * apart * size,
    )
    return below, inside


def _through_branch(recipe: Recipe, block: Block, at: Gradient) -> tuple[Gradient, list[Gradient]]:
    through = _through_pre_activation if recipe.pre_activation else _through_layer
    inside = []
    for layer in reversed(block.layers):
        at = through(recipe, layer, at)
        inside.append(at)
    return at, inside[:-1]


def _through_layer(recipe: Recipe, layer: Layer, at: Gradient) -> Gradient:
    """Bring a gradient back through act(norm(W x + b))."""
    over, known = layer.over, layer.sigma_w2 * layer.square
    # z - b = W x: its covariance with t, the standardised z
    share = _ratio(known, np.sqrt(layer.variance))
    # before normalisation's own backward pass: phi'(z) (a + c phi(z) + w)
    square = at.a**2 * over.dd + 2 * at.a * at.c * over.ddf + at.c**2 * over.ddff + at.ww * over.dd
    along = share * (at.a * over.td + at.c * over.tdf)
    if recipe.normalization != "none":
        spread, mean = np.sqrt(layer.variance) * layer.rescale, layer.shown_mean
        level = at.a * over.d + at.c * over.df
        # the component along the normalised pre-activation u is taken out, and with layer normalisation the mean
        along_u = mean * level + spread * (at.a * over.td + at.c * over.tdf)
        square = square - along_u**2 - (level**2 if recipe.normalization == "layer" else 0.0)
        along = along - along_u * share * spread
        square, along = square * layer.rescale**2, along * layer.rescale
    c = _ratio(along, layer.square)
    ww = layer.sigma_w2 * square
    if recipe.orthogonal:
        # lengths are kept: what W x took is not there twice
        ww = ww - c**2 * layer.square
    return Gradient(np.zeros_like(c), c, np.maximum(ww, 0.0))


def _through_pre_activation(recipe: Recipe, layer: Layer, at: Gradient) -> Gradient:
    """Bring a gradient back through W act(norm(x)) + b, x Gaussian over the units."""
    over, beta = layer.over, layer.bias_mean
    # W^T g = e f + something independent of f: W f is known from the forward pass
    e = at.c * layer.sigma_w2
    beside = layer.sigma_w2 * (at.a**2 + 2 * at.a * at.c * beta + at.c**2 * layer.out_square + at.ww)
    if recipe.orthogonal:
        beside = np.maximum(beside - e**2 * over.ff, 0.0)
    # phi' e f as a line over x and a remainder
    level, slope = e * over.df, e * over.tdf
    remainder = e**2 * over.ddff - level**2 - slope**2
    if recipe.normalization != "none":
        spread, mean = np.sqrt(layer.variance) * layer.rescale, layer.shown_mean
        along_u = mean * level + spread * slope
        level = level - along_u * mean if recipe.normalization == "rms" else np.zeros_like(level)
        slope = slope - along_u * spread
    c = _ratio(slope, np.sqrt(layer.variance)) * layer.rescale
    a = level * layer.rescale - c * layer.mean
    return Gradient(a, c, (beside * over.dd + np.maximum(remainder, 0.0)) * layer.rescale**2)


def _ratio(above: Array | float, below: Array) -> Array:
    """Return above / below, and 0 where there is nothing below."""
    return np.asarray(above / np.where(below > 0, below, np.inf))
