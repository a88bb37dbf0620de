"""Each normalisation alone against torch's own module: forward, backward, running statistics, inference."""

import pytest
import torch
from torch import Tensor, nn

from gradviz.experiment import Experiment
from gradviz.network.stack.normalization import BatchNormalization, Normalization, normalization

LAYERS, WIDTH, BATCH = 3, 6, 5
KINDS = ("layer", "rms", "batch")


def torchs(kind: str) -> nn.Module:
    modules = {
        "layer": lambda: nn.LayerNorm(WIDTH, eps=1e-5),
        "rms": lambda: nn.RMSNorm(WIDTH, eps=1e-5),
        "batch": lambda: nn.BatchNorm1d(WIDTH, eps=1e-5, momentum=0.1),
    }
    return modules[kind]().double()


def pair(kind: str) -> tuple[Normalization, list[nn.Module]]:
    """Ours for three layers, and torch's modules one by one, with the same gains and offsets, none of them 1 or 0."""
    ours = normalization(
        Experiment.parse({"depth": LAYERS, "width": WIDTH, "normalization": kind}).network, dtype=torch.float64
    )
    assert ours is not None
    theirs = [torchs(kind) for _ in range(LAYERS)]
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter, name in zip(ours.parameters(), ("weight", "bias"), strict=False):
            parameter.add_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
            for layer, module in enumerate(theirs):
                module.get_parameter(name).copy_(parameter[layer])
    return ours, theirs


def batch(seed: int, scale: float = 1.0) -> Tensor:
    return torch.randn(BATCH, WIDTH, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * scale + 0.3


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e4], ids=lambda scale: f"spread-{scale:g}")
@pytest.mark.parametrize("kind", KINDS)
def test_forward_and_backward_are_torchs(kind: str, scale: float) -> None:
    """Down to a spread of a millionth, where epsilon and not the data decides."""
    ours, theirs = pair(kind)
    ours.prepare()
    for layer in range(LAYERS):
        x, grad = batch(layer, scale), batch(layer + 10)
        leaf = x.clone().requires_grad_()
        expected = theirs[layer](leaf)
        expected.backward(grad)
        result, x_grad = torch.empty_like(x), torch.empty_like(x)
        with torch.no_grad():
            ours.forward_op(layer, x, result)()
            ours.backward_op(layer, x, grad, x_grad)()
        torch.testing.assert_close(result, expected.detach(), rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(x_grad, leaf.grad, rtol=1e-9, atol=1e-9 * leaf.grad.abs().max().item())
        for ours_grad, name in zip(ours.parameter_grads(), ("weight", "bias"), strict=False):
            torch.testing.assert_close(ours_grad[layer], theirs[layer].get_parameter(name).grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_come_in_the_order_of_the_parameters(kind: str) -> None:
    ours, _ = pair(kind)
    ours.prepare()
    with torch.no_grad():
        for layer in range(LAYERS):
            ours.forward_op(layer, batch(layer), torch.empty(BATCH, WIDTH, dtype=torch.float64))()
            ours.backward_op(layer, batch(layer), batch(7), torch.empty(BATCH, WIDTH, dtype=torch.float64))()
    assert len(ours.parameter_grads()) == len(list(ours.parameters())) == (1 if kind == "rms" else 2)
    # the offset's gradient is the plain sum of what arrives, whatever the normalisation does
    if kind != "rms":
        torch.testing.assert_close(ours.parameter_grads()[1], batch(7).sum(0).expand(LAYERS, WIDTH))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_of_one_layer_is_not_anothers(kind: str) -> None:
    """All layers forward first, as the stack does, then all backward."""
    ours, theirs = pair(kind)
    ours.prepare()
    with torch.no_grad():
        for layer in range(LAYERS):
            ours.forward_op(layer, batch(layer, layer + 0.5), torch.empty(BATCH, WIDTH, dtype=torch.float64))()
        for layer in reversed(range(LAYERS)):
            x_grad = torch.empty(BATCH, WIDTH, dtype=torch.float64)
            ours.backward_op(layer, batch(layer, layer + 0.5), batch(20), x_grad)()
            leaf = batch(layer, layer + 0.5).requires_grad_()
            with torch.enable_grad():
                theirs[layer](leaf).backward(batch(20))
            torch.testing.assert_close(x_grad, leaf.grad, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_inference_is_torchs_after_training_on_several_batches(kind: str) -> None:
    ours, theirs = pair(kind)
    ours.prepare()
    for turn in range(7):
        for layer in range(LAYERS):
            with torch.no_grad():
                ours.forward_op(layer, batch(turn, 2.0), torch.empty(BATCH, WIDTH, dtype=torch.float64))()
            theirs[layer](batch(turn, 2.0))
    other = batch(99, 3.0)
    for layer in range(LAYERS):
        expected = theirs[layer].eval()(other)
        torch.testing.assert_close(ours.infer(layer, other), expected, rtol=1e-10, atol=1e-12)
    if isinstance(ours, BatchNormalization):
        torch.testing.assert_close(ours.running_mean[1], theirs[1].get_buffer("running_mean"))
        torch.testing.assert_close(ours.running_variance[1], theirs[1].get_buffer("running_var"))


def test_inference_does_not_move_running_statistics() -> None:
    ours, _ = pair("batch")
    assert isinstance(ours, BatchNormalization)
    ours.infer(0, batch(1))
    assert not ours.running_mean.any()
    assert torch.equal(ours.running_variance, torch.ones(LAYERS, WIDTH, dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_samples_that_are_all_alike_stay_finite(kind: str) -> None:
    ours, _ = pair(kind)
    ours.prepare()
    same = torch.zeros(BATCH, WIDTH, dtype=torch.float64)
    result, x_grad = torch.empty_like(same), torch.empty_like(same)
    with torch.no_grad():
        ours.forward_op(0, same, result)()
        ours.backward_op(0, same, batch(3), x_grad)()
    offsets = dict(ours.named_parameters()).get("offset")
    expected = torch.zeros(WIDTH, dtype=torch.float64) if offsets is None else offsets[0].detach()
    torch.testing.assert_close(result, expected.expand(BATCH, WIDTH))
    assert x_grad.isfinite().all()


def test_none_is_none() -> None:
    assert normalization(Experiment.parse({"normalization": "none"}).network) is None
