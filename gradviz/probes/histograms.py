"""How numbers are spread: histograms of many rows at once, which stay on their device until they are read."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradviz.network.cache import layers_per_chunk
from gradviz.recording.frame import Distribution, Kind

BINS = 64
# per layer: lower end and width of all bins, what lies below them, the bins, what lies beyond
NUMBERS = BINS + 4
# of a batch no more samples are counted than make a picture of each layer
FEWEST_SAMPLES = 32
ENOUGH_NUMBERS = 1024
LOG10_2 = math.log10(2.0)
# the largest number stays inside the last bin, however the arithmetic rounds
SHRINK = 1.0 - 2.0**-20
# a layer whose numbers are all the same gets bins around them: half as wide as the number is large, or this wide
NARROWEST = 1e-30
WIDTH_AROUND_ZERO = 1.0


class Histograms:
    """Counts the numbers of every layer into even bins, from its smallest finite number to its largest.

    A row of the result is lower end, width of all bins together, numbers below the bins (-inf), BINS counts, and
    numbers beyond (inf and NaN). Of `magnitudes` the log2 is counted; zeros, being -inf, lie below all bins.
    """

    def __init__(self, layers: int, indices: Indices, *, magnitudes: bool = False) -> None:
        self._layers, self._indices, self._magnitudes = layers, indices, magnitudes
        # layers wait here until there are enough of them to be counted at once
        self._rows: Tensor | None = None
        self._waiting = 0
        self._counted: list[Tensor] = []

    def add(self, x: Tensor) -> None:
        """Count in `x` [layers, ...], the layers after those before; their size is always the same."""
        if self._rows is None:
            height = min(layers_per_chunk(x.shape[1:].numel(), x.device), self._layers)
            self._rows = x.new_empty(height, *x.shape[1:])
        while len(x):
            room = self._rows[self._waiting : self._waiting + len(x)]
            torch.abs(x[: len(room)], out=room) if self._magnitudes else room.copy_(x[: len(room)])
            x = x[len(room) :]
            self._waiting += len(room)
            if self._waiting == len(self._rows):
                self._count_waiting()

    def take(self) -> Tensor:
        """Return the histograms of all layers that were added, [layers, NUMBERS], and begin anew."""
        if self._waiting:
            self._count_waiting()
        counted, self._counted = self._counted, []
        return torch.cat(counted)

    def _count_waiting(self) -> None:
        assert self._rows is not None, "add comes first"
        rows = self._rows[: self._waiting].flatten(1)
        self._waiting = 0
        if self._magnitudes:
            rows.log2_()
        low, width, all_finite = _bins(rows)
        # halves, because the difference of two numbers may be infinite where neither is
        torch.add(low.to(rows.dtype).mul(-0.5)[:, None], rows, alpha=0.5, out=rows)
        rows.mul_((BINS * 2.0 * SHRINK / width).to(rows.dtype)[:, None])
        if not all_finite:
            # -1 is below all bins, BINS beyond
            rows.nan_to_num_(float(BINS)).clamp_(-1.0, float(BINS))
        counts = _count(self._indices.of(rows), BINS + 2)
        self._counted.append(torch.cat([torch.stack([low, width / SHRINK], 1), counts.to(low.dtype)], 1))


class Indices:
    """A place for bins, kept: new memory costs more than the counting."""

    def __init__(self) -> None:
        self._numbers: Tensor | None = None

    def of(self, rows: Tensor) -> Tensor:
        """Return the integer parts of `rows`, overwritten by the next call."""
        if self._numbers is None or self._numbers.numel() < rows.numel():
            self._numbers = rows.new_empty(rows.numel(), dtype=torch.int64)
        return self._numbers[: rows.numel()].view(rows.shape).copy_(rows)


def _count(indices: Tensor, bins: int) -> Tensor:
    """Count how often -1, 0, 1 ... occur in each row of `indices`, which are overwritten; [rows, bins]."""
    first = torch.arange(1, len(indices) * bins, bins, device=indices.device)
    everywhere = indices.add_(first[:, None]).view(-1)
    counts = torch.zeros(len(indices) * bins, dtype=torch.int32, device=indices.device)
    counts.scatter_add_(0, everywhere, counts.new_ones(()).expand(len(everywhere)))
    return counts.view(-1, bins)


def enough(width: int) -> int:
    """Return how many samples are counted of layers of `width` units."""
    return max(FEWEST_SAMPLES, ENOUGH_NUMBERS // width)


def _bins(rows: Tensor) -> tuple[Tensor, Tensor, bool]:
    """Return lower end and width of all bins of each layer, [layers] each, and whether all numbers are surely finite.

    Ends and widths are in the widest precision that there is.
    """
    low, high, all_finite = _finite_ends(rows)
    wide = torch.float32 if rows.device.type == "mps" else torch.float64
    low, high = low.to(wide), high.to(wide)
    width = high - low
    # too narrow to be divided into bins in the precision of the numbers
    alike = ~(width * torch.finfo(rows.dtype).max > 4 * BINS)
    around = torch.where(low.abs() > NARROWEST, low.abs(), WIDTH_AROUND_ZERO)
    return torch.where(alike, low - around / 2, low), torch.where(alike, around, width), all_finite


def _finite_ends(rows: Tensor) -> tuple[Tensor, Tensor, bool]:
    """Return the smallest and the largest finite number of each layer, 0 if there is none; and whether all are finite.

    On a GPU it is quicker not to ask.
    """
    low, high = rows.amin(1), rows.amax(1)
    # anything infinite or NaN in a layer is one of its ends
    if rows.device.type == "cpu" and bool((low.isfinite() & high.isfinite()).all()):
        return low, high, True
    finite = rows.isfinite()
    low = torch.where(finite, rows, torch.inf).amin(1)
    high = torch.where(finite, rows, -torch.inf).amax(1)
    none = low > high
    return low.masked_fill_(none, 0.0), high.masked_fill_(none, 0.0), False


def distribution(kind: Kind, rows: NDArray[np.float64], batch_size: int) -> Distribution:
    """Turn `rows` of `Histograms.take` into what the views draw.

    Gradients are those of one sample's own loss, `batch_size` times what the backward pass of the mean delivers.
    """
    low, width = rows[:, :1], rows[:, 1:2]
    edges = low + width * (np.arange(BINS + 1) / BINS)
    below, counts, beyond = (rows[:, part].astype(np.int64) for part in (2, slice(3, 3 + BINS), 3 + BINS))
    if kind.scale == "log10":
        per_sample = math.log10(batch_size) if kind.name == "gradients" else 0.0
        return Distribution(kind, edges * LOG10_2 + per_sample, counts, zeros=below, not_finite=beyond)
    return Distribution(kind, edges, counts, zeros=np.zeros_like(below), not_finite=below + beyond)
