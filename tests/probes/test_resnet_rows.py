"""All that is told of a ResNet's rows, against a plain functional network under autograd in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from plain_resnet import PHI, PlainResNet
from torch import Tensor, nn

from gradviz.experiment import Experiment, ResNet
from gradviz.recording.frame import Distributions, Frame
from gradviz.training.run import TrainingRun

VARIANTS: list[dict[str, Any]] = [
    {"shortcut": "none"},
    {"shortcut": "none", "normalization": "none", "activation": "sigmoid", "depth": 9},
    {"shortcut": "identity"},
    {"shortcut": "identity", "normalization": "group", "activation": "tanh", "branch": "scaled"},
    {"shortcut": "identity", "normalization": "none", "branch": "skip_init", "activation": "gelu"},
    {"shortcut": "identity", "branch": "fixup", "depth": 15},
    {"shortcut": "pre_activation"},
    {"shortcut": "pre_activation", "normalization": "group", "block": "bottleneck", "depth": 11, "activation": "elu"},
    {"shortcut": "pre_activation", "branch": "fixup"},
    {"shortcut": "identity", "layout": "imagenet", "depth": 18, "channels": 2},
    {"shortcut": "pre_activation", "normalization": "none", "branch": "scaled", "layout": "imagenet", "depth": 18,
     "channels": 2, "shortcut_scale": 0.3},
]  # fmt: skip


def experiment(**values: Any) -> Experiment:
    base = {"architecture": "resnet", "depth": 14, "batch_size": 16, "device": "cpu", "precision": "float64"}
    return Experiment.parse(base | {"learning_rate": 0.05} | values)


@torch.no_grad()
def open_branches(run: TrainingRun) -> None:
    """Let branches that are silent at first speak, and give offsets and biases something to do."""
    generator = torch.Generator().manual_seed(1)
    for parameter in run.network.parameters():
        if parameter.dim() <= 1 or not parameter.any():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.add_(0.3 * noise.to(parameter.dtype))


def plain(run: TrainingRun) -> tuple[PlainResNet, Tensor]:
    """The same network and batch, forward and backward, in float64; and the batch."""
    recipe = run.experiment.network
    assert isinstance(recipe, ResNet)
    weights = {name: p.detach().double().requires_grad_() for name, p in run.network.named_parameters()}
    again = TrainingRun(run.experiment)
    chosen = again.batches.take()
    x = torch.from_numpy(again.data.train_inputs)[chosen].reshape(-1, 1, 8, 8)
    network = PlainResNet(recipe, weights)
    loss = nn.functional.cross_entropy(network.forward(x), torch.from_numpy(again.data.train_labels)[chosen])
    loss.backward()
    return network, x


def measured(run: TrainingRun) -> tuple[Frame, Distributions]:
    run.measure(0)
    spread, frame = run.events(wait=True)
    assert isinstance(frame, Frame)
    assert isinstance(spread, Distributions)
    return frame, spread


def log10(x: Tensor) -> float:
    return math.log10(x) if x > 0 else -math.inf


def per_sample_rms(gradient: Tensor) -> float:
    return log10(gradient.square().mean().sqrt() * len(gradient))


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_every_number_of_every_row_is_that_of_autograd(values: dict[str, Any]) -> None:
    run = TrainingRun(experiment(**values))
    open_branches(run)
    frame, _ = measured(run)
    network, _ = plain(run)
    names = [row.name for row in run.experiment.network.rows()]
    assert list(network.outputs) == names or set(network.outputs) == set(names)
    rms = [per_sample_rms(network.outputs[name].grad) for name in names]
    np.testing.assert_allclose(frame.rows["activation_grad_rms"], rms, atol=1e-6)
    np.testing.assert_allclose(frame.rows["exact_log10_activation_grad_rms"], rms, atol=1e-6)
    weights = [log10(weight_of(network, name).grad.norm()) for name in names]
    np.testing.assert_allclose(frame.rows["weight_grad_norm"], weights, atol=1e-6)
    np.testing.assert_allclose(frame.rows["exact_log10_weight_grad_norm"], weights, atol=1e-6)
    outputs = [network.outputs[name].detach() for name in names]
    np.testing.assert_allclose(frame.rows["activation_mean"], [float(x.mean()) for x in outputs], atol=1e-6)
    np.testing.assert_allclose(frame.rows["activation_std"], [float(x.std(correction=0)) for x in outputs], rtol=1e-5)
    for quantity in ("activation_grad_rms", "weight_grad_norm", "activation_mean", "weight_norm"):
        assert quantity not in frame.measured


def weight_of(network: PlainResNet, row: str) -> Tensor:
    block, _, layer = row.rpartition(".")
    inside = {"projection": f"{block}.shortcut.conv", "classifier": "classifier.linear", "stem": "stem.conv"}
    plain_name = f"{block}.{layer}.conv" if network.recipe.shortcut == "none" else f"{block}.branch.{layer}.conv"
    return network.weights[f"{inside.get(layer, plain_name)}.weight"]


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_slopes_are_those_of_the_activation_that_belongs_to_the_row(values: dict[str, Any]) -> None:
    run = TrainingRun(experiment(**values))
    open_branches(run)
    frame, _ = measured(run)
    network, _ = plain(run)
    rows = run.experiment.network.rows()
    known = np.array([row.name in network.given for row in rows])
    supremum = {"sigmoid": 0.25, "gelu": 1.1289041451851547}.get(network.recipe.activation, 1.0)
    dead, saturated = [], []
    for row in rows:
        if row.name in network.given:
            given = network.given[row.name].detach().requires_grad_()
            slopes = torch.autograd.grad(PHI[network.recipe.activation](given).sum(), given)[0].abs()
            dead.append(float((slopes.amax((0, 2, 3)) == 0).double().mean()))
            saturated.append(float((slopes < 0.01 * supremum).double().mean()))
    for name, expected in (("dead_fraction", dead), ("saturated_fraction", saturated)):
        assert frame.measured.get(name, np.ones(len(rows), bool)).tolist() == known.tolist()
        np.testing.assert_allclose(frame.rows[name][known], expected, atol=1e-6)


@pytest.mark.parametrize("values", [one for one in VARIANTS if one["shortcut"] != "none"], ids=str)
def test_both_paths_into_a_block_are_those_of_autograd(values: dict[str, Any]) -> None:
    run = TrainingRun(experiment(**values))
    open_branches(run)
    frame, _ = measured(run)
    network, _ = plain(run)
    rows = run.experiment.network.rows()
    inside = np.array([row.group in network.paths for row in rows])
    assert 2 <= (~inside).sum() < len(rows) / 2
    names = ("shortcut_grad_rms", "branch_grad_rms", "shortcut_share", "path_cosine")
    expected: dict[str, list[float]] = {name: [] for name in names}
    for row in rows:
        if row.group in network.paths:
            shortcut, branch = (end.grad for end in network.paths[row.group])
            expected["shortcut_grad_rms"].append(per_sample_rms(shortcut))
            expected["branch_grad_rms"].append(per_sample_rms(branch))
            expected["shortcut_share"].append(float(shortcut.norm() / (shortcut.norm() + branch.norm())))
            expected["path_cosine"].append(float((shortcut * branch).sum() / shortcut.norm() / branch.norm()))
    for name, numbers in expected.items():
        assert frame.measured[name].tolist() == inside.tolist()
        np.testing.assert_allclose(frame.rows[name][inside], numbers, atol=1e-6)


@pytest.mark.parametrize("values", [VARIANTS[0], VARIANTS[4], VARIANTS[7]], ids=str)
def test_distributions_count_what_the_rows_are_given_and_hand_on(values: dict[str, Any]) -> None:
    run = TrainingRun(experiment(**values))
    open_branches(run)
    _, spread = measured(run)
    network, _ = plain(run)
    for number, row in enumerate(run.experiment.network.rows()):
        found = {"activations": network.outputs[row.name], "weights": weight_of(network, row.name)}
        if row.name in network.given:
            found["pre_activations"] = network.given[row.name]
        else:
            assert spread.by_kind["pre_activations"].totals[number] == 0
        for kind, numbers in found.items():
            one = spread.by_kind[kind]
            flat = numbers.detach().numpy().ravel()
            assert one.totals[number] == len(flat)
            assert one.edges[number, [0, -1]] == pytest.approx([flat.min(), flat.max()], rel=1e-5, abs=1e-12)
            assert abs(one.counts[number] - np.histogram(flat, one.edges[number])[0]).sum() <= 2
        gradients = spread.by_kind["gradients"]
        magnitudes = (network.outputs[row.name].grad * 16).abs().numpy().ravel()
        assert gradients.totals[number] == len(magnitudes)
        assert gradients.zeros[number] == (magnitudes == 0).sum()
        assert gradients.edges[number, -1] == pytest.approx(math.log10(magnitudes.max()), abs=1e-5)


def test_a_silent_branch_hands_down_exactly_nothing() -> None:
    values = {"normalization": "none", "branch": "skip_init", "shortcut": "pre_activation", "precision": "float32"}
    run = TrainingRun(experiment(**values))
    frame, _ = measured(run)
    rows = run.experiment.network.rows()
    inside = np.array([not row.on_path for row in rows])
    in_blocks = np.array([bool(row.group) for row in rows])
    assert np.isneginf(frame.rows["activation_grad_rms"][inside]).all()
    assert np.isfinite(frame.rows["activation_grad_rms"][~inside]).all()
    assert np.isneginf(frame.rows["branch_grad_rms"][in_blocks]).all()
    assert (frame.rows["shortcut_share"][in_blocks] == 1).all()
    assert np.isnan(frame.rows["path_cosine"][in_blocks]).all()
    run.update()
    run.measure(1)
    [after] = run.frames(wait=True)
    assert np.isneginf(after.rows["weight_grad_norm"]).sum() == 0


def test_the_exact_gradient_goes_on_where_float32_delivers_zero() -> None:
    values = {"shortcut": "none", "normalization": "none", "activation": "sigmoid", "depth": 100}
    run = TrainingRun(experiment(**values, precision="float32"))
    frame, _ = measured(run)
    network, _ = plain(run)
    names = [row.name for row in run.experiment.network.rows()]
    rms = [per_sample_rms(network.outputs[name].grad) for name in names]
    weights = [log10(weight_of(network, name).grad.norm()) for name in names]
    assert np.isneginf(frame.rows["activation_grad_rms"][0])
    # far below the smallest number of float32
    assert rms[0] < -50
    np.testing.assert_allclose(frame.rows["exact_log10_activation_grad_rms"], rms, atol=1e-3)
    np.testing.assert_allclose(frame.rows["exact_log10_weight_grad_norm"], weights, atol=1e-3)


def test_what_an_update_does_to_the_weights_of_each_row() -> None:
    run = TrainingRun(experiment(precision="float32", probe_every=1, learning_rate=1e-6))
    names = [row.name for row in run.experiment.network.rows()]
    before = {name: p.detach().clone() for name, p in run.network.named_parameters()}
    run.measure(0)
    run.update()
    run.measure(1)
    frames = list(run.frames(wait=True))
    recipe = run.experiment.network
    assert isinstance(recipe, ResNet)
    old, new = PlainResNet(recipe, before), PlainResNet(recipe, dict(run.network.named_parameters()))
    for number, name in enumerate(names):
        was, now = weight_of(old, name), weight_of(new, name).detach()
        ratio = float((now.double() - was.double()).norm() / was.double().norm())
        assert frames[1].rows["update_ratio"][number] == pytest.approx(math.log10(ratio), abs=1e-4)
        assert frames[1].rows["unchanged_fraction"][number] == pytest.approx(float((was == now).double().mean()))
        assert frames[1].rows["weight_norm"][number] == pytest.approx(math.log10(now.norm()), abs=1e-5)
    assert 0 < frames[1].rows["unchanged_fraction"].max() < 1


@pytest.mark.parametrize("shortcut", ["none", "identity", "pre_activation"])
def test_observing_changes_no_bit_of_the_training(shortcut: str) -> None:
    runs = [TrainingRun(experiment(shortcut=shortcut, precision="float32", probe_every=every)) for every in (1, 1000)]
    for run in runs:
        for step in range(3):
            run.measure(step)
            run.update()
    watched, alone = (run.network.state_dict() for run in runs)
    assert all(torch.equal(watched[name], alone[name]) for name in alone)
