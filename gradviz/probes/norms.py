"""Sums and norms per layer that neither underflow nor overflow.

A float32 L2 norm squares first and reads exactly 0 below about 1e-22; accumulated in float64 it is right down to the
smallest float32 and below. On the CPU float64 costs four times as much, so there float32 goes first, and every layer
whose squares may have left its range is done again in float64. Numbers that are float64 themselves are scaled.
"""

from __future__ import annotations

import threading

import torch
from torch import Tensor

from gradviz.network.stack.layer_chunks import layer_slices

# of up to this many squares a float32 sum is right to 1e-4, in the worst case: 3e-5 of a decade
MOST_QUICK_NUMBERS = 1 << 14
# within these a float32 norm lost no square that counts, and none overflowed
SURE_NORMS = (1e-12, 1e15)
# a spread is what is left of the squares without the mean; where nearly nothing is left, float32 is too coarse
LARGEST_SURE_MEAN_SHARE = 0.9


class _Scratch(threading.local):
    """Room for the float64 copies of one thread, kept: memory that is new at every step costs more than the norms."""

    numbers: Tensor | None = None

    def rows(self, height: int, width: int) -> Tensor:
        """Return float64 [height, width], overwritten by the next call."""
        if self.numbers is None or self.numbers.numel() < height * width:
            self.numbers = torch.empty(height * width, dtype=torch.float64)
        return self.numbers[: height * width].view(height, width)


_scratch = _Scratch()


def norms(x: Tensor) -> Tensor:
    """Return the L2 norm of each x[layer], float64 [layers]."""
    return sums_and_norms(x, sums=False)[1]


def sums_and_norms(x: Tensor, *, sums: bool = True) -> tuple[Tensor, Tensor]:
    """Return the sum (if asked for) and the L2 norm of each x[layer], float64 [layers] each.

    They are exact enough for the standard deviation that follows from them. On a device without float64, and for
    float64 numbers, the norm is taken after division by the largest magnitude, in the precision of `x`.
    """
    rows = x.reshape(x.shape[0], -1)
    if x.device.type == "mps":
        return rows.sum(1), _scaled_norms(rows)
    if x.dtype == torch.float64:
        norm = _scaled_norms(rows)
        return (rows.sum(1) if sums else norm), norm
    if x.device.type != "cpu":
        norm = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
        return (rows.sum(1, dtype=torch.float64) if sums else norm), norm
    return _quick(rows, sums) if rows.shape[1] <= MOST_QUICK_NUMBERS else _sliced(rows, sums)


def _quick(rows: Tensor, sums: bool) -> tuple[Tensor, Tensor]:
    norm = torch.linalg.vector_norm(rows, dim=1).double()
    total = rows.sum(1).double() if sums else norm
    sure = (norm > SURE_NORMS[0]) & (norm < SURE_NORMS[1])
    if sums:
        sure &= total.square() <= norm.square() * (LARGEST_SURE_MEAN_SHARE * rows.shape[1])
    if not sure.all():
        unsure = torch.nonzero(~sure).squeeze(1)
        exact_total, exact_norm = _sliced(rows if len(unsure) == len(rows) else rows[unsure], sums)
        norm.index_copy_(0, unsure, exact_norm)
        if sums:
            total.index_copy_(0, unsure, exact_total)
    return total, norm


def _sliced(rows: Tensor, sums: bool) -> tuple[Tensor, Tensor]:
    total = torch.empty(len(rows), dtype=torch.float64)
    norm = torch.empty_like(total)
    for layers in layer_slices(rows):
        # half the time of converting everything at once
        wide = _scratch.rows(layers.stop - layers.start, rows.shape[1])
        wide.copy_(rows[layers])
        torch.linalg.vector_norm(wide, dim=1, out=norm[layers])
        if sums:
            torch.sum(wide, 1, out=total[layers])
    return total, norm


def _scaled_norms(rows: Tensor) -> Tensor:
    largest = rows.abs().amax(1)
    # nothing is divided by zero or by infinity: the norm of such a row is its largest magnitude
    divisor = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
    norm: Tensor = torch.linalg.vector_norm(rows / divisor[:, None], dim=1) * divisor
    return norm
