"""What is drawn of a network where, as data: how many rows a node stands for, and which shortcuts an arc."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.experiment.rows import Span
from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import EXACTLY_ZERO, NOT_FINITE

Indices = NDArray[np.uint8]
# nodes and arcs stay so far apart that they can be told from each other
NODE_PX, ARC_PX = 6.0, 9.0
# what a node of several rows shows, as soon as one of them does; before anything on the scale
TELLING = (NOT_FINITE, EXACTLY_ZERO)


@dataclass(frozen=True, slots=True)
class Part:
    """A node or an arc: the rows from `first` to `last`, the index of its colour, and its `share` of the scale."""

    first: int
    last: int
    colour: int
    share: float

    @property
    def rows(self) -> int:
        """How many rows it stands for."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity at one step.

    `indices` [rows] of colours, `shares` [rows] of the scale, 0 where none holds, and `values` [rows], minus infinity
    where there is none.
    """

    indices: Indices
    shares: NDArray[np.float64]
    values: NDArray[np.float64]


def column_of(
    values: NDArray[np.floating[Any]], measured: NDArray[np.bool_], limits: tuple[float, float], *, logarithmic: bool
) -> Column:
    """Return how `values` [rows] are drawn on a scale with these ends, where they were `measured` [rows]."""
    low, high = limits
    indices = quantize(values[None], measured[None], low, high, logarithmic=logarithmic)[0]
    with np.errstate(invalid="ignore"):
        shares = np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0)
    holds = np.isfinite(values) & measured
    return Column(indices, np.where(holds, shares, 0.0), np.where(holds, values, -np.inf))


def nodes_of(column: Column, pixels_per_row: float, first: int, last: int) -> list[Part]:
    """Return the nodes of the rows from `first` to `last`: one for each, or for as many as share NODE_PX pixels.

    A node of several rows shows the largest of them, unless one is exactly zero or not a number.
    """
    rows = column.indices.size
    each = min(max(int(np.ceil(NODE_PX / max(pixels_per_row, 1e-9))), 1), rows)
    # the same rows share a node wherever the view begins
    begin, end = (first - 1) // each, -(-last // each)
    starts = np.arange(begin * each, end * each, each)
    # the last node may have fewer rows: it counts its last one several times
    members = np.minimum(starts[:, None] + np.arange(each), rows - 1)
    largest = members[np.arange(starts.size), column.values[members].argmax(axis=1)]
    colours = column.indices[largest].copy()
    for state in reversed(TELLING):
        colours[(column.indices[members] == state).any(axis=1)] = state
    parts = zip(starts.tolist(), colours.tolist(), column.shares[largest].tolist(), strict=True)
    return [Part(start + 1, min(start + each, rows), colour, share) for start, colour, share in parts]


def groups_of(spans: Sequence[Span], pixels_per_row: float, first: int, last: int) -> list[tuple[int, int, int]]:
    """Return the arcs that reach into the rows from `first` to `last`: their ends, and how many shortcuts each is.

    Neighbours that are too low to be told apart become one.
    """
    rows = ARC_PX / max(pixels_per_row, 1e-9)
    groups: list[list[int]] = []
    for begin, end in spans:
        if end < first or begin > last:
            continue
        if groups and groups[-1][1] - groups[-1][0] + 1 < rows and begin == groups[-1][1] + 1:
            groups[-1][1] = end
            groups[-1][2] += 1
        else:
            groups.append([begin, end, 1])
    return [(begin, end, count) for begin, end, count in groups]


def arc_of(column: Column, first: int, last: int) -> Part:
    """Return an arc past these rows, in the colour of the one at which it joins."""
    return Part(first, last, int(column.indices[last - 1]), float(column.shares[last - 1]))
