"""L2 norms of many tensors at once that neither underflow nor overflow, and moments of one.

A float32 norm squares first and reads exactly 0 below about 1e-22. On the CPU float64 costs three times as much, so
there float32 goes first, and every tensor whose squares may have left its range is done again in float64. On other
devices one fused float64 kernel does them all. Numbers that are float64 themselves are scaled by the largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

# more numbers than these are cut into pieces: the float32 sum of one piece is right to 1e-5, in the worst case to 5e-4
LONGEST_PIECE = 1 << 16
# within these a float32 norm lost no square that counts, and none overflowed
SURE_NORMS = (1e-12, 1e15)
HALVES = (torch.float16, torch.bfloat16)
DENSE = {torch.strided}


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
            return _fused(plain)
        return _in_pieces(plain)


def norms(tensors: Sequence[Tensor]) -> Tensor:
    """Return the L2 norm of each of `tensors`, of any dtype and layout, all on one device; float64 [tensors]."""
    return NormsOf(tensors)(tensors)


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of all numbers in `x` and the length of what is left without it, float64 [] each.

    The length over the square root of how many there are is the standard deviation. It comes from the differences, not
    from a difference of squares, so that a large mean takes nothing away from it.
    """
    x = x.float() if x.dtype in HALVES else x
    if x.device.type == "cpu":
        mean = x.mean()
        if not mean.isfinite():
            # perhaps the numbers are finite and only their sum is not
            mean = (x / x.numel()).sum()
    else:
        mean = x.mean(dtype=_wide(x))
    rest = x - mean.to(x.dtype)
    return mean.to(_wide(x)) + rest.mean().to(_wide(x)), norms([rest])[0]


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
    unsure = [index for index, norm in enumerate(found) if not smallest < norm < largest]
    if unsure:
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
            result[index] = _scaled(tensor)
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


def _fused(tensors: Sequence[Tensor]) -> Tensor:
    wide = _wide(tensors[0])
    # float64 numbers, and all of them on a device without float64, may leave the range when they are squared
    if wide == torch.float64 and all(tensor.dtype == torch.float32 for tensor in tensors):
        return torch.stack(torch._foreach_norm(list(tensors), 2, dtype=wide))
    return torch.stack([_scaled(tensor).to(wide) for tensor in tensors])


def _scaled(tensor: Tensor) -> Tensor:
    if not tensor.numel():
        return tensor.new_zeros(())
    largest = torch.linalg.vector_norm(tensor, math.inf)
    # nothing is divided by zero or by infinity: the norm of such a tensor is its largest magnitude
    divisor = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
    norm: Tensor = torch.linalg.vector_norm(tensor / divisor) * divisor
    return norm


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float32 if tensor.device.type == "mps" else torch.float64
