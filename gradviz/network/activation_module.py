"""An activation of the table as a module, for networks that autograd differentiates."""

from __future__ import annotations

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
