"""PReLU with a slope learnt for each layer, against nn.PReLU under autograd in float64."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradviz.experiment import ActivationChoice, Experiment
from gradviz.network.activation_module import ActivationModule
from gradviz.network.catalogue import build_network
from gradviz.network.stack.reference import copy_weights, reference_network
from gradviz.network.stack.stack import Network
from gradviz.recording.frame import Checkpoint, Frame
from gradviz.training.control import Control
from gradviz.training.loop import train

VARIANTS = [
    ("none", "none", 0.0),
    ("identity", "layer", 0.0),
    ("scaled", "none", 0.3),
    ("pre_activation", "none", 0.0),
    ("pre_activation", "batch", 0.3),
    ("highway", "rms", 0.0),
]


def experiment(shortcut: str, normalization: str, dropout: float) -> Experiment:
    return Experiment.parse(
        {
            "depth": 5, "width": 6, "activation": "prelu", "shortcut": shortcut, "normalization": normalization,
            "dropout": dropout, "precision": "float64", "initialization": "he_normal",
        }
    )  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant)))
def test_outputs_and_gradients_of_slopes_and_weights_are_autograds(variant: tuple[str, str, float]) -> None:
    torch.manual_seed(1)
    e = experiment(*variant)
    ours = build_network(e, (4,), 3)
    assert isinstance(ours, Network)
    assert ours.stack.prelu is not None
    assert ours.stack.prelu.slopes.tolist() == [0.25] * 5
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, dtype=torch.float64))
    eager = reference_network(e, 4, 3)
    copy_weights(ours, eager)
    slopes = [module for module in eager.modules() if isinstance(module, nn.PReLU)]
    x, labels = torch.randn(8, 4, dtype=torch.float64), torch.randint(0, 3, (8,))
    logits = ours(x)
    nn.functional.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
    if ours.stack.masks is not None:
        for module, mask in zip(slopes, ours.stack.masks, strict=True):
            module.register_forward_hook(lambda _module, _inputs, output, mask=mask: output * mask)
    expected = eager(x)
    nn.functional.cross_entropy(expected, labels).backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(logits, expected, rtol=1e-10, atol=1e-12)
    grads = ours.stack.prelu.slopes.grad
    assert grads is not None
    torch.testing.assert_close(grads, torch.cat([module.weight.grad for module in slopes]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(ours.input_layer.weight.grad, eager[0].weight.grad, rtol=1e-9, atol=1e-12)


def test_slopes_are_learnt_and_resumed_and_used_for_validation() -> None:
    e = Experiment(
        depth=3, width=8, activation="prelu", data="moons", samples=60, batch_size=16, device="cpu", steps=12,
        optimizer="adam", learning_rate=0.05,
    )  # fmt: skip
    control, kept = Control(checkpoint_at_end=True), []
    whole = []
    for event in train(e, control):
        if isinstance(event, Checkpoint):
            kept.append(event)
        elif isinstance(event, Frame):
            whole.append(event.loss)
            if event.step == 5:
                control.ask_for_checkpoint()
    slopes = kept[-1].arrays["network/stack.prelu.slopes"]
    assert slopes.shape == (3,)
    assert (slopes != 0.25).all()
    rest = [event.loss for event in train(e, checkpoint=kept[0]) if isinstance(event, Frame)]
    assert rest == whole[kept[0].step :]


def test_inference_has_the_slopes_that_training_left() -> None:
    ours = build_network(experiment("none", "none", 0.0), (4,), 3)
    assert isinstance(ours, Network)
    assert ours.stack.prelu is not None
    with torch.no_grad():
        ours.stack.prelu.slopes.copy_(torch.tensor([-0.5, 0.1, 0.7, 1.5, 0.0]))
    x = torch.randn(8, 4, dtype=torch.float64)
    torch.testing.assert_close(ours.evaluate(x), ours(x).detach(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("architecture", ["resnet", "transformer"])
def test_other_architectures_learn_a_slope_for_each_of_their_activations(architecture: str) -> None:
    e = Experiment.parse({"architecture": architecture, "activation": "prelu", "precision": "float64"})
    network = build_network(e, (1, 8, 8), 10)
    modules = [module for module in network.modules() if isinstance(module, ActivationModule)]
    assert modules
    x = torch.randn(4, 64, dtype=torch.float64)
    nn.functional.cross_entropy(network(x), torch.arange(4)).backward()  # type: ignore[no-untyped-call]
    for module in modules:
        assert module.slope is not None
        assert module.slope.dtype == torch.float64
        assert module.slope.grad is not None
    z = torch.linspace(-2, 2, 9, dtype=torch.float64)
    torch.testing.assert_close(modules[0](z), nn.PReLU(dtype=torch.float64)(z))


def test_the_steepness_of_a_module_is_that_of_the_slope_it_has_learnt() -> None:
    module = ActivationModule(ActivationChoice("prelu"), dtype=torch.float64)
    assert module.slope is not None
    given = torch.tensor([-3.0, -0.5, 0.5, 2.0], dtype=torch.float64)
    for slope in (0.25, -0.5, 2.0):
        with torch.no_grad():
            module.slope.fill_(slope)
        leaf = given.clone().requires_grad_()
        (grad,) = torch.autograd.grad(module(leaf).sum(), leaf)
        expected = grad.abs() / max(1.0, abs(slope))
        torch.testing.assert_close(module.steepness(given, module(given).detach()), expected, check_dtype=False)
