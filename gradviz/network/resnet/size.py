"""How large a ResNet will be, estimated before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterator

from gradviz.experiment import ResNet
from gradviz.experiment.networks.resnet import CONVOLUTIONS, Convolution
from gradviz.network.activation_kernels import activation
from gradviz.network.architecture import Size

USUAL_CLASSES = 10
# gradients, and copies of what is measured, at the widest place
AT_WORK = 4
# what is given, handed on, and comes back is kept of some samples until it is counted
COUNTED_KINDS = 3
FEWEST_SAMPLES = 32
# see gradviz/probes/modules/chain_gradients.py
BLOCKS_AT_ONCE = 8
# gradients at the outputs, and what batch normalisation needs besides; measured
RERUN_NORMED, RERUN_BARE = 1.7, 0.5
# what else is alive at the peak of the passes; measured, for plain networks without normalisation and all others
PASSES_BARE, PASSES = 0.3, 1.0


def size(network: ResNet, batch_size: int, sample_shape: tuple[int, ...]) -> Size:
    """Return about how many numbers the parameters and the buffers of `network` are."""
    last = network.blocks()[-1].outputs
    parameters = (last + 1) * USUAL_CLASSES
    # gain and offset of a normalisation, or a bias; under Fixup next to nothing
    per_channel = 0 if network.fixup else 1 + (network.norm != "none")
    products = max(
        one.inputs * one.outputs * one.kernel**2 * pixels for one, pixels in _convolutions(network, sample_shape)
    )
    states = [one.outputs * pixels for one, pixels in _convolutions(network, sample_shape)]
    for one, _ in _convolutions(network, sample_shape):
        parameters += one.inputs * one.outputs * one.kernel**2 + per_channel * one.outputs
    counted = COUNTED_KINDS * sum(states) * min(batch_size, FEWEST_SAMPLES)
    kept, at_once = _kept(network), sum(states[: BLOCKS_AT_ONCE * CONVOLUTIONS[network.block]])
    bare = network.norm == "none" and network.shortcut == "none"
    passes = (kept + (PASSES_BARE if bare else PASSES)) * sum(states)
    # the exact gradient runs some blocks once more, from their inputs, when the passes are over
    exact = (kept + (RERUN_NORMED if network.norm != "none" else RERUN_BARE)) * at_once + sum(states) / 2
    buffers = (max(passes, exact) + AT_WORK * max(states)) * batch_size + counted
    return Size(parameters, round(buffers), products)


def _kept(network: ResNet) -> float:
    """Return how many numbers autograd keeps from the forward pass for the backward pass, per pixel and channel.

    A convolution keeps what it is given, which is what an activation put out; a normalisation keeps what it is given,
    and so do activations whose slope cannot be read off their output.
    """
    normed, from_output = network.norm != "none", activation(network.phi).from_output
    kept = 1.0 + normed + (not from_output)
    if network.shortcut == "none":
        return kept
    # of each block its input, which the exact gradient starts from, and the branch that is multiplied
    multiplied = network.branch in ("skip_init", "fixup")
    own_input = network.shortcut == "pre_activation" and not normed
    return kept + (multiplied + own_input) / CONVOLUTIONS[network.block]


def _convolutions(network: ResNet, sample_shape: tuple[int, ...]) -> Iterator[tuple[Convolution, int]]:
    """Yield every convolution with the number of pixels that it puts out."""
    height, width = sample_shape[-2:] if len(sample_shape) > 1 else (1, 1)
    stem = network.stem
    height, width = -(-height // stem.stride), -(-width // stem.stride)
    yield stem, height * width
    if network.layout == "imagenet":
        height, width = -(-height // 2), -(-width // 2)
    for block in network.blocks():
        for one in block.convolutions:
            height, width = -(-height // one.stride), -(-width // one.stride)
            yield one, height * width
        if block.projected:
            yield Convolution(block.inputs, block.outputs, 1, block.stride), height * width
