"""Some layers at a time: what a core's cache holds together, and what never needs memory for the whole stack."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradviz.network.activation_kernels import Activation


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
