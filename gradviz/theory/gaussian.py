"""Averages over Gaussian pre-activations: E[f(z)] for z ~ N(mean, variance), to about 1e-12.

Gauss-Legendre on panels of the number line rather than Gauss-Hermite on all of it: the panels meet where the
activation bends (at z = 0, whatever its width on the scale of z's spread), so that kinks cost no accuracy and one rule
serves variances from 0 to 1e12 alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gradviz.theory.activations import Array, Curve

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
# standard deviations; what lies beyond 9 has a probability of 2e-19
_SPREAD_EDGES = np.arange(-9.0, 10.0, 2.0)
# in units of z: every activation is straight or flat to the last bit beyond 32
_BEND_EDGES = np.array([-32.0, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32])


def nodes(mean: Array | float, variance: Array | float) -> tuple[Array, Array, Array]:
    """Return z, t = (z - mean) / deviation, and weights that sum to 1; each [..., nodes]."""
    deviation = np.sqrt(np.asarray(variance, dtype=np.float64))[..., None]
    mean = np.broadcast_to(np.asarray(mean, dtype=np.float64)[..., None], deviation.shape)
    # where nothing spreads every node is the mean itself
    with np.errstate(over="ignore"):
        bends = np.clip((_BEND_EDGES - mean) / np.maximum(deviation, 1e-300), -9.0, 9.0)
    spread = np.broadcast_to(_SPREAD_EDGES, (*deviation.shape[:-1], len(_SPREAD_EDGES)))
    edges = np.sort(np.concatenate([spread, bends], axis=-1), axis=-1)
    half = np.diff(edges)[..., None] / 2
    t = ((edges[..., 1:] + edges[..., :-1])[..., None] / 2 + half * _NODES).reshape(*deviation.shape[:-1], -1)
    weights = (half * _WEIGHTS).reshape(t.shape) * np.exp(-0.5 * t * t) / math.sqrt(2 * math.pi)
    return mean + deviation * t, t, weights


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages of products of f = phi(z), d = phi'(z) and t = (z - mean) / deviation; each [samples].

    `ddff` is E[d^2 f^2], `tdf` E[t d f], and so on. The `_v` and `_vv` are first and second derivatives with respect
    to the variance of z.
    """

    f: Array
    ff: Array
    ffff: Array
    d: Array
    df: Array
    dd: Array
    ddf: Array
    ddff: Array
    dddd: Array
    td: Array
    tdf: Array
    tdd: Array
    ttdd: Array
    ff_v: Array
    ff_vv: Array
    dd_v: Array
    dd_vv: Array


def averages(curve: Curve, mean: Array | float, variance: Array) -> Averages:
    """Take all averages of an activation at once; `variance` [samples]."""
    z, t, weights = nodes(mean, variance)
    f, d = curve.value(z), curve.slope(z)
    ff, dd, df = f * f, d * d, d * f
    wt = weights * t
    # d/dv E[g(z)] = E[g(z) (t^2 - 1)] / 2v, and so on through the Hermite polynomials
    v = np.maximum(variance, 1e-150)
    w2, w4 = weights * (t * t - 1), weights * (t**4 - 6 * t * t + 3)

    def mean_of(values: Array, weight: Array = weights) -> Array:
        return np.asarray(np.einsum("...n,...n->...", values, weight))

    return Averages(
        f=mean_of(f),
        ff=mean_of(ff),
        ffff=mean_of(ff * ff),
        d=mean_of(d),
        df=mean_of(df),
        dd=mean_of(dd),
        ddf=mean_of(dd * f),
        ddff=mean_of(dd * ff),
        dddd=mean_of(dd * dd),
        td=mean_of(d, wt),
        tdf=mean_of(df, wt),
        tdd=mean_of(dd, wt),
        ttdd=mean_of(dd, wt * t),
        ff_v=mean_of(ff, w2) / (2 * v),
        ff_vv=mean_of(ff, w4) / (4 * v * v),
        dd_v=mean_of(dd, w2) / (2 * v),
        dd_vv=mean_of(dd, w4) / (4 * v * v),
    )
