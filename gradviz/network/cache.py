"""How much of what is gone over together fits into a cache."""

from __future__ import annotations

import torch
from torch import Tensor

# copies of this many numbers stay in a core's cache: half the time of going over everything at once
CACHED_NUMBERS = 1 << 17
# a GPU wants many at once; only its memory sets an end
DEVICE_NUMBERS = 1 << 22


def layers_per_chunk(numbers_per_layer: int, device: torch.device) -> int:
    """Return how many layers of so many numbers each are best gone over together."""
    numbers = CACHED_NUMBERS if device.type == "cpu" else DEVICE_NUMBERS
    return max(1, numbers // max(numbers_per_layer, 1))


def layer_slices(x: Tensor) -> list[slice]:
    """Divide the layers of `x` [layers, ...] into chunks."""
    height = layers_per_chunk(x.shape[1:].numel(), x.device)
    return [slice(first, min(first + height, len(x))) for first in range(0, len(x), height)]
