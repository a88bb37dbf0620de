"""ResNets as built: as many parameters as the papers say, rows that are there, branches that start as they should."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gradviz.errors import DataError, DeviceError, ExperimentError
from gradviz.experiment import Experiment, ResNet
from gradviz.network.catalogue import build_network, size_of
from gradviz.network.resnet.blocks import ResidualBlock, groups
from gradviz.network.resnet.resnet import ResNetNetwork
from gradviz.training.run import TrainingRun

DIGIT = (1, 8, 8)


def experiment(**values: Any) -> Experiment:
    return Experiment.parse({"architecture": "resnet", "depth": 8, "device": "cpu"} | values)


def network(**values: Any) -> ResNetNetwork:
    built = build_network(experiment(**values), DIGIT, 10)
    assert isinstance(built, ResNetNetwork)
    return built


def parameters(sample: tuple[int, ...], classes: int, **values: Any) -> int:
    built = build_network(experiment(**values), sample, classes, "meta")
    return sum(parameter.numel() for parameter in built.parameters())


# He et al. 2015, table 6, in millions
@pytest.mark.parametrize(
    ("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7), (1202, 19.4)]
)
def test_networks_for_cifar_have_as_many_parameters_as_in_the_paper(depth: int, millions: float) -> None:
    digits = len(str(millions).partition(".")[2])
    assert round(parameters((3, 32, 32), 10, depth=depth, channels=16) / 1e6, digits) == millions


# as torchvision has them; its ResNet-152 is the 60.2 million of the model cards
@pytest.mark.parametrize(
    ("depth", "block", "expected"),
    [
        (18, "basic", 11_689_512),
        (34, "basic", 21_797_672),
        (50, "bottleneck", 25_557_032),
        (101, "bottleneck", 44_549_160),
        (152, "bottleneck", 60_192_808),
    ],
)
def test_networks_for_imagenet_have_the_known_number_of_parameters(depth: int, block: str, expected: int) -> None:
    assert parameters((3, 224, 224), 1000, depth=depth, block=block, layout="imagenet", channels=64) == expected


def test_a_wide_network_has_as_many_parameters_as_in_its_paper() -> None:
    # Zagoruyko & Komodakis 2016, table 4: 36.5 million with projections, which are 0.2 million
    found = parameters((3, 32, 32), 10, depth=26, channels=16, width_factor=10, shortcut="pre_activation")
    projections = 16 * 160 + 160 * 320 + 320 * 640
    assert round((found + projections) / 1e6, 1) == 36.5


@pytest.mark.parametrize("shortcut", ["none", "identity", "pre_activation"])
@pytest.mark.parametrize("depth", [8, 9, 21, 56])
def test_there_is_a_row_for_every_layer_and_every_weight_is_in_one(shortcut: str, depth: int) -> None:
    built = network(depth=depth, shortcut=shortcut)
    rows = experiment(depth=depth, shortcut=shortcut).network.rows()
    assert len(rows) == depth
    weights = [parts.output.get_parameter(name) for row in rows for parts in [built.row_parts(row.name)]
               for name in parts.weights or ()]  # fmt: skip
    layers = [module.weight for module in built.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [id(weight) for weight in weights] == [id(weight) for weight in layers]


def test_projections_are_rows_of_their_blocks() -> None:
    values = {"depth": 50, "block": "bottleneck", "layout": "imagenet", "channels": 2}
    built = network(**values)
    rows = experiment(**values).network.rows()
    projections = [row for row in rows if row.name.endswith("projection")]
    assert [row.group for row in projections] == [f"stage{stage}.block1" for stage in (1, 2, 3, 4)]
    assert all(isinstance(built.get_submodule(f"{row.group}.shortcut.conv"), nn.Conv2d) for row in projections)
    assert len(rows) == 50 + 4


@pytest.mark.parametrize(
    "values",
    [
        {"branch": "skip_init", "normalization": "none"},
        {"branch": "fixup"},
        {"branch": "fixup", "shortcut": "pre_activation"},
        {"zero_init_branch": True},
        {"zero_init_branch": True, "normalization": "group"},
        {"zero_init_branch": True, "shortcut": "pre_activation"},
        {"zero_init_branch": True, "normalization": "none"},
    ],
    ids=str,
)
def test_a_silent_branch_adds_exactly_nothing(values: dict[str, Any]) -> None:
    built = network(depth=14, **values)
    recipe = experiment(depth=14, **values).network
    assert isinstance(recipe, ResNet)
    assert recipe.silent
    blocks = [module for module in built.modules() if isinstance(module, ResidualBlock)]
    assert len(blocks) == 6
    x = torch.randn(2, 8, 4, 4)
    block = blocks[3]
    expected = x if values.get("shortcut") == "pre_activation" else torch.relu(x)
    assert torch.equal(block(x), expected)


def test_a_branch_that_is_not_silent_adds_something() -> None:
    assert not experiment().network.silent
    block = network(depth=14).get_submodule("stage2.block2")
    x = torch.randn(2, 8, 4, 4)
    assert not torch.equal(block(x), torch.relu(x))


def test_the_first_weights_of_fixup_are_smaller_by_its_rule() -> None:
    # L ** (-1 / (2 m - 2)) with L blocks of m convolutions (Zhang et al. 2019)
    plain, scaled = network(depth=50, normalization="none"), network(depth=50, branch="fixup")
    name = "stage2.block3.branch.conv1.conv.weight"
    torch.testing.assert_close(scaled.get_parameter(name), plain.get_parameter(name) * 24**-0.5)
    assert not scaled.get_parameter("stage2.block3.branch.conv2.conv.weight").any()
    assert not scaled.get_parameter("classifier.linear.weight").any()
    scalars = [p for name, p in scaled.named_parameters() if p.numel() == 1]
    # before each convolution and each activation a bias, before the classifier none, and a factor for each branch
    assert len(scalars) == (1 + 48) + (1 + 24 + 24) + 24


@pytest.mark.parametrize(
    "values",
    [
        {"depth": 12, "block": "bottleneck"},
        {"depth": 8, "block": "bottleneck"},
        {"depth": 20, "layout": "imagenet"},
        {"depth": 50, "layout": "imagenet"},
        {"batch_size": 1},
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ExperimentError):
        experiment(**values)


def test_a_network_that_does_not_fit_is_refused_before_it_is_built() -> None:
    with pytest.raises(DeviceError):
        TrainingRun(experiment(depth=1202, channels=64, width_factor=12, batch_size=4096))


def test_points_are_no_pictures() -> None:
    with pytest.raises(DataError):
        build_network(experiment(data="moons"), (2,), 2)


@pytest.mark.parametrize("channels", [2, 3, 4, 6, 16, 24, 64, 96, 512])
def test_groups_divide_the_channels(channels: int) -> None:
    count = groups(channels)
    assert channels % count == 0
    assert 1 <= count <= 32
    assert channels // count >= 2


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_same_seed_gives_the_same_network_in_every_precision(precision: str) -> None:
    state = torch.get_rng_state()
    built, again = network(precision=precision, seed=3), network(seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(built.parameters(), again.parameters(), strict=True):
        assert torch.equal(one.float(), other)
    other_seed = network(seed=4)
    assert not torch.equal(other_seed.stem.conv.weight, again.stem.conv.weight)


@pytest.mark.parametrize("normalization", ["none", "batch", "group"])
@pytest.mark.parametrize("rest", [{}, {"layout": "imagenet", "block": "bottleneck", "depth": 50}], ids=str)
def test_its_size_is_estimated_without_building_it(normalization: str, rest: dict[str, Any]) -> None:
    values = {"normalization": normalization, "channels": 8} | rest
    built = network(**values)
    expected = sum(parameter.numel() for parameter in built.parameters())
    assert size_of(experiment(**values), DIGIT).parameters == pytest.approx(expected, rel=0.01)
