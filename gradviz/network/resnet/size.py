"""How large a ResNet will be, estimated before anything is allocated."""

from __future__ import annotations

from collections.abc import Iterator

from gradviz.experiment import ResNet
from gradviz.experiment.networks.resnet import Convolution
from gradviz.network.architecture import Size

USUAL_CLASSES = 10


def size(network: ResNet, batch_size: int, sample_shape: tuple[int, ...]) -> Size:
    """Return about how many numbers the parameters and the buffers of `network` are."""
    last = network.blocks()[-1].outputs
    parameters = (last + 1) * USUAL_CLASSES
    # gain and offset of a normalisation, or a bias; under Fixup next to nothing
    per_channel = 0 if network.fixup else 1 + (network.norm != "none")
    state = products = 0
    for one, pixels in _convolutions(network, sample_shape):
        weights = one.inputs * one.outputs * one.kernel**2
        parameters += weights + per_channel * one.outputs
        state += one.outputs * pixels
        products = max(products, weights * pixels)
    return Size(parameters, state * batch_size * 4, products)


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
