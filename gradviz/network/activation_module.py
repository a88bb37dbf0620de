"""An activation of the table as a module, for networks that autograd differentiates."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gradviz.experiment import ActivationChoice
from gradviz.network.activation_kernels import PRELU_SLOPE, activation


class ActivationModule(nn.Module):
    """Applies one activation element by element; `kernels` say what its slope is anywhere.

    Below zero that of PReLU is learnt, one `slope` for each module, as nn.PReLU has it.
    """

    def __init__(self, choice: ActivationChoice, **factory: Any) -> None:
        super().__init__()
        self.kernels = activation(choice)
        # the kernels have it as it begins
        learns = choice.name == "prelu"
        self.slope = nn.Parameter(torch.full((1,), PRELU_SLOPE, **factory)) if learns else None

    def forward(self, x: Tensor) -> Tensor:
        """Return phi(x), of the shape of `x`."""
        return self.kernels.function(x) if self.slope is None else functional.prelu(x, self.slope)

    @torch.no_grad()
    def steepness(self, given: Tensor, output: Tensor) -> Tensor:
        """Return |phi'| at `given`, where `output` was put out, over its least upper bound; NaN where `given` is."""
        if self.slope is not None:
            below = self.slope.abs().expand_as(given)
            steepest = below.clamp_min(1.0)
            return torch.where(given.isnan(), given, torch.where(given > 0, 1.0, below) / steepest)
        slopes = torch.ones_like(given)
        self.kernels.backward(slopes, given, output, slopes)()
        slopes.abs_().div_(self.kernels.supremum)
        # some activations have a slope where the input is not a number
        return torch.where(given.isnan(), given, slopes)
