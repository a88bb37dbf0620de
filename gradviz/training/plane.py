"""Points in the plane, generated: problems whose solution a person can see.

Each generator returns (points [samples, 2], labels [samples]) for a number of samples and a standard deviation of
Gaussian noise added to both coordinates.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = tuple[NDArray[np.float64], NDArray[np.int64]]

INNER_CIRCLE = 0.5
SPIRAL_TURNS = 1.5
XOR_GAP = 0.1
BLOB_SPREAD = 0.4


def _halves(samples: int) -> tuple[int, int]:
    return samples // 2, samples - samples // 2


def _labels(first: int, second: int) -> NDArray[np.int64]:
    return np.repeat(np.array([0, 1]), [first, second])


def _noisy(points: NDArray[np.float64], noise: float, rng: np.random.Generator) -> NDArray[np.float64]:
    return points + noise * rng.standard_normal(points.shape)


def moons(samples: int, noise: float, rng: np.random.Generator) -> Points:
    """Two interleaving half circles of radius 1."""
    upper, lower = _halves(samples)
    a, b = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
    arcs = [np.stack([np.cos(a), np.sin(a)], 1), np.stack([1 - np.cos(b), 0.5 - np.sin(b)], 1)]
    return _noisy(np.concatenate(arcs), noise, rng), _labels(upper, lower)


def circles(samples: int, noise: float, rng: np.random.Generator) -> Points:
    """A circle of radius 1 around one of radius 1/2."""
    outer, inner = _halves(samples)
    a = np.linspace(0, 2 * np.pi, outer, endpoint=False)
    b = np.linspace(0, 2 * np.pi, inner, endpoint=False)
    rings = [np.stack([np.cos(a), np.sin(a)], 1), INNER_CIRCLE * np.stack([np.cos(b), np.sin(b)], 1)]
    return _noisy(np.concatenate(rings), noise, rng), _labels(outer, inner)


def spirals(samples: int, noise: float, rng: np.random.Generator) -> Points:
    """Two arms of a spiral, wound one and a half times; the hardest of these problems for a shallow network."""
    parts = []
    for arm, count in enumerate(_halves(samples)):
        along = np.linspace(0.05, 1, count)
        angle = 2 * np.pi * SPIRAL_TURNS * along + np.pi * arm
        parts.append(along[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1))
    # the arms lie 1/3 apart: noise of 1 would leave nothing to learn
    return _noisy(np.concatenate(parts), noise / 4, rng), _labels(*_halves(samples))


def xor(samples: int, noise: float, rng: np.random.Generator) -> Points:
    """Four quadrants; the label says whether the coordinates' signs differ."""
    signs = rng.choice([-1.0, 1.0], (samples, 2))
    signs[:4] = [[1, 1], [1, -1], [-1, 1], [-1, -1]]
    points = signs * rng.uniform(XOR_GAP, 1, (samples, 2))
    return _noisy(points, noise, rng), (signs[:, 0] * signs[:, 1] < 0).astype(np.int64)


def gaussian(samples: int, noise: float, rng: np.random.Generator) -> Points:
    """Two round clouds at (-1, -1) and (1, 1)."""
    first, second = _halves(samples)
    centres = np.repeat(np.array([[-1.0, -1.0], [1.0, 1.0]]), [first, second], axis=0)
    return _noisy(_noisy(centres, BLOB_SPREAD, rng), noise, rng), _labels(first, second)


GENERATORS: dict[str, Callable[[int, float, np.random.Generator], Points]] = {
    "moons": moons,
    "circles": circles,
    "spirals": spirals,
    "xor": xor,
    "gaussian": gaussian,
}
