"""How large a Transformer will be, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Transformer
from gradviz.network.architecture import Size


def size(network: Transformer, batch_size: int) -> Size:
    """Return about how many numbers the parameters and the buffers of `network` are."""
    width, inner, hidden = network.width, network.heads * network.head_width, network.width * network.mlp_ratio
    per_block = 4 * inner * width + 3 * inner + width + 2 * hidden * width + hidden + width
    per_block += 4 * width if network.norm != "none" else 0
    parameters = network.depth * per_block
    tokens = 16
    state = network.depth * batch_size * tokens
    buffers = state * (12 * width + 2 * hidden)
    return Size(parameters, buffers, per_block * tokens)
