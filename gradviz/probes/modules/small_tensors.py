"""Small tensors are copied, and measured many at once: one by one, the calls cost more than the numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor

Key = TypeVar("Key")
Owner = TypeVar("Owner")

# a larger tensor is measured where it is, which copies nothing
LONGEST = 1 << 14
# so many numbers, of all copies together, are waited for
MOST_NUMBERS = 1 << 20


class SmallTensors(Generic[Key, Owner]):
    """Tensors of the CPU on their way to `measure`, which takes those of one key and shape stacked, with their owners.

    What is done to a tensor after it was added changes nothing: it is a copy that waits.
    """

    def __init__(self, measure: Callable[[Key, Tensor, list[Owner]], None]) -> None:
        self._measure = measure
        self._waiting: dict[tuple[Key, torch.Size], tuple[list[Tensor], list[Owner]]] = {}
        self._numbers = 0

    def takes(self, x: Tensor) -> bool:
        """Whether `x` is one that is better measured together with others."""
        return x.device.type == "cpu" and x.dtype is torch.float32 and x.numel() <= LONGEST

    def add(self, key: Key, x: Tensor, owner: Owner) -> None:
        """Take a copy of `x`."""
        tensors, owners = self._waiting.setdefault((key, x.shape), ([], []))
        tensors.append(x.clone())
        owners.append(owner)
        self._numbers += x.numel()
        if self._numbers > MOST_NUMBERS:
            self.measure_all()

    def measure_all(self) -> None:
        """Measure what waits."""
        waiting, self._waiting, self._numbers = self._waiting, {}, 0
        for (key, _), (tensors, owners) in waiting.items():
            self._measure(key, torch.stack(tensors), owners)

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting, self._numbers = {}, 0
