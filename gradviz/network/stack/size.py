"""How large a stack will be, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Mlp
from gradviz.network.activation_kernels import activation
from gradviz.network.architecture import Size
from gradviz.network.cache import CACHED_NUMBERS
from gradviz.network.stack.weight_grads import LAYERS_PER_CHUNK

# the states and their gradients
BATCH_BUFFERS = 2
# gates, their gradients, the gates' inputs gathered for one product
HIGHWAY_BUFFERS = 3
# what probes keep of a chunk of layers: weights that are alike, slopes, four histograms, bins twice as wide, scratch
CHUNK_BUFFERS = 11


def size(network: Mlp, batch_size: int, _sample_shape: tuple[int, ...]) -> Size:
    """Return about how many numbers the parameters and the buffers of `network` are, whatever the samples."""
    parameters = network.depth * network.width * (network.width + 1)
    if network.shortcut == "highway":
        parameters += parameters // network.shortcut_span
    parameters += network.depth * (network.activation == "prelu")
    state = network.depth * batch_size * network.width
    buffers = round(state * _buffers(network)) + CHUNK_BUFFERS * CACHED_NUMBERS
    return Size(parameters, buffers, network.width**2)


def _buffers(network: Mlp) -> float:
    """Return how many numbers are kept per layer, sample and unit."""
    normalised = network.normalization != "none"
    buffers = BATCH_BUFFERS + (network.normalization == "rms")  # which keeps its result before the gain, too
    if network.shortcut == "pre_activation":
        buffers += 1 + normalised  # what the activations give, what the normalisations gave
    else:
        # what the activations were given, if it is kept, and both sides of the normalisation
        buffers += (normalised or not activation(network.phi).from_output) + 2 * normalised
    # masks, and activations before they are applied, unless these are kept anyway
    buffers += 2 * (network.dropout > 0.0)
    branches = {"none": 0, "highway": 1 + HIGHWAY_BUFFERS}.get(network.shortcut, 1)
    chunk = min(1.0, LAYERS_PER_CHUNK / network.depth)  # gradients at the affine maps
    return buffers + chunk + branches / network.shortcut_span
