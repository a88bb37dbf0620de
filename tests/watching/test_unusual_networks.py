"""Networks that run in unusual ways: twice, in transforms, differentiated twice, compiled by torch.jit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.utils.checkpoint import checkpoint

from gradviz.diagnosis.diagnose import diagnose
from gradviz.recording.history import History
from gradviz.watching.watch import watch

ACTIVATION, WEIGHT = "activation_grad_rms", "weight_grad_norm"


class Blocks(nn.Module):
    """A stem, blocks that fade the gradient, and a head; the outputs of the blocks are kept or not."""

    def __init__(self, reentrant: bool | None) -> None:
        super().__init__()
        self.reentrant = reentrant
        self.stem = nn.Linear(8, 6)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.Sigmoid()) for _ in range(12))
        self.head = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x) if self.reentrant is None else checkpoint(block, x, use_reentrant=self.reentrant)
        out: Tensor = self.head(x)
        return out


def trained_blocks(reentrant: bool | None, steps: int = 3) -> History:
    torch.manual_seed(0)
    model = Blocks(reentrant)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(16, 8), torch.randint(3, (16,))
    with watch(model, None) as recorder:
        for _ in range(steps):
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            recorder.log(loss=loss)
    assert recorder.history is not None
    return recorder.history


def rows_of(history: History, name: str, step: int) -> dict[str, float]:
    row = history.row(name, step)
    assert row is not None
    return {known: 10.0 ** float(value) for known, value in zip(history.started.row_names, row, strict=True)}


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_change_neither_the_order_of_rows_nor_a_number(reentrant: bool) -> None:
    plain, found = trained_blocks(None), trained_blocks(reentrant)
    assert found.started.row_names == plain.started.row_names
    for step in range(3):
        for quantity in plain.quantities:
            expected, row = plain.row(quantity.name, step), found.row(quantity.name, step)
            if quantity.name.startswith("exact") or expected is None:
                continue
            assert row is not None, (quantity.name, step)
            np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6, err_msg=f"{quantity.name} {step}")


def test_a_gradient_that_vanishes_through_checkpoints_does_not_explode() -> None:
    kinds = [finding.kind for finding in diagnose(trained_blocks(True, 12))]
    assert "vanishing" in kinds
    assert "exploding" not in kinds


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))


def test_gradients_per_sample_leave_the_activations_out() -> None:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def loss_of(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        out: Tensor = functional_call(model, parameters, (x[None],)).square().sum()
        return out

    lengths = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recorder = watch(model, None)
    for _ in range(4):
        parameters = {name: parameter.detach() for name, parameter in model.named_parameters()}
        per_sample = vmap(grad(loss_of), (None, 0))(parameters, torch.randn(8, 4))
        for name, parameter in model.named_parameters():
            parameter.grad = per_sample[name].mean(0)
        lengths.append(per_sample["0.weight"].mean(0).double().norm().item())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer.step()
    recorder.close()
    history = recorder.history
    assert history is not None
    assert history.frames == 4
    assert [rows_of(history, WEIGHT, step)["0"] for step in range(4)] == pytest.approx(lengths, rel=1e-5)
    assert ACTIVATION not in {quantity.name for quantity in history.quantities}


def penalised(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    x = x.clone().requires_grad_()
    out = model(x)
    (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean() - out.mean(), out


@pytest.mark.parametrize("create_graph", [True, False])
def test_a_gradient_taken_on_the_way_to_the_loss_is_none_of_the_loss(create_graph: bool) -> None:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(3):
            x = torch.randn(32, 4)
            if create_graph:
                loss, _ = penalised(model, x)
            else:
                torch.autograd.grad(model(x.requires_grad_()).sum(), x)
                loss = -model(x).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
    assert recorder.history is not None
    for step in range(3):
        # the output enters the loss as its negative mean alone; the plain case has two passes of 32 samples
        assert rows_of(recorder.history, ACTIVATION, step)["2"] == pytest.approx(1.0 if create_graph else 2.0, rel=1e-5)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_a_loss_whose_gradient_is_differentiated_later_counts() -> None:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(2):
            model(torch.randn(32, 4)).mean().backward(create_graph=True)
            optimizer.step()
            optimizer.zero_grad()
    assert recorder.history is not None
    assert rows_of(recorder.history, ACTIVATION, 1)["2"] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torch_jit_compiles_a_watched_model_in_every_step() -> None:
    model, x = small(), torch.randn(3, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    plain = small()
    with watch(model, None, thorough_every=2) as recorder:
        for step in range(5):
            with torch.no_grad():
                expected = model(x)
                assert torch.equal(torch.jit.script(model)(x), expected)
                assert torch.equal(torch.jit.trace(model, x)(x), expected)
            torch.jit.trace(model, x)
            model(x).square().mean().backward()
            optimizer.step()
            optimizer.zero_grad()
            assert step == 0 or recorder.steps <= step
    assert recorder.history is not None
    assert recorder.history.frames == 5
    # what a traced pass puts out is no output of the step
    for at in (0, 2, 4):
        assert recorder.history.row("activation_mean", at) is not None
    assert len(plain._forward_hooks) == len(model._forward_hooks) == 0


class SpareHead(nn.Module):
    """A network with a layer that has no number in it."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.spare = nn.Linear(8, 3), nn.Linear(8, 0)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.body(x), self.spare(x)], 1)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_layer_without_any_number_has_no_weights_to_stand_still() -> None:
    torch.manual_seed(0)
    model = SpareHead()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None, thorough_every=1) as recorder:
        for _ in range(30):
            nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.randint(3, (16,))).backward()
            optimizer.step()
            optimizer.zero_grad()
    history = recorder.history
    assert history is not None
    spare = history.started.row_names.index("spare")
    assert history.measured(WEIGHT, 29).tolist() == [row != spare for row in range(len(history.started.rows))]
    assert {finding.kind for finding in diagnose(history)} <= {"healthy", "not_measured"}
