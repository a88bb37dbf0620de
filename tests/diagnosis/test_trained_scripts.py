"""Real networks of several kinds, measured by plain autograd: those that learn are well, and a defect is named."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from made_up_findings import kinds
from made_up_scripts import trained
from torch import Tensor, nn
from torch.nn import functional

from gradviz.diagnosis import diagnose

STEPS = 25

pytestmark = pytest.mark.usefixtures("one_thread")


class Residual(nn.Module):
    """A block of two convolutions whose last normalisation begins at zero, as in many recipes for ResNets."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.bn2.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(x + self.bn2(self.conv2(inner)))


class Translator(nn.Module):
    """Embedding, encoder and head; positions are parameters of the whole."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)
        self.head = nn.Linear(32, 50)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(tokens)))


def pictures(classes: int = 10) -> Callable[[nn.Module], Tensor]:
    x, y = torch.randn(32, 3, 12, 12), torch.randint(classes, (32,))
    return lambda model: functional.cross_entropy(model(x), y)


def sentences() -> Callable[[nn.Module], Tensor]:
    tokens = torch.randint(50, (16, 12))
    return lambda model: functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten())


def points(width: int) -> Callable[[nn.Module], Tensor]:
    x = torch.randn(64, width)
    y = (x[:, 0] > 0).long()
    return lambda model: functional.cross_entropy(model(x), y)


def convolutional(layers: int = 20, width: int = 8) -> nn.Sequential:
    parts: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1)]
    for _ in range(layers):
        parts += [nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


def residual() -> nn.Sequential:
    stem = (nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    return nn.Sequential(
        *stem, *(Residual(8) for _ in range(6)), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )


def multilayer(depth: int, activation: type[nn.Module], width: int = 16) -> nn.Sequential:
    hidden = [part for _ in range(depth) for part in (nn.Linear(width, width), activation())]
    return nn.Sequential(*hidden, nn.Linear(width, 2))


HEALTHY: dict[str, tuple[Callable[[], nn.Module], Callable[[], Callable[[nn.Module], Tensor]]]] = {
    "convolutional": (convolutional, pictures),
    "residual": (residual, pictures),
    "transformer": (Translator, sentences),
    "multilayer": (lambda: multilayer(6, nn.ReLU), lambda: points(16)),
}


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("network", HEALTHY)
def test_networks_that_learn_are_well(network: str, optimizer: str) -> None:
    torch.manual_seed(1)
    make, task = HEALTHY[network]
    model, loss_of = make(), task()
    step = (
        torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
        if optimizer == "sgd"
        else torch.optim.Adam(model.parameters(), 1e-3)
    )
    history = trained(model, STEPS, loss_of, step)
    assert history.losses()[1][-1] < history.losses()[1][0]
    for at in range(STEPS + 1):
        assert kinds(diagnose(history, at)) == {"healthy"}, diagnose(history, at)[0]


def test_frozen_layers_are_well() -> None:
    torch.manual_seed(1)
    model, loss_of = Translator(), sentences()
    for layer in model.encoder.layers[:2]:
        layer.requires_grad_(False)
    history = trained(model, STEPS, loss_of, torch.optim.Adam(model.parameters(), 1e-3))
    assert kinds(diagnose(history)) == {"healthy"}


def test_a_branch_that_was_cut_off_is_named() -> None:
    torch.manual_seed(1)

    class Cut(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front, self.lost, self.back = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.front(x)
            return self.back(x + 0.0 * self.lost(x))

    model = Cut()
    findings = diagnose(trained(model, STEPS, points(16), torch.optim.SGD(model.parameters(), 0.1)))
    (found,) = findings[0].evidence
    assert (found.fact, found.rows, found.number("gradient_log10")) == ("no_gradient", (2,), -math.inf)
    assert findings[0].worst_row == 2


def test_thirty_sigmoid_layers_fade_from_one_to_the_next() -> None:
    torch.manual_seed(1)
    model = multilayer(30, nn.Sigmoid)
    findings = diagnose(trained(model, STEPS, points(16), torch.optim.SGD(model.parameters(), 0.1)))
    vanishing = [finding for finding in findings if finding.kind == "vanishing"]
    assert {finding.worst_row for finding in vanishing} == {1}
    rates = [finding.number("decades_per_row") for finding in vanishing if finding.fact("falls") is not None]
    # a slope of at most a quarter, and weights that keep a third of the length: log10(4 * sqrt(3)) is 0.84
    assert rates == pytest.approx([0.84], abs=0.15)


def test_parameters_that_the_optimiser_does_not_have() -> None:
    torch.manual_seed(1)
    model = multilayer(4, nn.ReLU)
    kept = [parameter for name, parameter in model.named_parameters() if not name.startswith("4.")]
    findings = diagnose(trained(model, STEPS, points(16), torch.optim.Adam(kept, 1e-3)))
    assert (findings[0].kind, findings[0].rows) == ("not_updating", (3,))
    assert findings[0].fact("no_steps") is not None


def test_a_learning_rate_a_thousand_times_too_high() -> None:
    torch.manual_seed(1)
    model = multilayer(4, nn.ReLU)
    history = trained(model, STEPS, points(16), torch.optim.Adam(model.parameters(), 3.0))
    assert "not_learning" in kinds(diagnose(history, 6))
    # in the end no hidden unit is on for any sample of the batch, and only the head still learns how often classes come
    assert [bool(parameter.grad.any()) for name, parameter in model.named_parameters() if "weight" in name] == [
        False, False, False, False, True,
    ]  # fmt: skip
    findings = diagnose(history)
    assert (findings[0].kind, findings[0].first_step) == ("too_much", 1)
    # what follows from it stands behind it
    found = next(fact for each in findings for fact in each.evidence if fact.fact == "no_gradient")
    assert (found.rows, found.at) == ((1, 2, 3, 4), 1)
