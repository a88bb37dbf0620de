"""The Transformer against torch's own blocks: the same numbers forward, the same gradients, as many parameters."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from encoder_reference import Reference, copy_block, encoder_layer
from torch import nn

from gradviz.experiment import Experiment, Transformer
from gradviz.network.architecture import Trainable
from gradviz.network.catalogue import build_network
from gradviz.network.transformer.tokens import Patches

FACTORS = {"rezero": 0.3, "layer_scale": 0.2}
CASES: list[dict[str, Any]] = [
    {"norm": "before"},
    {"norm": "after", "activation": "relu"},
    {"norm": "none", "shortcut": "none", "activation": "tanh"},
    {"norm": "before", "shortcut": "none"},
    {"norm": "none", "shortcut": "rezero", "heads": 4},
    {"norm": "before", "shortcut": "layer_scale", "mlp_ratio": 3},
    {"norm": "after", "shortcut": "deepnorm", "width": 12, "heads": 3},
]


def network_of(**values: Any) -> tuple[Transformer, Trainable]:
    experiment = Experiment(architecture="transformer", precision="float64", device="cpu", **{"depth": 3} | values)
    assert isinstance(experiment.network, Transformer)
    return experiment.network, build_network(experiment, (1, 8, 8), 10)


@pytest.mark.parametrize("values", CASES, ids=str)
def test_forward_and_backward_are_those_of_torchs_own_parts(values: dict[str, Any]) -> None:
    recipe, network = network_of(**values)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("factor"):
                parameter.fill_(FACTORS[recipe.shortcut])
            elif "bias" in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)))
    oracle = Reference(recipe, network)
    x = torch.randn(5, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.arange(5)
    logits = network(x)
    torch.testing.assert_close(logits, oracle(x), rtol=1e-12, atol=1e-12)
    nn.functional.cross_entropy(logits, y).backward()
    ours = [parameter.grad.clone() for name, parameter in network.named_parameters() if name.endswith("in_weight")]
    nn.functional.cross_entropy(oracle(x), y).backward()
    for one, (first, _) in zip(ours, oracle.weights(), strict=True):
        torch.testing.assert_close(one, first.grad, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("norm", ["before", "after"])
def test_a_block_is_torchs_encoder_layer_with_as_many_parameters(norm: str) -> None:
    recipe, network = network_of(norm=norm, activation="gelu")
    block = network.get_submodule("block2")
    layer = encoder_layer(recipe)
    copy_block(block, layer)
    x = torch.randn(4, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    ours = block.get_submodule("mlp")(block.get_submodule("attention")(x))
    torch.testing.assert_close(ours, layer(x), rtol=1e-12, atol=1e-12)
    count = sum(parameter.numel() for parameter in block.parameters())
    assert count == sum(parameter.numel() for parameter in layer.parameters())
    # four matrices and biases of attention, two of the MLP, two norms
    assert count == 4 * (16 * 16 + 16) + (2 * 16 * 32 + 32 + 16) + 4 * 16


def test_patches_are_the_squares_of_the_picture_row_by_row() -> None:
    picture = torch.arange(2 * 3 * 5.0).reshape(1, 2, 3, 5)
    cut = Patches((2, 3, 5), 2)
    found = cut(picture.flatten(1))
    assert found.shape == (1, cut.count, cut.numbers) == (1, 6, 8)
    # the second square of the first row, of both channels; and the last, of which three pixels are missing
    torch.testing.assert_close(found[0, 1], torch.tensor([2.0, 3, 7, 8, 17, 18, 22, 23]))
    torch.testing.assert_close(found[0, 5], torch.tensor([14.0, 0, 0, 0, 29, 0, 0, 0]))


@pytest.mark.parametrize("shape", [(7,), (2,), (3, 9, 4)])
def test_any_sample_has_tokens(shape: tuple[int, ...]) -> None:
    experiment = Experiment(architecture="transformer", depth=2, width=5, heads=3, patch=3)
    network = build_network(experiment, shape, 4)
    logits = network(torch.randn(6, torch.Size(shape).numel()))
    assert logits.shape == (6, 4)
    logits.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_deepnorm_is_that_of_the_paper() -> None:
    """Wang et al. 2022, table 2, encoder only: alpha = (2N)^(1/4), beta = (8N)^(-1/4); queries and keys are left."""
    recipe, network = network_of(depth=8, shortcut="deepnorm", norm="after")
    assert recipe.deepnorm_alpha == pytest.approx(2.0)
    assert recipe.deepnorm_beta == pytest.approx(64**-0.25)
    _, plain = network_of(depth=8, norm="after")
    ratio = {}
    for name in ("block3.attention.branch.in_weight", "block3.mlp.branch.out_weight"):
        ratio[name] = network.get_parameter(name) / plain.get_parameter(name)
    queries, keys, values = ratio["block3.attention.branch.in_weight"].chunk(3)
    for part, factor in ((queries, 1.0), (keys, 1.0), (values, 64**-0.25)):
        torch.testing.assert_close(part, torch.full_like(part, factor))
    torch.testing.assert_close(ratio["block3.mlp.branch.out_weight"], torch.full((16, 32), 64**-0.25).double())


@pytest.mark.parametrize("rule", ["glorot_uniform", "glorot_normal", "pytorch_default", "lecun_normal", "orthogonal"])
def test_first_weights_have_the_spread_of_their_rule(rule: str) -> None:
    _, network = network_of(depth=6, width=64, initialization=rule)
    weight = torch.cat([network.get_parameter(f"block{n}.mlp.branch.in_weight") for n in range(1, 7)])
    variance = {"pytorch_default": 1 / (3 * 64), "lecun_normal": 1 / 64, "orthogonal": 1 / 128}.get(
        rule, 2 / (64 + 128)
    )
    assert weight.var().item() == pytest.approx(variance, rel=0.03)
    assert weight.mean().item() == pytest.approx(0.0, abs=0.01)
