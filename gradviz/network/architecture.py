"""What a network of any architecture offers to the training loop, and what an architecture has to say of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True, slots=True)
class RowParts:
    """What a row is in the network: its output is that of a module, its weights are parameters in there.

    `weights` are their names within `output`, with dots; None stands for all that the module owns itself, without
    biases. `activation` is the module whose slope the row's dead units and saturated inputs are told of; None where it
    is the output itself, or there is none.
    """

    output: nn.Module
    weights: tuple[str, ...] | None = None
    activation: nn.Module | None = None


@dataclass(frozen=True, slots=True)
class Junction:
    """Where a shortcut and a branch part, each a module that is called with what enters both; `rows` lie in between."""

    rows: tuple[str, ...]
    shortcut: nn.Module
    branch: nn.Module


class Trainable(nn.Module):
    """A classifier. Called with a training batch [batch, features] it returns logits [batch, classes]."""

    @property
    def chain(self) -> Sequence[nn.Module] | None:
        """Blocks that do, one after the other, all that the network does; None where it is not such a chain."""
        return None

    @property
    def junctions(self) -> Sequence[Junction]:
        """Where shortcuts and branches part, from the input to the loss."""
        return ()

    def row_parts(self, name: str) -> RowParts:
        """Return what the row of that name is; unless a network says otherwise, the module of that name."""
        return RowParts(self.get_submodule(name))

    @torch.no_grad()
    def evaluate(self, x: Tensor) -> Tensor:
        """Return the logits [samples, classes] of any number of samples, as the network is used after training."""
        training = self.training
        self.eval()
        try:
            logits: Tensor = self(x)
        finally:
            self.train(training)
        return logits


@dataclass(frozen=True, slots=True)
class Plan:
    """What a network is to be built for: samples of `sample_shape` (which come flat), `classes`, from `seed`.

    `kinds`: how many kinds of characters there are, where the numbers of a sample number them; 0 where they are
    quantities.
    """

    sample_shape: tuple[int, ...]
    classes: int
    seed: int
    dtype: torch.dtype
    device: torch.device
    kinds: int = 0

    @property
    def features(self) -> int:
        """Numbers in a sample."""
        return torch.Size(self.sample_shape).numel()


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network will be.

    Numbers that it keeps: its `parameters`, and `buffers` for a batch, its gradients and its probes. `products`:
    multiplications for one sample in one layer.
    """

    parameters: int
    buffers: int
    products: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """A kind of network.

    `build(network, plan)` makes one from its part of the recipe; `size(network, batch_size, sample_shape)` estimates
    how large it will be before anything is allocated. `characters` says that it can be built for samples of them.
    """

    build: Callable[[Any, Plan], Trainable]
    size: Callable[[Any, int, tuple[int, ...]], Size]
    characters: bool = False
