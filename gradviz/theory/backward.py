"""Backward: the mean square of the gradient at each layer's output, from the last layer to the first.

In the limit of infinite width the gradient at a layer is independent of the state there, and its mean square is
multiplied per layer by chi = sigma_w^2 E[phi'^2] (Schoenholz et al. 2017, 1611.01232), and over a shortcut by
1 + s^2 chi (Yang & Schoenholz 2017, 1712.08969). At a finite width n a gradient also has, by chance, about 1/n of its
square along the last state, and where shortcuts add up branches whose mean is not zero that share grows faster than
the rest: after some 20 layers of x + ReLU(Wx) it is all there is. So the entries of a gradient at a state y are written

    g_i = a + c y_i + w_i,    w independent of y,

and a and c are followed beside the mean square of w. For one layer, W splits into what the forward pass knows of it,
W x, and an independent rest: the first brings a and c back, the second is the classical term. a and c are both
proportional to the one random number that the gradient begins with, so that plain numbers suffice. Only what lies
along the state beyond the 1/n of any direction counts: that much is in w already (for plain ReLU nothing else is ever
there, and the classical term is exact at every width: Hanin 2018, 1801.03744).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array
from gradviz.theory.forward import Block, Layer
from gradviz.theory.recipe import GATE_SIGMA_W2, Recipe


@dataclass(frozen=True, slots=True)
class Gradient:
    """A gradient a + c y + w at a state y: `a`, `c` and `ww` = E[w^2]; each [samples].

    Of the squares of a and c only the part `beyond` counts, from 0 to 1, the rest being in w.
    """

    a: Array
    c: Array
    ww: Array
    beyond: Array

    def mean_square(self, mean: Array, square: Array) -> Array:
        """Return E[g^2], where the state y has the given mean and mean square."""
        return self.beyond * (self.a**2 + 2 * self.a * self.c * mean + self.c**2 * square) + self.ww

    def filled(self, size: Array, mean: Array, square: Array) -> Gradient:
        """Return the same a and c with as much noise as brings the mean square to `size`."""
        directed = self.mean_square(mean, square) - self.ww
        return Gradient(self.a, self.c, np.maximum(size - directed, 0.0), self.beyond)

    def at(self, square: Array, chance: Array | float, size: Array) -> Gradient:
        """Return this gradient at a state of mean square `square`, divided so that a mean square of `size` becomes 1.

        `chance` is 1/n, what any direction has.
        """
        along = self.c**2 * square
        beyond = np.where(along > chance * self.ww, 1 - _ratio(chance * self.ww, along), 0.0)
        root = np.sqrt(size)
        return Gradient(self.a / root, self.c / root, self.ww / size, beyond)


def backward(recipe: Recipe, blocks: list[Block], along_state: Array, chance: float) -> Array:
    """Return ln E[g^2] at the input and at each layer's output, relative to the last one's; [layers + 1, samples].

    Minus infinity where nothing arrives. The gradient begins with `along_state` [samples] times as much of its square
    along the last state as a random direction has, which is `chance`: 1/n for n units, 0 in the limit of infinite
    width.
    """
    square = blocks[-1].out_square
    zero = np.zeros_like(square)
    share = np.minimum(along_state * chance, 1.0)
    c = np.sqrt(_ratio(share, square))
    # so that together with what lies along the state beyond chance it is 1
    ww = np.where((share > chance) & (square > 0), (1 - share) / (1 - chance), 1.0)
    through = _through_highway if recipe.highway else _through_block
    logarithm = zero
    result = [logarithm]
    with np.errstate(divide="ignore", over="ignore"):
        at = Gradient(zero, c, ww, zero).at(square, chance, zero + 1)
        for block in reversed(blocks):
            below, inside = through(recipe, block, at)
            for layer, gradient in zip(reversed(block.layers[1:]), inside, strict=True):
                result.append(logarithm + np.log(gradient.mean_square(layer.mean, layer.square)))
            size = below.mean_square(block.mean, block.square)
            logarithm = logarithm + np.log(size)
            result.append(logarithm)
            # carried as a logarithm, so that a thousand layers neither underflow nor overflow
            at = below.at(block.square, chance, np.where(size > 0, size, 1.0))
    return np.array(result[::-1])


def _through_block(recipe: Recipe, block: Block, at: Gradient) -> tuple[Gradient, list[Gradient]]:
    """Bring a gradient back over identity * x + scale * F(x); return it at x, and inside the branch."""
    i, s = recipe.identity, recipe.scale
    # at the branch's own result f the gradient is s (a + i c x + s c f + w), and x is independent of f
    x_spread = np.maximum(block.square - block.mean**2, 0.0)
    x_noise, f_noise = i * at.beyond * at.c**2 * x_spread, at.beyond * (s * at.c) ** 2
    branch = Gradient(s * (at.a + i * at.c * block.mean), s * s * at.c, s * s * (at.ww + x_noise), at.beyond)
    branch, inside = _through_branch(recipe, block, branch)
    # along the identity, f is a mean and noise independent of x
    f_mean, f_square = block.layers[-1].out_mean, block.layers[-1].out_square
    below = Gradient(
        i * (at.a + s * at.c * f_mean) + branch.a,
        i * at.c + branch.c,
        i * (at.ww + f_noise * np.maximum(f_square - f_mean**2, 0.0)) + branch.ww,
        at.beyond,
    )
    return below, inside


def _through_highway(recipe: Recipe, block: Block, at: Gradient) -> tuple[Gradient, list[Gradient]]:
    """Bring a gradient back over T F(x) + (1 - T) x, with a gate T of its own weights.

    Where T^2 meets g^2 they are taken as independent, which they are but for the share of g along the state.
    """
    gate = block.gate
    assert gate is not None
    f_mean, f_square = block.layers[-1].out_mean, block.layers[-1].out_square
    x_mean, x_square = block.mean, block.square
    size = at.mean_square(block.out_mean, block.out_square)
    open_, mixed, shut = gate.ff, gate.f - gate.ff, 1 - 2 * gate.f + gate.ff
    into = Gradient(gate.f * at.a + mixed * at.c * x_mean, open_ * at.c, at.ww, at.beyond)
    branch, inside = _through_branch(recipe, block, into.filled(open_ * size, f_mean, f_square))
    past = Gradient((1 - gate.f) * at.a + mixed * at.c * f_mean, shut * at.c, at.ww, at.beyond)
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
        at.beyond,
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
    directed = at.a**2 * over.dd + 2 * at.a * at.c * over.ddf + at.c**2 * over.ddff
    along = share * (at.a * over.td + at.c * over.tdf)
    if recipe.normalization != "none":
        spread, mean = np.sqrt(layer.variance) * layer.rescale, layer.shown_mean
        level = at.a * over.d + at.c * over.df
        # the component along the normalised pre-activation u is taken out, and with layer normalisation the mean
        along_u = mean * level + spread * (at.a * over.td + at.c * over.tdf)
        directed = directed - along_u**2 - (level**2 if recipe.normalization == "layer" else 0.0)
        along = (along - along_u * share * spread) * layer.rescale
    c = _ratio(along, layer.square)
    ww = layer.sigma_w2 * layer.rescale**2 * (at.beyond * np.maximum(directed, 0.0) + at.ww * over.dd)
    if recipe.orthogonal:
        # lengths are kept: what W x took is not there twice
        ww = np.maximum(ww - at.beyond * c**2 * layer.square, 0.0)
    return Gradient(np.zeros_like(c), c, ww, at.beyond)


def _through_pre_activation(recipe: Recipe, layer: Layer, at: Gradient) -> Gradient:
    """Bring a gradient back through W act(norm(x)) + b, x Gaussian over the units."""
    over, beta = layer.over, layer.bias_mean
    # W^T g = e f + something independent of f: W f is known from the forward pass
    e = at.c * layer.sigma_w2
    beside = layer.sigma_w2 * at.mean_square(np.full_like(e, beta), layer.out_square)
    if recipe.orthogonal:
        beside = np.maximum(beside - at.beyond * e**2 * over.ff, 0.0)
    # phi' e f as a line over x and a remainder
    level, slope = e * over.df, e * over.tdf
    remainder = at.beyond * np.maximum(e**2 * over.ddff - level**2 - slope**2, 0.0)
    if recipe.normalization != "none":
        spread, mean = np.sqrt(layer.variance) * layer.rescale, layer.shown_mean
        along_u = mean * level + spread * slope
        level = level - along_u * mean if recipe.normalization == "rms" else np.zeros_like(level)
        slope = slope - along_u * spread
    c = _ratio(slope, np.sqrt(layer.variance)) * layer.rescale
    a = level * layer.rescale - c * layer.mean
    return Gradient(a, c, (beside * over.dd + remainder) * layer.rescale**2, at.beyond)


def _ratio(above: Array | float, below: Array) -> Array:
    """Return above / below, and 0 where there is nothing below."""
    return np.asarray(above / np.where(below > 0, below, np.inf))
