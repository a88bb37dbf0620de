"""Shortcut against residual branch: by which path the gradient reaches the front."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gradviz.network.cache import layer_slices
from gradviz.network.stack.stack import Network
from gradviz.network.stack.trace import Trace
from gradviz.probes.fused.probe import Probe
from gradviz.probes.norms import row_norms
from gradviz.probes.quantities import BRANCH_GRAD, PATH_COSINE, SHORTCUT_GRAD, SHORTCUT_SHARE


class GradientPaths(Probe):
    """The gradient at each block's input, split into what the shortcut and what the residual branch handed down.

    Root mean squares are those of per-sample gradients, as in `activation_grad_rms`. All layers of a block have the
    block's values. A share is |shortcut| / (|shortcut| + |branch|); the cosine between the two parts is not a number
    where one of them is zero, because zero has no direction.
    """

    quantities = (SHORTCUT_GRAD, BRANCH_GRAD, SHORTCUT_SHARE, PATH_COSINE)

    @classmethod
    def applies_to(cls, network: Network) -> bool:
        """Only where there are shortcuts."""
        return network.stack.shortcut is not None

    def measure(self, trace: Trace) -> Tensor:
        """Return [4, layers]."""
        split = trace.split_grads()
        batch, width = split.shortcut.shape[1:]
        shortcut, branch = row_norms(split.shortcut), row_norms(split.branch)
        share = shortcut / (shortcut + branch)
        cosine = _cosines(split.shortcut, split.branch)
        unit = batch / math.sqrt(batch * width)
        rows = torch.stack([shortcut * unit, branch * unit, share, cosine.to(share.dtype)])
        return rows.index_select(1, split.block_of_layer)


def _cosines(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of a[i] and b[i], [blocks]; scaled first, so that no square underflows."""
    # chunk by chunk, because copies of everything cost many times more than the arithmetic
    return torch.cat([_cosines_of(_scaled(a[blocks]), _scaled(b[blocks])) for blocks in layer_slices(a)])


def _cosines_of(a: Tensor, b: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(a, dim=1) * torch.linalg.vector_norm(b, dim=1)
    return (a * b).sum(1) / lengths


def _scaled(part: Tensor) -> Tensor:
    rows = part.reshape(len(part), -1)
    return rows / rows.abs().amax(1, keepdim=True)
