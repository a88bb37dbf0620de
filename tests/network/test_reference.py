"""The reference network: what it is made of, counted by hand, and that it starts as the fused one does."""

import pytest
import torch
from covering import pairwise
from torch import nn

from gradviz.experiment import Experiment, choices
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, hidden_layers, reference_network

FEATURES, CLASSES = 7, 4
NORMS = {"none": None, "layer": nn.LayerNorm, "rms": nn.RMSNorm, "batch": nn.BatchNorm1d}
NORM_PARAMETERS = {"none": 0, "layer": 2, "rms": 1, "batch": 2}


def experiment(**values: object) -> Experiment:
    return Experiment.parse({"depth": 7, "width": 6, "precision": "float64", "activation": "tanh"} | values)


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shortcut", "normalization", "span"), pairwise(choices("shortcut"), choices("normalization"), [1, 3])
)
def test_both_networks_have_the_parameters_of_the_formula(shortcut: str, span: int, normalization: str) -> None:
    e = experiment(shortcut=shortcut, shortcut_span=span, normalization=normalization)
    depth, width = 7, 6
    blocks = {1: 7, 3: 3}[span]
    own = {"rezero": blocks, "highway": blocks * (width * width + width)}.get(shortcut, 0)
    ends = (FEATURES + 1) * width + (width + 1) * CLASSES
    expected = ends + depth * (width * width + width + NORM_PARAMETERS[normalization] * width) + own
    assert parameters(reference_network(e, FEATURES, CLASSES)) == expected
    assert parameters(build_network(e, (FEATURES,), CLASSES)) == expected


@pytest.mark.parametrize("normalization", choices("normalization"))
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_there_is_a_module_per_layer(shortcut: str, normalization: str) -> None:
    e = experiment(shortcut=shortcut, shortcut_span=2, normalization=normalization)
    reference = reference_network(e, FEATURES, CLASSES)
    linears, norms = hidden_layers(reference)
    assert len(linears) == 7
    assert all((linear.in_features, linear.out_features) == (6, 6) for linear in linears)
    assert len(norms) == (0 if normalization == "none" else 7)
    assert all(type(norm) is NORMS[normalization] for norm in norms)
    assert sum(isinstance(module, nn.Tanh) for module in reference.modules()) == 7
    assert sum(isinstance(module, ResidualBlock) for module in reference) == (0 if shortcut == "none" else 4)
    assert all(parameter.dtype == torch.float64 for parameter in reference.parameters())


def test_a_layer_before_its_activation_is_ordered_so() -> None:
    kinds = {"identity": [nn.Linear, nn.LayerNorm, nn.Tanh], "pre_activation": [nn.LayerNorm, nn.Tanh, nn.Linear]}
    for shortcut, order in kinds.items():
        block = reference_network(experiment(shortcut=shortcut, normalization="layer"), FEATURES, CLASSES)[1]
        assert isinstance(block, ResidualBlock)
        assert [type(module) for module in block.branch] == order


@pytest.mark.parametrize(
    ("shortcut", "expected"),
    [
        ("identity", lambda x, f, gate: x + f),
        ("scaled", lambda x, f, gate: x + 0.25 * f),
        ("rezero", lambda x, f, gate: x + 0.5 * f),
        ("highway", lambda x, f, gate: gate * f + (1 - gate) * x),
    ],
)
def test_a_block_is_its_formula(shortcut: str, expected: object) -> None:
    e = experiment(depth=1, shortcut=shortcut, shortcut_scale=0.25, initialization="gaussian", sigma_b=1.0)
    network = build_network(e, (FEATURES,), CLASSES)
    own = network.stack.shortcut
    if shortcut == "rezero":
        with torch.no_grad():
            own.factors.fill_(0.5)
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        branch = torch.tanh(x @ network.weights[0].T + network.stack.biases[0])
        gate = torch.sigmoid(x @ own.gate_weights[0].T + own.gate_biases[0]) if shortcut == "highway" else None
        torch.testing.assert_close(network.stack(x), expected(x, branch, gate))
        torch.testing.assert_close(network.stack.infer(x), expected(x, branch, gate))


def test_special_starts_are_as_published() -> None:
    """ReZero's factors begin at 0, so that the network begins as the identity; highway gates begin nearly closed."""
    rezero = build_network(experiment(shortcut="rezero"), (FEATURES,), CLASSES)
    x = torch.randn(5, 6, dtype=torch.float64)
    with torch.no_grad():
        assert torch.equal(rezero.stack(x), x)
    highway = build_network(experiment(shortcut="highway"), (FEATURES,), CLASSES).stack.shortcut
    assert torch.equal(highway.gate_biases, torch.full((7, 6), -2.0, dtype=torch.float64))
    assert highway.gate_weights.std() > 0


@pytest.mark.parametrize("depth", [4, 1000])
def test_the_branch_scale_defaults_to_one_over_root_depth(depth: int) -> None:
    assert experiment(depth=depth, shortcut="scaled").network.branch_scale == pytest.approx(depth**-0.5, rel=1e-15)


@pytest.mark.parametrize("normalization", choices("normalization"))
@pytest.mark.parametrize("shortcut", choices("shortcut"))
def test_copied_networks_agree(shortcut: str, normalization: str) -> None:
    e = experiment(shortcut=shortcut, shortcut_span=2, normalization=normalization, initialization="he_normal")
    network, reference = build_network(e, (FEATURES,), CLASSES), reference_network(e, FEATURES, CLASSES)
    x = torch.randn(9, FEATURES, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert (network(x) - reference(x)).abs().max() > 1e-3
    copy_weights(network, reference)
    torch.testing.assert_close(network(x), reference(x), rtol=1e-11, atol=1e-13)
