"""How much memory a run takes, estimated before anything is allocated."""

from __future__ import annotations

from gradviz.experiment import Mlp, Training
from gradviz.network.stack.activation_kernels import activation
from gradviz.network.stack.layer_chunks import CACHED_NUMBERS
from gradviz.network.stack.weight_grads import LAYERS_PER_CHUNK

NUMBER_BYTES = {"float32": 4, "float64": 8}
OPTIMIZER_STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "rmsprop": 1}
# the states and their gradients
BATCH_BUFFERS = 2
# gates, their gradients, the gates' inputs gathered for one product
HIGHWAY_BUFFERS = 3
# what probes keep of a chunk of layers: weights that are alike, slopes, four histograms, bins twice as wide, scratch
CHUNK_BUFFERS = 11


def estimated_bytes(network: Mlp, training: Training) -> int:
    """Return about how many bytes weights, gradients, optimiser and buffers will take together."""
    weights = network.depth * network.width * (network.width + 1)
    if network.shortcut == "highway":
        weights += weights // network.shortcut_span
    # the weights, their gradients, their values before the update, and what the optimiser remembers of each
    copies = 3 + OPTIMIZER_STATES[training.optimizer]
    state = network.depth * training.batch_size * network.width
    numbers = weights * copies + round(state * _buffers(network)) + CHUNK_BUFFERS * CACHED_NUMBERS
    return NUMBER_BYTES[training.precision] * numbers


def _buffers(network: Mlp) -> float:
    """Return how many numbers are kept per layer, sample and unit."""
    normalised = network.normalization != "none"
    buffers = BATCH_BUFFERS + (network.normalization == "rms")  # which keeps its result before the gain, too
    if network.shortcut == "pre_activation":
        buffers += 1 + normalised  # what the activations give, what the normalisations gave
    else:
        # what the activations were given, if it is kept, and both sides of the normalisation
        buffers += (normalised or not activation(network).from_output) + 2 * normalised
    branches = {"none": 0, "highway": 1 + HIGHWAY_BUFFERS}.get(network.shortcut, 1)
    chunk = min(1.0, LAYERS_PER_CHUNK / network.depth)  # gradients at the affine maps
    return buffers + chunk + branches / network.shortcut_span
