"""Dropout in the hand-written passes against autograd with the same masks, and the masks against what dropout is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from covering import pairwise
from torch import Tensor, nn

from gradviz.experiment import Experiment, choices
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import ResidualBlock, copy_weights, hidden_layers, reference_network
from gradviz.network.stack.stack import Network
from gradviz.recording.frame import Checkpoint, Evaluation, Event, Frame, Started
from gradviz.training.control import Control
from gradviz.training.loop import train

DEPTH, WIDTH, BATCH, FEATURES, CLASSES, SHARE = 5, 6, 8, 4, 3, 0.4
# each activation, shortcut, span and normalisation with each other, two at a time
VARIANTS = list(
    pairwise(
        ("relu", "tanh", "sigmoid", "silu", "leaky_relu", "linear"),
        choices("shortcut"),
        (1, 2),
        choices("normalization"),
    )
)


def experiment(activation: str, shortcut: str, span: int, normalization: str, **changes: object) -> Experiment:
    return Experiment.parse(
        {
            "depth": DEPTH, "width": WIDTH, "activation": activation, "shortcut": shortcut, "shortcut_span": span,
            "normalization": normalization, "dropout": SHARE, "precision": "float64", "initialization": "he_normal",
        } | changes
    )  # fmt: skip


def networks(e: Experiment) -> tuple[Network, nn.Sequential]:
    ours = build_network(e, (FEATURES,), CLASSES)
    assert isinstance(ours, Network)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, dtype=parameter.dtype))
    eager = reference_network(e, FEATURES, CLASSES)
    copy_weights(ours, eager)
    return ours, eager


def activations(eager: nn.Sequential) -> Iterator[nn.Module]:
    linears, norms = hidden_layers(eager)
    others = {id(module) for module in (*linears, *norms)}
    for part in list(eager)[1:-1]:
        # a block's gate is a Linear beside its branch
        modules = part.branch if isinstance(part, ResidualBlock) else [part]
        yield from (module for module in modules if id(module) not in others)


def drop_as(eager: nn.Sequential, masks: Tensor) -> None:
    """Let each activation of the eager network be multiplied with its mask, under autograd."""
    for module, mask in zip(activations(eager), masks, strict=True):
        module.register_forward_hook(lambda _module, _inputs, output, mask=mask: output * mask)


def batch(seed: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, FEATURES, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, CLASSES, (BATCH,), generator=generator)


def masks_of(ours: Network) -> Tensor:
    """What the latest pass dropped, as its passes hold it."""
    found = ours.stack.masks
    assert found is not None
    return found.clone()


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant)))
def test_outputs_and_gradients_equal_autograds_with_the_same_masks(variant: tuple[Any, ...]) -> None:
    torch.manual_seed(0)
    ours, eager = networks(experiment(*variant))
    x, labels = batch()
    inputs = [x.clone().requires_grad_(), x.clone().requires_grad_()]
    logits = ours(inputs[0])
    nn.functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
    drop_as(eager, masks_of(ours))
    expected = eager(inputs[1])
    nn.functional.cross_entropy(expected, labels).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-12)
    assert inputs[0].grad is not None
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-9, atol=1e-12)
    linears, norms = hidden_layers(eager)
    weights, biases = ours.stack.weights.grad, ours.stack.biases.grad
    assert weights is not None
    assert biases is not None
    for layer, linear in enumerate(linears):
        torch.testing.assert_close(weights[layer], linear.weight.grad, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(biases[layer], linear.bias.grad, rtol=1e-9, atol=1e-12)
    for layer, norm in enumerate(norms):
        gains = dict(ours.stack.normalization.named_parameters())["gain"].grad  # type: ignore[union-attr]
        assert gains is not None
        torch.testing.assert_close(gains[layer], norm.weight.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("variant", VARIANTS[::4], ids=lambda variant: "-".join(map(str, variant)))
def test_the_exact_gradient_drops_what_the_pass_dropped(variant: tuple[Any, ...]) -> None:
    torch.manual_seed(0)
    ours, _ = networks(experiment(*variant))
    x, labels = batch()
    nn.functional.cross_entropy(ours(x), labels).backward()  # type: ignore[no-untyped-call]
    delivered = ours.trace.output_grads.clone()
    exact = ours.trace.exact_gradients()
    rescaled = torch.ldexp(exact.output_grads, exact.exponents[:, None, None])
    torch.testing.assert_close(rescaled, delivered, rtol=1e-10, atol=1e-300)


def test_masks_are_dropouts_and_every_pass_has_its_own() -> None:
    share = 0.3
    e = experiment("relu", "none", 1, "none", depth=10, width=100, dropout=share)
    ours = build_network(e, (FEATURES,), CLASSES)
    assert isinstance(ours, Network)
    x, _ = batch()
    masks = []
    for _ in range(3):
        ours(x)
        masks.append(masks_of(ours))
    for mask in masks:
        assert set(mask.unique().tolist()) == {0.0, 1.0 / (1.0 - share)}
        # 8000 draws: five standard deviations
        assert float((mask == 0).double().mean()) == pytest.approx(share, abs=5 * (share * (1 - share) / 8000) ** 0.5)
    assert not torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[1], masks[2])
    # units and layers drop independently of each other
    flat = (masks[0] == 0).double().flatten(1)
    correlations = np.corrcoef(flat.numpy())[np.triu_indices(10, 1)]
    assert np.abs(correlations).max() < 5 / 800**0.5


def test_nothing_is_dropped_where_the_network_is_not_trained() -> None:
    torch.manual_seed(0)
    for shortcut in ("none", "pre_activation"):
        ours, eager = networks(experiment("tanh", shortcut, 1, "none"))
        x, _ = batch()
        expected = eager(x)
        torch.testing.assert_close(ours.evaluate(x), expected, rtol=1e-10, atol=1e-12)
        ours(x)
        ours.eval()
        torch.testing.assert_close(ours(x), expected, rtol=1e-10, atol=1e-12)


BASE = {"depth": 3, "width": 8, "data": "moons", "samples": 60, "batch_size": 16, "device": "cpu", "steps": 12,
        "activation": "tanh", "dropout": 0.5, "optimizer": "adam"}  # fmt: skip


def losses(events: list[Event]) -> list[float]:
    return [event.loss for event in events if isinstance(event, Frame)]


def test_a_run_with_dropout_is_repeated_and_resumed_bit_by_bit() -> None:
    e = Experiment.parse(BASE)
    whole = list(train(e))
    assert losses(list(train(e))) == losses(whole)
    assert losses(list(train(e.changed(seed=1)))) != losses(whole)
    control, kept = Control(), None
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            kept = event
        elif isinstance(event, Frame) and event.step == 5:
            control.ask_for_checkpoint()
    assert kept is not None
    rest = list(train(e, checkpoint=kept))
    assert losses(rest) == losses(whole)[kept.step :]
    ends = [next(event for event in reversed(events) if isinstance(event, Evaluation)) for events in (rest, whole)]
    assert ends[0].loss == ends[1].loss


def test_without_dropout_nothing_of_it_is_kept() -> None:
    ours = build_network(Experiment.parse(BASE | {"dropout": 0.0}), (2,), 2)
    assert not [name for name in ours.state_dict() if "passes" in name]
    assert isinstance(next(iter(train(Experiment.parse(BASE | {"dropout": 0.0})))), Started)
