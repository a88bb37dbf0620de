"""The exact gradient of a watched chain of blocks against float64, and what it must not touch."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from watched_training import batches, convolutions, measured, perceptron

from gradviz.recording.history import History
from gradviz.watching.watch import watch

BLOCKS = 120
ACTIVATION, WEIGHT = "exact_log10_activation_grad_rms", "exact_log10_weight_grad_norm"
# of the gain of batch normalisation: with it the signal fades by 85 decades over the blocks
GAIN = 0.1231
DECADES = 1e-5


def fading() -> nn.Sequential:
    """120 blocks of convolution, batch normalisation and sigmoid; nested, as people write them."""
    blocks = []
    for index in range(BLOCKS):
        norm = nn.BatchNorm2d(4)
        nn.init.constant_(norm.weight, GAIN)
        blocks.append(nn.Sequential(nn.Conv2d(4 if index else 1, 4, 3, padding=1), norm, nn.Sigmoid()))
    return nn.Sequential(*blocks, nn.Flatten(), nn.Linear(256, 10))


def picture_batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(16, 1, 8, 8, generator=generator), torch.randint(0, 10, (16,), generator=generator)


def watched_once(model: nn.Module, x: Tensor, y: Tensor) -> History:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with watch(model, None) as recorder:
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert recorder.history is not None
    return recorder.history


def logs(history: History, quantity: str, step: int = 0) -> dict[str, float]:
    row = history.row(quantity, step)
    assert row is not None
    return {name: float(value) for name, value in zip(history.started.row_names, row, strict=True)}


def float64_logs(model: nn.Sequential, x: Tensor, y: Tensor) -> tuple[dict[str, float], dict[str, float]]:
    """log10 of one sample's gradient at outputs and of the norm at weights, all of the network in float64."""
    double = copy.deepcopy(model).double()
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _args: object, output: Tensor) -> None:
            output.retain_grad()
            outputs[name] = output

        return hook

    leaves = {name: module for name, module in double.named_modules() if name and not list(module.children())}
    for name, module in leaves.items():
        module.register_forward_hook(keep(name))
    nn.functional.cross_entropy(double(x.double()), y).backward()
    rms = {n: math.log10(o.grad.square().mean().sqrt().item() * len(x)) for n, o in outputs.items()}
    weights = {n: math.log10(m.weight.grad.norm().item()) for n, m in leaves.items() if hasattr(m, "weight")}
    return rms, weights


def test_a_signal_that_fades_by_85_decades_keeps_its_size() -> None:
    torch.manual_seed(0)
    model = fading()
    x, y = picture_batch()
    outputs, weights = float64_logs(model, x, y)
    history = watched_once(model, x, y)
    assert logs(history, "weight_grad_norm")["0.0"] == -math.inf
    assert logs(history, "activation_grad_rms")["0.2"] == -math.inf
    assert logs(history, WEIGHT)["0.0"] == pytest.approx(-85.2, abs=0.1)
    for found, expected in ((logs(history, ACTIVATION), outputs), (logs(history, WEIGHT), weights)):
        assert {name for name, value in found.items() if not np.isnan(value)} == set(expected)
        # the recording holds float32: 4e-6 decades at -85
        assert max(abs(found[name] - value) for name, value in expected.items()) < DECADES + 4e-6


def scaled_float64(model: nn.Sequential, kept: list[Tensor], gradient: Tensor) -> list[float]:
    """log10 of the norm of the gradient at the input of each block, in float64 through the float32 states."""
    double = copy.deepcopy(model).double()
    found = []
    shift = 0.0
    g = gradient.double()
    for block, state in zip(reversed(double), reversed(kept), strict=True):
        x = state.double().requires_grad_()
        (g,) = torch.autograd.grad(block(x), x, g)
        size = g.abs().max().item()
        g, shift = g / size, shift + math.log10(size)
        found.append(math.log10(g.norm().item()) + shift)
    return found[::-1]


def test_it_is_that_of_the_states_that_the_machine_computed() -> None:
    torch.manual_seed(1)
    model = fading()
    x, y = picture_batch()
    kept: list[Tensor] = []
    state = x
    for block in model:
        kept.append(state.detach())
        state = block(state)
    logits = state.detach().requires_grad_()
    nn.functional.cross_entropy(logits, y).backward()
    expected = scaled_float64(model, kept, logits.grad)
    found = logs(watched_once(model, x, y), ACTIVATION)
    # what comes out of block i goes into block i + 1; it has 16 x 256 numbers
    size = math.log10(16) - math.log10(16 * 256) / 2
    for index in range(BLOCKS):
        assert found[f"{index}.2"] == pytest.approx(expected[index + 1] + size, abs=DECADES + 4e-6)


class Counting(nn.Module):
    """A block of a person's own, with an attribute, a buffer and a list that its forward pass changes."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(7, 7)
        self.calls = 0
        self.seen: list[float] = []
        self.register_buffer("ema", torch.zeros(7))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen.append(float(x.detach().sum()))
        self.ema.lerp_(x.detach().mean(0), 0.1)
        return x + torch.tanh(self.inner(x))


def all_kinds() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 7), nn.BatchNorm1d(7), nn.ReLU(inplace=True), nn.Dropout(0.3), Counting(), nn.Sequential(
            nn.LayerNorm(7), nn.GELU(), nn.Dropout(0.1)
        ), nn.Linear(7, 3),
    )  # fmt: skip


def trained(make: Callable[[], nn.Sequential], shape: tuple[int, ...], *, watched: bool) -> list[Tensor]:
    torch.manual_seed(3)
    model = make()
    calls: list[Tensor] = []
    model[0].weight.register_hook(lambda gradient: calls.append(gradient.clone()))
    model[1].register_forward_hook(lambda _m, _a, output: calls.append(output.detach().clone()))
    model[-1].register_full_backward_hook(lambda _m, _i, outer: calls.append(outer[0].clone()))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    recorder = watch(model, None, thorough_every=2) if watched else None
    generator = torch.Generator().manual_seed(5)
    for _ in range(5):
        for _micro_batch in range(2):
            x = torch.randn(8, *shape, generator=generator)
            y = torch.randint(0, 3, (8,), generator=generator)
            nn.functional.cross_entropy(model(x), y).backward()
        calls += [parameter.grad.clone() for parameter in model.parameters()]
        optimizer.step()
        optimizer.zero_grad()
    if recorder is not None:
        recorder.close()
        assert recorder.history is not None
        assert WEIGHT in {quantity.name for quantity in recorder.history.quantities}
        assert {name for name, row in measured(recorder.history, 0).items() if WEIGHT in row} >= {"0", "1"}
    counted = [module for module in model if isinstance(module, Counting)]
    state = [torch.tensor([*module.seen, module.calls]) for module in counted]
    return [*calls, *model.state_dict().values(), *state, torch.rand(3)]


@pytest.mark.parametrize(("make", "shape"), [(all_kinds, (6,)), (convolutions, (2, 6, 6))])
def test_nothing_of_the_training_is_touched(make: Callable[[], nn.Sequential], shape: tuple[int, ...]) -> None:
    with_it, without = trained(make, shape, watched=True), trained(make, shape, watched=False)
    assert len(with_it) == len(without)
    assert all(torch.equal(one, other) for one, other in zip(with_it, without, strict=True))


def test_dropout_in_place_changes_and_blocks_of_ones_own_give_what_autograd_gives() -> None:
    torch.manual_seed(3)
    model = all_kinds()
    for x, y in batches(perceptron, 1):
        history = watched_once(model, x, y)
    for delivered, exact in (("activation_grad_rms", ACTIVATION), ("weight_grad_norm", WEIGHT)):
        there = {name: value for name, value in logs(history, delivered).items() if not np.isnan(value)}
        assert logs(history, exact) == pytest.approx(
            there | {n: math.nan for n in logs(history, exact) if n not in there}, abs=2e-6, nan_ok=True
        )


def test_shared_blocks_and_micro_batches_are_added_up() -> None:
    torch.manual_seed(2)
    shared = nn.Linear(6, 6)
    model = nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, None) as recorder:
        for x, y in batches(perceptron, 3):
            (nn.functional.cross_entropy(model(x), y) / 3).backward()
        expected = [math.log10(module.weight.grad.norm().item()) for module in (model[0], model[4])]
        optimizer.step()
    assert recorder.history is not None
    found = logs(recorder.history, WEIGHT)
    assert [found["0"], found["4"]] == pytest.approx(expected, abs=2e-6)


class Noisy(nn.Module):
    """Draws random numbers that nobody can draw again."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(1)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rand(x.shape, generator=self.generator)


class Forking(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class Joining(nn.Module):
    def forward(self, both: tuple[Tensor, Tensor]) -> Tensor:
        return both[0] + both[1]


@pytest.mark.parametrize("inside", [[Noisy()], [Forking(), Joining()]], ids=["random", "two tensors"])
def test_what_cannot_be_repeated_is_not_measured_and_said(inside: list[nn.Module], tmp_path) -> None:
    from gradviz.recording.store import read_info

    model = nn.Sequential(nn.Linear(6, 6), *inside, nn.Linear(6, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    [(x, y)] = batches(perceptron, 1)
    with watch(model, tmp_path / "run.gradviz") as recorder:
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert recorder.history is not None
    assert {ACTIVATION, WEIGHT}.isdisjoint(quantity.name for quantity in recorder.history.quantities)
    assert "exact gradient" in read_info(tmp_path / "run.gradviz").environment


def test_the_scale_of_a_scaler_is_taken_off() -> None:
    torch.manual_seed(6)
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    [(x, y)] = batches(perceptron, 1)
    with watch(model, None, scaler=scaler) as recorder:
        scaler.scale(nn.functional.cross_entropy(model(x), y)).backward()
        scaler.step(optimizer)
        scaler.update()
    row = measured(recorder.history, 0)["0"]
    assert row[WEIGHT] == pytest.approx(row["weight_grad_norm"], rel=1e-5)
    assert row[ACTIVATION] == pytest.approx(row["activation_grad_rms"], rel=1e-5)


def test_it_is_measured_seldom_until_the_gradient_leaves_the_range() -> None:
    found = []
    for gain in (1.0, 1e-20):
        torch.manual_seed(8)
        model = nn.Sequential(*(nn.Linear(6, 6) for _ in range(3)))
        nn.init.constant_(model[1].weight, gain)
        nn.init.constant_(model[2].weight, gain)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        with watch(model, None, thorough_every=2) as recorder:
            for x, _ in batches(perceptron, 1) * 21:
                model(x).square().sum().backward()
                optimizer.step()
                optimizer.zero_grad()
        assert recorder.history is not None
        found.append([step for step in range(21) if recorder.history.row(WEIGHT, step) is not None])
    assert found == [[0, 20], list(range(0, 21, 2))]
