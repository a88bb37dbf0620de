"""L2 norms, sums and moments that neither underflow nor overflow: of the rows of one tensor, and of many tensors.

A float32 norm squares first and reads exactly 0 below about 1e-22; accumulated in float64 it is right down to the
smallest float32 and below. On the CPU float64 costs three to four times as much, so there float32 goes first, and
whatever has squares that may have left its range is done again in float64. On other devices float64 does all of it.
Numbers that are float64 themselves, and all numbers on a device without float64, are divided by the largest first.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gradviz.network.cache import CACHED_NUMBERS

# Of up to so many squares a float32 sum is right to 1e-5, in the worst case to 5e-4; more are cut into pieces.
LONGEST_PIECE = 1 << 16
# the rows of a stacked tensor are summed by another kernel, of which this many are right to 1e-4 in the worst case
LONGEST_QUICK_ROW = 1 << 14
# within these a float32 norm lost no square that counts, and none overflowed
SURE_NORMS = (1e-12, 1e15)
# a spread is what is left of the squares without the mean; where nearly nothing is left, float32 is too coarse
LARGEST_SURE_MEAN_SHARE = 0.9
HALVES = (torch.float16, torch.bfloat16)
DENSE = {torch.strided}


class _Scratch(threading.local):
    """Room for the float64 copies of one thread, kept: memory that is new at every step costs more than the norms."""

    numbers: Tensor | None = None

    def rows(self, height: int, width: int) -> Tensor:
        """Return float64 [height, width], overwritten by the next call."""
        if self.numbers is None or self.numbers.numel() < height * width:
            self.numbers = torch.empty(height * width, dtype=torch.float64)
        return self.numbers[: height * width].view(height, width)


_scratch = _Scratch()


# the rows of one tensor


def row_norms(x: Tensor) -> Tensor:
    """Return the L2 norm of each x[row], float64 [rows] (float32 where a device has no float64)."""
    return row_sums_and_norms(x, sums=False)[1]


def row_sums_and_norms(x: Tensor, *, sums: bool = True) -> tuple[Tensor, Tensor]:
    """Return the sum (if asked for) and the L2 norm of each x[row], float64 [rows] each.

    They are exact enough for the standard deviation that follows from them.
    """
    rows = x.reshape(x.shape[0], -1)
    wide = wide_dtype(x)
    if x.dtype == torch.float64 or wide != torch.float64:
        norm = scaled_norms(rows)
        return (rows.sum(1) if sums else norm), norm
    if x.device.type != "cpu":
        norm = torch.linalg.vector_norm(rows, dim=1, dtype=wide)
        return (rows.sum(1, dtype=wide) if sums else norm), norm
    return _quick_rows(rows, sums) if rows.shape[1] <= LONGEST_QUICK_ROW else _wide_rows(rows, sums)


def _quick_rows(rows: Tensor, sums: bool) -> tuple[Tensor, Tensor]:
    norm = torch.linalg.vector_norm(rows, dim=1).double()
    total = rows.sum(1).double() if sums else norm
    sure = (norm > SURE_NORMS[0]) & (norm < SURE_NORMS[1])
    if sums:
        sure &= total.square() <= norm.square() * (LARGEST_SURE_MEAN_SHARE * rows.shape[1])
    if not sure.all():
        unsure = torch.nonzero(~sure).squeeze(1)
        exact_total, exact_norm = _wide_rows(rows if len(unsure) == len(rows) else rows[unsure], sums)
        norm.index_copy_(0, unsure, exact_norm)
        if sums:
            total.index_copy_(0, unsure, exact_total)
    return total, norm


def _wide_rows(rows: Tensor, sums: bool) -> tuple[Tensor, Tensor]:
    total = torch.empty(len(rows), dtype=torch.float64)
    norm = torch.empty_like(total)
    height = max(1, CACHED_NUMBERS // max(rows.shape[1], 1))
    for first in range(0, len(rows), height):
        part = slice(first, min(first + height, len(rows)))
        # half the time of converting everything at once
        wide = _scratch.rows(part.stop - first, rows.shape[1])
        wide.copy_(rows[part])
        torch.linalg.vector_norm(wide, dim=1, out=norm[part])
        if sums:
            torch.sum(wide, 1, out=total[part])
    return total, norm


def scaled_norms(rows: Tensor) -> Tensor:
    """Return the norms of `rows` [rows, numbers], each taken after division by its largest magnitude."""
    if not rows.shape[1]:
        return rows.new_zeros(len(rows))
    largest = torch.linalg.vector_norm(rows, math.inf, dim=1)
    # nothing is divided by zero or by infinity: the norm of such a row is its largest magnitude
    divisor = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
    norm: Tensor = torch.linalg.vector_norm(rows / divisor[:, None], dim=1) * divisor
    return norm


# many tensors


class NormsOf:
    """The norms of tensors like those given: as many of them, of the same sizes and dtypes, on one device.

    What can be settled beforehand is: this is called at every step of somebody's training.
    """

    def __init__(self, like: Sequence[Tensor]) -> None:
        self._on_cpu = all(tensor.device.type == "cpu" for tensor in like)
        self._simple = self._on_cpu and all(
            tensor.dtype == torch.float32 and tensor.numel() <= LONGEST_PIECE for tensor in like
        )

    def __call__(self, tensors: Sequence[Tensor]) -> Tensor:
        """Return the L2 norm of each of `tensors`, float64 [tensors] (float32 where a device has no float64)."""
        if not tensors:
            return torch.empty(0, dtype=torch.float64)
        # gradients may be sparse at one step and not at another
        if self._simple and {tensor.layout for tensor in tensors} == DENSE:
            return _quick(tensors)
        plain = [_plain(tensor) for tensor in tensors]
        if not self._on_cpu:
            return _on_device(plain)
        return _in_pieces(plain)


def norms(tensors: Sequence[Tensor]) -> Tensor:
    """Return the L2 norm of each of `tensors`, of any dtype and layout, all on one device; float64 [tensors]."""
    return NormsOf(tensors)(tensors)


def norm(x: Tensor) -> float | Tensor:
    """Return the L2 norm of `x`: a number where the host has it at once, float64 [] on another device."""
    if _is_quick(x) and SURE_NORMS[0] < (length := float(torch.linalg.vector_norm(x))) < SURE_NORMS[1]:
        return length
    exact = norms([x])[0]
    return float(exact) if exact.device.type == "cpu" else exact


def quick_moments(x: Tensor) -> tuple[float | Tensor, float | Tensor]:
    """Return what `moments` does, as numbers where the host has them at once."""
    if _is_quick(x):
        mean = x.mean().item()
        if math.isfinite(mean):
            length = torch.linalg.vector_norm(x - mean).item()
            if SURE_NORMS[0] < length < SURE_NORMS[1]:
                return mean, length
    exact_mean, exact_length = moments(x)
    if x.device.type == "cpu":
        return exact_mean.item(), exact_length.item()
    return exact_mean, exact_length


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of all numbers in `x` and the length of what is left without it, float64 [] each.

    The length over the square root of how many there are is the standard deviation. It comes from the differences, not
    from a difference of squares, so that a large mean takes nothing away from it.
    """
    x = x.float() if x.dtype in HALVES else x
    wide = wide_dtype(x)
    if x.device.type == "cpu":
        mean = x.mean()
        if not mean.isfinite():
            # perhaps the numbers are finite and only their sum is not
            mean = (x / x.numel()).sum()
    else:
        mean = x.mean(dtype=wide)
    rest = x - mean.to(x.dtype)
    return mean.to(wide) + rest.mean().to(wide), norms([rest])[0]


def moments_of_each(stacked: Tensor) -> tuple[list[float], list[float]]:
    """Return what `quick_moments` does for each of stacked float32 tensors of the CPU, [tensors, ...]."""
    rows = stacked.reshape(len(stacked), -1)
    means = rows.mean(1)
    lengths = torch.linalg.vector_norm(rows - means[:, None], dim=1)
    found = means.tolist(), lengths.tolist()
    for row, (mean, length) in enumerate(zip(*found, strict=True)):
        if not (math.isfinite(mean) and SURE_NORMS[0] < length < SURE_NORMS[1]):
            exact_mean, exact_length = moments(rows[row])
            found[0][row], found[1][row] = exact_mean.item(), exact_length.item()
    return found


def wide_dtype(x: Tensor) -> torch.dtype:
    """Return the widest type that the device of `x` has."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def _is_quick(x: Tensor) -> bool:
    """Whether a float32 norm of `x` is right, unless it is near the ends of the range."""
    return (
        x.device.type == "cpu" and x.dtype == torch.float32 and x.layout == torch.strided and x.numel() <= LONGEST_PIECE
    )


def _plain(tensor: Tensor) -> Tensor:
    """Return `tensor` as real numbers of at least float32: complex ones as pairs, sparse ones as what is stored."""
    if tensor.layout is not torch.strided:
        # what was stored twice counts as its sum
        tensor = tensor.coalesce() if tensor.layout is torch.sparse_coo else tensor
        tensor = tensor.values()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor.resolve_conj())
    return tensor.float() if tensor.dtype in HALVES else tensor


def _quick(tensors: Sequence[Tensor]) -> Tensor:
    """Return the norms of float32 tensors on the CPU of at most LONGEST_PIECE numbers each."""
    # one number at a time is the quickest way to stack numbers on the CPU
    found = [norm.item() for norm in torch._foreach_norm(list(tensors), 2)]
    smallest, largest = SURE_NORMS
    # NaN, which no minimum shows, is right as it is
    if not (smallest < min(found) and max(found) < largest):
        unsure = [index for index, norm in enumerate(found) if not smallest < norm < largest]
        exact = torch._foreach_norm([tensors[index] for index in unsure], 2, dtype=torch.float64)
        for index, norm in zip(unsure, exact, strict=True):
            found[index] = norm.item()
    # numpy makes an array of numbers in a third of the time
    return torch.from_numpy(np.array(found, np.float64))


def _in_pieces(tensors: Sequence[Tensor]) -> Tensor:
    """Return the norms of float32 and float64 tensors of any size on the CPU."""
    result = torch.zeros(len(tensors), dtype=torch.float64)
    pieces: list[Tensor] = []
    owners: list[int] = []
    for index, tensor in enumerate(tensors):
        if tensor.dtype == torch.float64:
            result[index] = scaled_norms(tensor.reshape(1, -1))[0]
        elif tensor.numel() <= LONGEST_PIECE:
            pieces.append(tensor)
            owners.append(index)
        else:
            parts = tensor.reshape(-1).split(LONGEST_PIECE)  # type: ignore[no-untyped-call]
            pieces.extend(parts)
            owners.extend([index] * len(parts))
    if pieces:
        # the squares of what float32 holds are well within float64
        squares = torch.zeros_like(result).index_add_(0, torch.tensor(owners), _quick(pieces).square_())
        result += squares.sqrt_()
    return result


def _on_device(tensors: Sequence[Tensor]) -> Tensor:
    wide = wide_dtype(tensors[0])
    # float64 numbers, and all of them on a device without float64, may leave the range when they are squared
    if wide == torch.float64 and all(tensor.dtype == torch.float32 for tensor in tensors):
        return torch.stack(torch._foreach_norm(list(tensors), 2, dtype=wide))
    return torch.stack([scaled_norms(tensor.reshape(1, -1))[0].to(wide) for tensor in tensors])
