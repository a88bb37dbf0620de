"""The heatmap as an array of colour indices, kept up to date by quantising nothing twice."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradviz.plots.heatmaps.quantize import quantize
from gradviz.plots.parts.colour_indices import NOT_YET, SOME_ZERO
from gradviz.plots.parts.limits import Span
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History, Window
from gradviz.recording.source import Summary


@dataclass(frozen=True, slots=True)
class Grid:
    """Which steps the columns of a picture stand for: column c for `stride` steps from `(first + c) * stride` on.

    What is shown of several steps is their `summary`.
    """

    first: int
    columns: int
    stride: int
    summary: Summary = "largest"

    @classmethod
    def covering(
        cls, low: float, high: float, pixels: int, frames: int, every: int = 1, summary: Summary = "largest"
    ) -> Grid:
        """Return the grid of at most about `pixels` columns behind the steps `low` to `high`.

        The stride is a power of two, and below the number of `frames`: two columns can always be read. Of a quantity
        that is measured `every` so many steps, each column holds a measurement.
        """
        stride = 1
        while ((high - low) / stride > max(pixels, 2) or stride < every) and 2 * stride < frames:
            stride *= 2
        # the step s reaches from s - 1/2 to s + 1/2
        first = max(math.floor((low + 0.5) / stride), 0)
        end = max(math.ceil((high + 0.5) / stride), first + 1)
        return cls(first, end - first, stride, summary)


class Picture:
    """One quantity of a run over one grid and one pair of limits, as indices uint8 [layers, columns], layer 1 first."""

    def __init__(self, history: History, quantity: Quantity, grid: Grid, limits: Span) -> None:
        self.history = history
        self.quantity = quantity
        self.grid = grid
        self.limits = limits
        self.indices = np.full((len(history.started.rows), grid.columns), NOT_YET, np.uint8)
        self._frames = 0
        self._final = grid.first

    def update(self) -> bool:
        """Quantise what was recorded since the last call, and say whether the picture changed."""
        frames = self.history.frames
        if frames == self._frames:
            return False
        self._frames = frames
        grid, start = self.grid, self._final
        end = min(grid.first + grid.columns, -(-frames // grid.stride))
        if start >= end:
            return False
        window = read_columns(self.history, self.quantity.name, grid, start, end, frames)
        logarithmic = self.quantity.scale == "log10"
        known = window.measured if window.measured_layers is None else window.measured_layers
        indices = quantize(window.values, known, *self.limits, logarithmic=logarithmic)
        if logarithmic and grid.stride > 1:
            indices[self._some_zero(window, start, end, frames)] = SOME_ZERO
        self.indices[:, start - grid.first : end - grid.first] = indices.T
        # the last column may still grow, and is quantised anew until all of its steps are there
        self._final = max(start, min(end, frames // grid.stride))
        return True

    def _some_zero(self, window: Window, start: int, end: int, frames: int) -> NDArray[np.bool_]:
        """Return of which cells [columns, layers] some steps, but not all, were exactly zero.

        The mean of logarithms is minus infinity as soon as one of them is; their maximum only if all are. What is not a
        number outweighs both.
        """
        other: Summary = "mean" if self.grid.summary == "largest" else "largest"
        beside = read_columns(self.history, self.quantity.name, replace(self.grid, summary=other), start, end, frames)
        mean, largest = (window, beside) if self.grid.summary == "mean" else (beside, window)
        return np.isneginf(mean.values) & ~np.isneginf(largest.values)

    def present(self, *wanted: int) -> tuple[int, ...]:
        """Return those of the `wanted` indices that occur in the picture."""
        return tuple(index for index in wanted if (self.indices == index).any())


def read_columns(history: History, name: str, grid: Grid, start: int, end: int, frames: int) -> Window:
    """Return columns of the steps from `start * stride` up to but without `end * stride`, of the first `frames` frames.

    The run may have grown beyond them meanwhile.
    """
    last = min(end * grid.stride, frames) - 1
    return history.window(name, start * grid.stride, last, grid.stride, grid.summary)
