"""The gradient's two paths against autograd with the paths cut apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from plain_oracle import CLASSES, FEATURES, batch, experiment, measured_network
from torch import Tensor, nn

from gradviz.experiment import Experiment, choices
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, reference_network
from gradviz.network.stack.stack import Network
from gradviz.probes.fused.paths import GradientPaths

SHORTCUTS = [kind for kind in choices("shortcut") if kind != "none"]


def cut_apart(e: Experiment, network: Network, x: Tensor, y: Tensor) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per block, the gradients at two copies of its input: one feeds only the shortcut, the other all the rest."""
    plain = reference_network(e.changed(precision="float64"), FEATURES, CLASSES)
    copy_weights(network, plain)
    state = plain[0](x)
    ends: list[tuple[Tensor, Tensor]] = []
    for block in list(plain)[1:-1]:
        assert isinstance(block, ResidualBlock)
        by_shortcut, by_branch = state.clone(), state.clone()
        by_shortcut.retain_grad()
        by_branch.retain_grad()
        ends.append((by_shortcut, by_branch))
        branch = block.branch(by_branch)
        match block.kind:
            case "scaled":
                state = by_shortcut + block.scale * branch
            case "rezero":
                state = by_shortcut + block.factor * branch
            case "highway":
                gate = torch.sigmoid(block.gate(by_branch))
                state = gate * branch + (1 - gate) * by_shortcut
            case _:
                state = by_shortcut + branch
    nn.functional.cross_entropy(plain[-1](state), y).backward()
    return [(a.grad.numpy(), b.grad.numpy()) for a, b in ends]


def open_rezero(network: Network) -> None:
    """Let a branch that is silent at first speak."""
    for name, parameter in network.stack.named_parameters():
        if name.endswith("factors"):
            nn.init.normal_(parameter, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("span", [1, 2, 4])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_both_paths_are_those_of_autograd(shortcut: str, span: int) -> None:
    e = experiment(depth=9, shortcut=shortcut, shortcut_span=span)
    x, y = batch(6)
    network = build_network(e, (FEATURES,), CLASSES)
    open_rezero(network)
    nn.functional.cross_entropy(network(x), y).backward()
    by_shortcut, by_branch, share, cosine = GradientPaths().measure(network.trace).numpy()
    unit = len(x) / math.sqrt(len(x) * e.network.width)
    parts = cut_apart(e, network, x, y)
    assert len(by_shortcut) == e.network.depth
    for layer in range(e.network.depth):
        a, b = (part.ravel() for part in parts[layer // span])
        la, lb = np.linalg.norm(a), np.linalg.norm(b)
        assert by_shortcut[layer] == pytest.approx(la * unit, rel=1e-10)
        assert by_branch[layer] == pytest.approx(lb * unit, rel=1e-10)
        assert share[layer] == pytest.approx(la / (la + lb), rel=1e-10)
        assert cosine[layer] == pytest.approx(a @ b / (la * lb), abs=1e-9)


@pytest.mark.parametrize("shortcut", ["identity", "pre_activation", "scaled", "rezero"])
def test_an_identity_hands_on_exactly_what_it_receives(shortcut: str) -> None:
    e = experiment(depth=5, shortcut=shortcut, precision="float32")
    network = measured_network(e, *batch(6))
    split = network.trace.split_grads()
    assert torch.equal(split.shortcut, network.trace.output_grads)


def test_a_silent_branch_has_no_share_and_no_direction() -> None:
    network = measured_network(experiment(shortcut="rezero", precision="float32"), *batch(6))
    by_shortcut, by_branch, share, cosine = GradientPaths().measure(network.trace).numpy()
    assert (by_shortcut > 0).all()
    assert (by_branch == 0).all()
    assert (share == 1).all()
    assert np.isnan(cosine).all()


def test_cosines_do_not_underflow() -> None:
    e = experiment(depth=3, shortcut="identity", precision="float32")
    network = measured_network(e, *batch(6))
    expected = GradientPaths().measure(network.trace)[3]
    for parameter in network.parameters():
        parameter.grad = None
    x, y = batch(6)
    (nn.functional.cross_entropy(network(x.float()), y) * 1e-30).backward()
    torch.testing.assert_close(GradientPaths().measure(network.trace)[3], expected, atol=1e-4, rtol=0)


def test_without_a_shortcut_there_is_nothing_to_split() -> None:
    network = measured_network(experiment(), *batch(3))
    assert not GradientPaths.applies_to(network)
    with pytest.raises(RuntimeError, match="no shortcut"):
        network.trace.split_grads()
