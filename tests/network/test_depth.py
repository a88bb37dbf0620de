"""Depth itself: gradients made chunk by chunk, of stacks that end before, at and after the end of a chunk."""

import pytest
import torch
from torch import Tensor, nn

from gradviz.experiment import Experiment, choices
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network
from gradviz.network.stack.weight_grads import LAYERS_PER_CHUNK, WeightGrads

FEATURES, CLASSES, BATCH = 5, 3, 4
DEPTHS = [LAYERS_PER_CHUNK - 1, LAYERS_PER_CHUNK, LAYERS_PER_CHUNK + 1, 2 * LAYERS_PER_CHUNK + 7]


def pair(**values: object) -> tuple[Network, nn.Sequential]:
    """A fused and a plain network with the same parameters, all of them away from 0 and 1."""
    base = {"width": 3, "precision": "float64", "initialization": "gaussian", "sigma_w": 1.2, "sigma_b": 0.2}
    experiment = Experiment.parse(base | values)
    network, generator = build_network(experiment, (FEATURES,), CLASSES), torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.1)
    reference = reference_network(experiment, FEATURES, CLASSES)
    copy_weights(network, reference)
    return network, reference


def backward(model: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, FEATURES, generator=generator, dtype=torch.float64)
    y = torch.randint(0, CLASSES, (BATCH,), generator=generator)
    nn.functional.cross_entropy(model(x), y).backward()


def expected_grads(reference: nn.Sequential) -> list[Tensor]:
    linears, norms = hidden_layers(reference)
    grads = [
        torch.stack([linear.weight.grad for linear in linears]),
        torch.stack([linear.bias.grad for linear in linears]),
    ]
    for name in ("weight", "bias"):
        grads += [torch.stack([norm.get_parameter(name).grad for norm in norms])] if hasattr(norms[0], name) else []
    blocks = [module for module in reference if isinstance(module, ResidualBlock)]
    if hasattr(blocks[0], "factor"):
        grads.append(torch.stack([block.factor.grad for block in blocks]))
    if hasattr(blocks[0], "gate"):
        grads.append(torch.stack([block.gate.weight.grad for block in blocks]))
        grads.append(torch.stack([block.gate.bias.grad for block in blocks]))
    return grads


@pytest.mark.slow
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shortcut", [shortcut for shortcut in choices("shortcut") if shortcut != "none"])
def test_gradients_across_chunks_are_autograds(shortcut: str, depth: int) -> None:
    for span, normalization in ((1, "layer"), (3, "rms"), (4, "batch")):
        network, reference = pair(
            depth=depth, activation="tanh", shortcut=shortcut, shortcut_span=span, normalization=normalization
        )
        for seed in (1, 2):  # the second pass must not find leavings of the first
            network.zero_grad()
            reference.zero_grad()
            backward(network, seed)
            backward(reference, seed)
            grads = [parameter.grad for parameter in network.stack.parameters()]
            expected = expected_grads(reference)
            # biases in front of a batch normalisation have no gradient but rounding
            scale = max(grad.abs().max().item() for grad in expected)
            for ours, theirs in zip(grads, expected, strict=True):
                torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-13 * scale)


@pytest.mark.slow
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("activation", ["linear", "relu", "sigmoid", "softplus"])
def test_plain_stacks_across_chunks_have_autograds_gradients(activation: str, depth: int) -> None:
    network, reference = pair(depth=depth, activation=activation, sigma_w=1.5)
    backward(network, 1)
    backward(reference, 1)
    linears, _ = hidden_layers(reference)
    for layer, linear in enumerate(linears):
        # layer by layer: in a deep stack one tolerance for all would let the small ones be anything
        for ours, theirs in ((network.weights.grad, linear.weight.grad), (network.stack.biases.grad, linear.bias.grad)):
            torch.testing.assert_close(ours[layer], theirs, rtol=1e-8, atol=1e-12 * theirs.abs().max().item())


def test_gradients_of_several_passes_add_up() -> None:
    network, reference = pair(depth=LAYERS_PER_CHUNK + 5, activation="tanh", shortcut="scaled", normalization="layer")
    for model in (network, reference):
        backward(model, 1)
        backward(model, 2)
    torch.testing.assert_close(network.weights.grad, expected_grads(reference)[0], rtol=1e-8, atol=1e-12)


def test_gradients_handed_over_are_not_written_again() -> None:
    network, _ = pair(depth=LAYERS_PER_CHUNK + 5, activation="tanh")
    backward(network, 1)
    kept = network.weights.grad
    copy = kept.clone()
    network.zero_grad(set_to_none=True)
    backward(network, 2)
    assert torch.equal(kept, copy)
    assert not torch.equal(network.weights.grad, copy)


@pytest.mark.parametrize("layers", DEPTHS)
def test_chunks_cover_every_layer_once(layers: int) -> None:
    generator = torch.Generator().manual_seed(1)
    inputs, grads = (torch.randn(layers, BATCH, width, generator=generator, dtype=torch.float64) for width in (3, 2))
    made = WeightGrads(inputs, torch.empty(min(layers, LAYERS_PER_CHUNK), BATCH, 2, dtype=torch.float64))
    made.begin()
    for layer in reversed(range(layers)):
        made.at(layer).copy_(grads[layer])
        if layer % LAYERS_PER_CHUNK == 0:
            made.finish_chunk(layer)
    weights, biases = made.take()
    torch.testing.assert_close(weights, torch.einsum("lbo,lbi->loi", grads, inputs))
    torch.testing.assert_close(biases, grads.sum(1))
