"""An activation of the table as a module, for networks that autograd differentiates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradviz.experiment import ActivationChoice
from gradviz.network.activation_kernels import activation


class ActivationModule(nn.Module):
    """Applies one activation element by element; `kernels` say what its slope is anywhere."""

    def __init__(self, choice: ActivationChoice) -> None:
        super().__init__()
        self.kernels = activation(choice)

    def forward(self, x: Tensor) -> Tensor:
        """Return phi(x), of the shape of `x`."""
        return self.kernels.function(x)

    @torch.no_grad()
    def steepness(self, given: Tensor, output: Tensor) -> Tensor:
        """Return |phi'| at `given`, where `output` was put out, over its least upper bound; NaN where `given` is."""
        slopes = torch.ones_like(given)
        self.kernels.backward(slopes, given, output, slopes)()
        slopes.abs_().div_(self.kernels.supremum)
        # some activations have a slope where the input is not a number
        return torch.where(given.isnan(), given, slopes)
