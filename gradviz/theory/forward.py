"""Forward: the first two moments of state and pre-activation, layer by layer, for several samples at once.

Poole et al. 2016 (1606.05340) for plain stacks, Yang & Schoenholz 2017 (1712.08969) for shortcuts. Beside the mean
square of a state its mean over the units is followed: where an activation's mean is not zero, shortcuts add it up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array, named_curve
from gradviz.theory.gaussian import Averages, averages
from gradviz.theory.recipe import GATE_BIAS, GATE_SIGMA_W2, NORMALIZATION_EPSILON, Recipe


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; all arrays [samples].

    `sigma_w2`, `sigma_b2`, `bias_mean` are the recipe's, or 0 in a silent layer. `mean` and `square` are of the state
    that enters, over the units; `inner_mean` and `variance` of the pre-activation. `rescale` is the factor that
    normalisation puts on that and `shown_mean` the mean it leaves; `over` averages over what then enters the
    activation. `out_mean` and `out_square` are of the layer's own result, before any shortcut joins.
    """

    sigma_w2: float
    sigma_b2: float
    bias_mean: float
    mean: Array
    square: Array
    inner_mean: Array
    variance: Array
    rescale: Array
    shown_mean: Array
    over: Averages
    out_mean: Array
    out_square: Array

    @property
    def inner_square(self) -> Array:
        """Second moment of the pre-activation, q in the literature."""
        return self.variance + self.inner_mean**2


@dataclass(frozen=True, slots=True)
class Block:
    """The layers under one shortcut, the state that enters (`mean`, `square`) and the one that leaves (`out_...`).

    `gate` averages over the gate T = sigmoid(...) of a highway block: its `f` is T, its `d` is T'.
    """

    layers: list[Layer]
    mean: Array
    square: Array
    out_mean: Array
    out_square: Array
    gate: Averages | None


def forward(recipe: Recipe, input_square: Array) -> list[Block]:
    """Follow samples whose first state has the mean squares `input_square` [samples] and mean 0 through all layers."""
    mean, square = np.zeros_like(input_square), input_square
    blocks = []
    known: Layer | None = None
    for indices in recipe.blocks:
        inner_mean, inner_square = mean, square
        layers: list[Layer] = []
        for index in indices:
            silent = recipe.silent_ends and index == indices[-1]
            if silent or known is None or not _holds(known, inner_mean, inner_square):
                known = _layer(recipe, inner_mean, inner_square, silent)
            layers.append(known)
            inner_mean, inner_square = known.out_mean, known.out_square
        block = _joined(recipe, layers, mean, square)
        blocks.append(block)
        mean, square = block.out_mean, block.out_square
    return blocks


def _holds(known: Layer, mean: Array, square: Array) -> bool:
    """Say whether a layer's averages are the next one's too: most plain stacks settle."""
    return known.sigma_w2 > 0 and bool(
        np.all(np.abs(known.square - square) <= 1e-13 * square)
        and np.all(np.abs(known.mean - mean) <= 1e-13 * np.abs(mean))
    )


def _layer(recipe: Recipe, mean: Array, square: Array, silent: bool) -> Layer:
    on = 0.0 if silent else 1.0
    sigma_w2, sigma_b2, bias_mean = on * recipe.sigma_w2, on * recipe.sigma_b2, on * recipe.bias_mean
    if recipe.pre_activation:
        inner_mean, variance = mean, np.maximum(square - mean**2, 0.0)
    else:
        inner_mean, variance = np.full_like(mean, bias_mean), sigma_w2 * square + sigma_b2
    rescale, shown_mean = _normalised(recipe.normalization, inner_mean, variance)
    over = averages(recipe.curve, shown_mean, variance * rescale**2)
    if recipe.pre_activation:
        out_mean = np.full_like(mean, bias_mean)
        out_square = sigma_w2 * over.ff + sigma_b2 + out_mean**2
    else:
        out_mean, out_square = over.f, over.ff
    return Layer(
        sigma_w2, sigma_b2, bias_mean,
        mean, square, inner_mean, variance, rescale, shown_mean,
        over, out_mean, out_square,
    )  # fmt: skip


def _joined(recipe: Recipe, layers: list[Layer], mean: Array, square: Array) -> Block:
    """Return the block whose branch ends with the last of `layers`; F is independent of x, unit by unit."""
    f_mean, f_square = layers[-1].out_mean, layers[-1].out_square
    if not recipe.highway:
        i, s = recipe.identity, recipe.scale
        out_mean = i * mean + s * f_mean
        out_square = i * square + 2 * i * s * mean * f_mean + s**2 * f_square
        return Block(layers, mean, square, out_mean, out_square, None)
    gate = averages(named_curve("sigmoid"), GATE_BIAS, GATE_SIGMA_W2 * square)
    out_mean = gate.f * f_mean + (1 - gate.f) * mean
    both, shut = gate.f - gate.ff, 1 - 2 * gate.f + gate.ff
    out_square = gate.ff * f_square + shut * square + 2 * both * mean * f_mean
    return Block(layers, mean, square, out_mean, out_square, gate)


def _normalised(kind: str, mean: Array, variance: Array) -> tuple[Array, Array]:
    """Return the factor that normalisation puts on its input, and the mean it leaves."""
    if kind == "layer":
        return 1 / np.sqrt(variance + NORMALIZATION_EPSILON), np.zeros_like(mean)
    if kind == "rms":
        rescale = 1 / np.sqrt(variance + mean**2 + NORMALIZATION_EPSILON)
        return rescale, mean * rescale
    return np.ones_like(mean), mean
