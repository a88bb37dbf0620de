"""What layers do with validation samples, a few layers at a time, against hooks on an ordinary network in eval mode."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from covering import pairwise
from torch import Tensor, nn

from gradviz.experiment import Experiment, choices
from gradviz.network import cache
from gradviz.network.activation_kernels import activation
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network

FEATURES, CLASSES, DEPTH = 6, 3, 7


def experiment(**values: object) -> Experiment:
    base = {"depth": DEPTH, "width": 5, "activation": "gelu", "initialization": "gaussian", "sigma_w": 1.5}
    return Experiment.parse(base | {"precision": "float64", "device": "cpu"} | values)


def trained_a_little(e: Experiment) -> Network:
    """A network whose batch statistics and shortcuts are no longer those of the beginning."""
    network, generator = build_network(e, (FEATURES,), CLASSES), torch.Generator().manual_seed(3)
    rule = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(3):
        x = torch.randn(11, FEATURES, generator=generator, dtype=torch.float64)
        rule.zero_grad()
        nn.functional.cross_entropy(network(x), torch.arange(11) % CLASSES).backward()
        rule.step()
    return network


def plain_network(e: Experiment, network: Network) -> nn.Sequential:
    plain = reference_network(e, FEATURES, CLASSES)
    copy_weights(network, plain)
    for layer, norm in enumerate(hidden_layers(plain)[1]):
        if isinstance(norm, nn.BatchNorm1d):
            norm.running_mean.copy_(network.stack.normalization.running_mean[layer])
            norm.running_var.copy_(network.stack.normalization.running_variance[layer])
    return plain.eval()


def seen_by_hooks(e: Experiment, network: Network, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """What each activation is given, and what each layer hands on: where a shortcut joins, the joined result."""
    plain = plain_network(e, network)
    given: list[Tensor] = []
    handed_on: list[Tensor] = []
    blocks = [part for part in plain if isinstance(part, ResidualBlock)]
    layers = [module for block in blocks for module in block.branch] or list(plain)[1:-1]
    for module in layers:
        if isinstance(module, nn.GELU):
            module.register_forward_hook(lambda _module, inputs, _output: given.append(inputs[0]))
        if isinstance(module, nn.Linear if e.network.shortcut == "pre_activation" else nn.GELU):
            module.register_forward_hook(lambda _module, _inputs, output: handed_on.append(output))
    for block in blocks:

        def joined(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            handed_on[-1] = output

        block.register_forward_hook(joined)
    with torch.no_grad():
        plain(x)
    return given, handed_on


@pytest.mark.parametrize(
    ("shortcut", "normalization", "span"), pairwise(choices("shortcut"), choices("normalization"), [1, 3])
)
def test_chunks_hold_what_hooks_see(
    shortcut: str, normalization: str, span: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    e = experiment(shortcut=shortcut, normalization=normalization, shortcut_span=span)
    network = trained_a_little(e)
    x = torch.randn(9, FEATURES, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    given, handed_on = seen_by_hooks(e, network, x)
    # three layers to a chunk, of seven
    monkeypatch.setattr(cache, "CACHED_NUMBERS", 3 * 9 * 5 + 2)
    chunks = list(network.chunks(x))
    assert [len(chunk.given) for chunk in chunks] == [3, 3, 1]
    measured = (
        torch.cat([chunk.pre_activations() for chunk in chunks]),
        torch.cat([chunk.outputs() for chunk in chunks]),
    )
    np.testing.assert_allclose(measured[0], torch.stack(given), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(measured[1], torch.stack(handed_on), rtol=1e-9, atol=1e-11)
    assert torch.equal(torch.cat([chunk.outputs(4) for chunk in chunks]), measured[1][:, :4])


def test_looking_leaves_trace_statistics_and_results_alone() -> None:
    e = experiment(normalization="batch", shortcut="highway")
    network = trained_a_little(e)
    x = torch.randn(5, FEATURES, dtype=torch.float64)
    before, evaluated = network.trace.outputs.clone(), network.evaluate(x)
    list(network.chunks(x))
    assert torch.equal(network.trace.outputs, before)
    assert torch.equal(network.evaluate(x), evaluated)


def test_a_chunk_is_never_less_than_a_layer_and_never_more_than_fits() -> None:
    device = torch.device("cpu")
    assert cache.layers_per_chunk(10**9, device) == 1
    assert cache.layers_per_chunk(1000, device) == cache.CACHED_NUMBERS // 1000
    wide = [layers.stop - layers.start for layers in cache.layer_slices(torch.empty(5, 256, 1024, device="meta"))]
    assert sum(wide) == 5


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", choices("activation"))
def test_derivatives_written_in_place_are_those_of_autograd(name: str, precision: str) -> None:
    phi = activation(experiment(activation=name, precision=precision).network.phi)
    dtype = getattr(torch, precision)
    z = torch.cat([torch.linspace(-6, 6, 101), torch.tensor([0.0, -0.0, -200.0, 200.0, 30.0, -30.0])]).to(dtype)
    z.requires_grad_()
    phi.function(z).sum().backward()
    out = torch.empty_like(z)
    with torch.no_grad():
        phi.write_derivative(z.detach().clone(), out)
    assert torch.equal(out, z.grad)
