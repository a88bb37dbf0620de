"""Some layers at a time: what a core's cache holds together, and what never needs memory for the whole stack."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.network.activation_kernels import Activation
from gradviz.network.cache import CACHED_NUMBERS

# a GPU wants many at once; only its memory sets an end
DEVICE_NUMBERS = 1 << 22


@dataclass(frozen=True, slots=True)
class LayerChunk:
    """Successive layers on samples that are not trained on, as a trained network is used.

    `given` holds for each layer what its activation is given, `handed_on` what the layer hands on, [samples, width]
    each.
    """

    given: tuple[Tensor, ...]
    handed_on: tuple[Tensor, ...]
    activation: Activation

    def pre_activations(self, samples: int | None = None, out: Tensor | None = None) -> Tensor:
        """Return what the activations are given, of the first `samples` or of all, [layers, samples, width]."""
        return torch.stack([z[:samples] for z in self.given], out=out)

    def outputs(self, samples: int | None = None) -> Tensor:
        """Return what the layers hand on, of the first `samples` or of all, [layers, samples, width]."""
        return torch.stack([h[:samples] for h in self.handed_on])


def layers_per_chunk(numbers_per_layer: int, device: torch.device) -> int:
    """Return how many layers of so many numbers each are best gone over together."""
    numbers = CACHED_NUMBERS if device.type == "cpu" else DEVICE_NUMBERS
    return max(1, numbers // max(numbers_per_layer, 1))


def layer_slices(x: Tensor) -> list[slice]:
    """Divide the layers of `x` [layers, ...] into chunks."""
    height = layers_per_chunk(x.shape[1:].numel(), x.device)
    return [slice(first, min(first + height, len(x))) for first in range(0, len(x), height)]
