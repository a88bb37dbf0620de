"""Ordered, critical or chaotic: where a stack settles, and how deep a signal reaches.

Poole et al. 2016 (1606.05340) and Schoenholz et al. 2017, "Deep Information Propagation" (1611.01232), who find that
plain networks can be trained to about six times the depth scale of their correlations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gradviz.theory.activations import Array
from gradviz.theory.forward import forward
from gradviz.theory.gaussian import averages, nodes
from gradviz.theory.recipe import Recipe

PhaseName = Literal["ordered", "critical", "chaotic"]

TRAINABLE_DEPTH_SCALES = 6.0
# a network is called critical if its gradient needs more layers than this to change by a factor of e
CRITICAL_DEPTH_SCALE = 1e4

# variances between which a fixed point is looked for; beyond them lie 0 and infinity
_SMALLEST, _LARGEST = 1e-12, 1e12
_SETTLED = 1e-12
_HALVINGS = 45
_HERMITE_TERMS = 200


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a network lies.

    `depth_scale` is -1 / ln(chi): positive where gradients fade, infinite at the edge, negative where they grow.
    `correlation_depth_scale` is the number of layers over which the correlation of two inputs approaches its fixed
    point by a factor of e: in the ordered phase the gradient's own (also where a signal dies out and only that is
    left), None where it is not known. `trainable_depth` is None where the theory sets no limit or has not been tried:
    at the edge, with normalisation, with shortcuts.
    """

    name: PhaseName
    chi_fixed_point: float | None
    depth_scale: float
    correlation_depth_scale: float | None = None
    trainable_depth: float | None = None


def plain_phase(recipe: Recipe, input_square: float) -> Phase:
    """Return the phase of a stack without shortcuts, from the fixed point that its pre-activations settle at."""
    if recipe.normalization != "none":
        settled = forward(replace(recipe, depth=50), np.array([input_square]))[-1].layers[0]
        chi = float((settled.sigma_w2 * settled.over.dd * settled.rescale**2)[0])
        return Phase(_name(chi), chi, _depth_scale(chi))
    variance = fixed_variance(recipe, recipe.sigma_w2 * input_square + recipe.sigma_b2)
    chi = recipe.sigma_w2 * _dd(recipe, variance)
    name, scale = _name(chi), _depth_scale(chi)
    if name == "critical":
        return Phase(name, chi, scale, math.inf)
    correlation = scale if name == "ordered" else _correlation_depth_scale(recipe, variance)
    return Phase(name, chi, scale, correlation, None if correlation is None else TRAINABLE_DEPTH_SCALES * correlation)


def shortcut_phase(log_change: float, depth: int) -> Phase:
    """Return the phase of a network with shortcuts, which settles nowhere, from what becomes of its gradient.

    `log_change` is ln of the mean square at the input relative to the last layer's. It counts as critical if that is
    less than a factor of e over the whole network.
    """
    if abs(log_change) <= 1:
        return Phase("critical", None, math.inf if log_change == 0 else -depth / log_change)
    return Phase("chaotic" if log_change > 0 else "ordered", None, -depth / log_change)


def fixed_variance(recipe: Recipe, start: float) -> float:
    """Return the variance of the pre-activations, around their mean, that a plain stack comes to from `start`.

    0 and infinity are returned as the smallest and the largest variance that are looked at.
    """
    variance = start
    for _ in range(100):
        following = _next(recipe, variance)
        if abs(following - variance) <= _SETTLED * variance:
            return following
        variance = min(max(following, _SMALLEST), _LARGEST)
    return _root_from(recipe, variance, 2.0 if _next(recipe, variance) > variance else 0.5)


def _root_from(recipe: Recipe, inside: float, step: float) -> float:
    """Follow the map's direction by factors of `step` until it turns, and halve the interval."""
    outside = inside
    while (_next(recipe, outside) > outside) == (step > 1):
        inside, outside = outside, outside * step
        if not _SMALLEST < outside < _LARGEST:
            return min(max(outside, _SMALLEST), _LARGEST)
    for _ in range(_HALVINGS):
        middle = math.sqrt(inside * outside)
        if (_next(recipe, middle) > middle) == (step > 1):
            inside = middle
        else:
            outside = middle
    return inside


def _next(recipe: Recipe, variance: float) -> float:
    over = averages(recipe.curve, recipe.bias_mean, np.array(variance))
    return recipe.sigma_w2 * float(over.ff) + recipe.sigma_b2


def _dd(recipe: Recipe, variance: float) -> float:
    return float(averages(recipe.curve, recipe.bias_mean, np.array(variance)).dd)


def _name(chi: float) -> PhaseName:
    if abs(_depth_scale(chi)) > CRITICAL_DEPTH_SCALE:
        return "critical"
    return "ordered" if chi < 1 else "chaotic"


def _depth_scale(chi: float) -> float:
    if chi == 0:
        return 0.0
    logarithm = math.log(chi)
    return math.inf if abs(logarithm) < 1 / (100 * CRITICAL_DEPTH_SCALE) else -1 / logarithm


def _correlation_depth_scale(recipe: Recipe, variance: float) -> float | None:
    """Return -1 / ln of the slope of the correlation map at its fixed point below 1 (Schoenholz et al., eq. 9)."""
    if variance >= _LARGEST:
        return None
    # E[phi(u) phi(v)] of two pre-activations of correlation c is the sum of a_k^2 c^k, a_k phi's Hermite coefficients
    powers = np.arange(_HERMITE_TERMS)
    squares = _hermite_coefficients(recipe, variance) ** 2
    correlation = 0.0
    for _ in range(10_000):
        following = (recipe.sigma_w2 * float(squares @ correlation**powers) + recipe.sigma_b2) / variance
        if abs(following - correlation) < _SETTLED:
            break
        correlation = min(following, 1.0)
    if correlation > 1 - 1e-6:
        return None
    slope = recipe.sigma_w2 / variance * float((squares * powers)[1:] @ correlation ** powers[:-1])
    return -1 / math.log(slope) if 0 < slope < 1 else None


def _hermite_coefficients(recipe: Recipe, variance: float) -> Array:
    """Return E[phi(mean + deviation t) h_k(t)] for the normalised Hermite polynomials h_k."""
    z, t, weights = nodes(recipe.bias_mean, np.array(variance))
    values = weights * recipe.curve.value(z)
    before, polynomial = np.zeros_like(t), np.ones_like(t)
    result = []
    for k in range(_HERMITE_TERMS):
        result.append(float(values @ polynomial))
        before, polynomial = polynomial, (t * polynomial - math.sqrt(k) * before) / math.sqrt(k + 1)
    return np.array(result)
