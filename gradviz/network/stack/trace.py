"""What one forward and backward pass left behind: the tensors that probes read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from gradviz.network.stack.exact_gradients import ExactGradients
from gradviz.network.stack.split_grads import SplitGrads


@dataclass(frozen=True, slots=True)
class Trace:
    """Views of the engine's own buffers, valid until the next forward pass; layer l of the person is index l - 1.

    `outputs` [layers, batch, width]: what each layer hands on. `output_grads` [layers, batch, width]: derivative of the
    batch-mean loss there, as the backward pass delivered it. `weights` and `weight_grads` [layers, width, width],
    `biases` [layers, width]. `pre_activations()` [layers, batch, width]: what entered each activation; costs a
    pass over all layers where the engine did not keep it, and must be called before the weights are updated.
    `exact_gradients()`: the backward pass again, without underflow and overflow; costs about as much as it, must be
    called before the update as well, and overwrites `output_grads`. `split_grads()`: for a network with shortcuts, what
    of each layer's input gradient came through the shortcut and what through the residual branch.
    """

    outputs: Tensor
    output_grads: Tensor
    weights: Tensor
    weight_grads: Tensor
    biases: Tensor
    pre_activations: Callable[[], Tensor]
    exact_gradients: Callable[[], ExactGradients]
    split_grads: Callable[[], SplitGrads]

    @property
    def layers(self) -> int:
        """Number of hidden layers."""
        return self.outputs.shape[0]

    @property
    def batch_size(self) -> int:
        """Samples in the pass."""
        return self.outputs.shape[1]
