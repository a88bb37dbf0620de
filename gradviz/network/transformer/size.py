"""How large a Transformer will be, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Transformer
from gradviz.network.architecture import Size
from gradviz.network.transformer.tokens import token_shape

USUAL_CLASSES = 10
# what a measured step holds besides, per unit of a token and of the hidden layer: gradients on their way back, copies
# that are not kept, and the blocks that are run once more for the exact gradient; fitted to the peaks of three networks
BESIDE_PER_UNIT, BESIDE_PER_HIDDEN = 5.5, 0.8


def size(network: Transformer, batch_size: int, sample_shape: tuple[int, ...]) -> Size:
    """Return about how many numbers the parameters and the buffers of `network` are."""
    width, inner, hidden = network.width, network.heads * network.head_width, network.width * network.mlp_ratio
    tokens, numbers = token_shape(sample_shape, network.patch)
    attention = 4 * inner * width + 3 * inner + width
    mlp = 2 * hidden * width + hidden + width
    normed = 2 * width if network.norm != "none" else 0
    scaled = {"rezero": 1, "layer_scale": width}.get(network.shortcut, 0)
    parameters = network.depth * (attention + mlp + 2 * (normed + scaled))
    parameters += (numbers + tokens) * width + (width + 1) * USUAL_CLASSES
    # per token of a batch, what autograd keeps of both sub-layers: queries, keys, values and mixture; the hidden layer
    # before and behind the activation; and of each the output, what was normalised and what was scaled
    kept = 4 * inner + 2 * hidden + 2 * width * (1 + (network.norm != "none") + (network.shortcut == "layer_scale"))
    beside = round(BESIDE_PER_UNIT * width + BESIDE_PER_HIDDEN * hidden)
    return Size(
        parameters, network.depth * batch_size * tokens * (kept + beside), max(3 * inner, hidden) * width * tokens
    )
