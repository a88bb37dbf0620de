"""Attention without weights of its own, as a module: the place at which one sees what each token looks at."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attending(nn.Module):
    """Scaled dot-product attention (Vaswani et al. 2017, eq. 1)."""

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Return [batch, heads, tokens, units] for three tensors of this shape."""
        return functional.scaled_dot_product_attention(queries, keys, values)


def log_attention(queries: Tensor, keys: Tensor) -> Tensor:
    """Return the natural logarithm of how much each token looks at each, [batch, heads, tokens, tokens]."""
    return torch.log_softmax(queries @ keys.transpose(-2, -1) / math.sqrt(queries.shape[-1]), -1)
