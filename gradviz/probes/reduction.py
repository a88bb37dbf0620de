"""Sums and norms per layer that neither underflow nor overflow.

A float32 L2 norm squares first and reads exactly 0 below about 1e-22; accumulated in float64 it is right down to the
smallest float32 and below.
"""

from __future__ import annotations

import torch
from torch import Tensor

# float64 copies of this many numbers stay in a core's cache: half the time of converting everything at once
SLICE_NUMBERS = 1 << 18


def norms(x: Tensor) -> Tensor:
    """Return the L2 norm of each x[layer], float64 [layers]."""
    return sums_and_norms(x, sums=False)[1]


def sums_and_norms(x: Tensor, *, sums: bool = True) -> tuple[Tensor, Tensor]:
    """Return the sum (if asked for) and the L2 norm of each x[layer], float64 [layers] each.

    On a device without float64 the norm is taken after division by the largest magnitude, in the precision of `x`.
    """
    rows = x.reshape(x.shape[0], -1)
    if x.device.type == "mps":
        return rows.sum(1), _scaled_norms(rows)
    if x.device.type != "cpu" or x.dtype == torch.float64:
        norm = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64)
        return (rows.sum(1, dtype=torch.float64) if sums else norm), norm
    return _sliced(rows, sums)


def _sliced(rows: Tensor, sums: bool) -> tuple[Tensor, Tensor]:
    total = torch.empty(len(rows), dtype=torch.float64)
    norm = torch.empty_like(total)
    height = max(1, SLICE_NUMBERS // max(rows.shape[1], 1))
    scratch = torch.empty(min(height, len(rows)), rows.shape[1], dtype=torch.float64)
    for first in range(0, len(rows), height):
        part = rows[first : first + height]
        wide = scratch[: len(part)]
        wide.copy_(part)
        torch.linalg.vector_norm(wide, dim=1, out=norm[first : first + height])
        if sums:
            torch.sum(wide, 1, out=total[first : first + height])
    return total, norm


def _scaled_norms(rows: Tensor) -> Tensor:
    largest = rows.abs().amax(1, keepdim=True)
    unit = rows / torch.where(largest > 0, largest, torch.ones_like(largest))
    norm: Tensor = torch.linalg.vector_norm(unit, dim=1)
    return norm * largest.squeeze(1)
