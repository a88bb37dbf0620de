"""The gradient at the input of each residual block, in the two parts in which it came: dF/dx + 1, made visible."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class SplitGrads:
    """The two parts of the gradient at each block's input; their sum is the whole of it.

    `shortcut` [blocks, batch, width]: what the shortcut handed down, for identity shortcuts exactly the gradient at the
    block's output. `branch` [blocks, batch, width]: what came through the residual branch (and the gate of a highway).
    `block_of_layer` int64 [layers]: the block that each layer belongs to.
    """

    shortcut: Tensor
    branch: Tensor
    block_of_layer: Tensor
