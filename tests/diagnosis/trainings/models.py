"""Small networks of many kinds, as a person would write them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


def multilayer(
    depth: int = 4, width: int = 32, activation: type[nn.Module] = nn.ReLU, *, inputs: int = 16, outputs: int = 10
) -> nn.Sequential:
    """Linear layers with an activation behind each but the last."""
    sizes = [inputs] + [width] * (depth - 1)
    hidden = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), activation())]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


def kaiming(model: nn.Sequential) -> nn.Sequential:
    """Start all linear layers as He et al. advise for ReLU."""
    for part in model:
        if isinstance(part, nn.Linear):
            nn.init.kaiming_normal_(part.weight)
            nn.init.zeros_(part.bias)
    return model


def convolutional(channels: int = 8, classes: int = 10) -> nn.Sequential:
    """Two strided convolutions with batch norm, then a linear layer."""
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 3, 2, 1), nn.BatchNorm2d(2 * channels), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(8 * channels, classes),
    )  # fmt: skip


class Residual(nn.Module):
    """Two convolutions and a shortcut past them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x))))))


class ResNet(nn.Module):
    """Stem, residual blocks, pooling, head."""

    def __init__(self, channels: int = 8, blocks: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3, 2, 1)
        self.blocks = nn.Sequential(*(Residual(channels) for _ in range(blocks)))
        self.head = nn.Linear(channels * 4, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(functional.adaptive_avg_pool2d(self.blocks(self.stem(x)), 2).flatten(1))


class UNet(nn.Module):
    """One level down and up again, with the skip connection between."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.enter = self._block(1, width)
        self.down = self._block(width, 2 * width)
        self.up = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.join = self._block(2 * width, width)
        self.leave = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        level = self.enter(x)
        below = self.up(self.down(functional.max_pool2d(level, 2)))
        return self.leave(self.join(torch.cat([level, below], 1)))

    @staticmethod
    def _block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Recurrent(nn.Module):
    """A recurrent layer over a sequence; the last state decides."""

    def __init__(self, kind: str = "LSTM", width: int = 24, inputs: int = 4, classes: int = 4) -> None:
        super().__init__()
        self.rnn = getattr(nn, kind)(inputs, width, batch_first=True)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class Unrolled(nn.Module):
    """A cell that a loop of one's own calls once for each element of the sequence."""

    def __init__(self, width: int = 16, inputs: int = 4, classes: int = 4) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Linear(inputs, width)
        self.cell = nn.Linear(width, width)
        self.squash = nn.Sigmoid()
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        state = self.enter(x[:, 0])
        for _ in range(x.shape[1]):
            state = self.squash(self.cell(state))
        return self.head(state)


class Transformer(nn.Module):
    """Embedding, positions, encoder, head: it copies its tokens in reverse order."""

    def __init__(self, tokens: int = 20, width: int = 24, layers: int = 2, length: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        self.place = nn.Parameter(torch.randn(length, width) * 0.5)
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, tokens)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(tokens) + self.place))


class Mixture(nn.Module):
    """Each sample goes to the one expert that the gate prefers; experts without samples are not called."""

    def __init__(self, experts: int = 4, width: int = 24, *, only: int | None = None) -> None:
        super().__init__()
        self.enter = nn.Linear(16, width)
        self.gate = nn.Linear(width, experts)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(experts)
        )
        self.head = nn.Linear(width, 10)
        self.only = only

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        weights, chosen = self.gate(x).softmax(1).max(1)
        if self.only is not None:
            chosen = torch.full_like(chosen, self.only)
        total = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            mine = (chosen == number).nonzero()[:, 0]
            if mine.numel():
                total = total.index_add(0, mine, expert(x[mine]) * weights[mine, None])
        return self.head(x + total)


class LowRank(nn.Module):
    """A frozen linear layer and what is learnt beside it, which begins at zero."""

    def __init__(self, base: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.lora_A = nn.Linear(base.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.lora_B(self.lora_A(x))


def low_rank() -> nn.Sequential:
    """A network with adapters in place of all its linear layers but the last."""
    model = multilayer()
    for place in (0, 2, 4):
        model[place] = LowRank(model[place])
    return model


class Autoencoder(nn.Sequential):
    """Through a narrow middle and out again."""

    def __init__(self, middle: int = 6, activation: type[nn.Module] = nn.Tanh) -> None:
        super().__init__(
            nn.Linear(16, 24), activation(), nn.Linear(24, middle), nn.Linear(middle, 24), activation(),
            nn.Linear(24, 16),
        )  # fmt: skip


class Branches(nn.Module):
    """Two branches whose outputs are joined; `cut` says what is done to the second."""

    def __init__(self, cut: str = "") -> None:
        super().__init__()
        self.left, self.right = nn.Linear(16, 32), nn.Linear(16, 32)
        self.head = nn.Linear(64, 10)
        self.cut = cut

    def forward(self, x: Tensor) -> Tensor:
        left = functional.relu(self.left(x))
        if self.cut == "no_grad":
            with torch.no_grad():
                right = functional.relu(self.right(x))
        else:
            right = functional.relu(self.right(x))
        if self.cut == "detach":
            right = right.detach()
        if self.cut == "numpy":
            right = torch.from_numpy(right.detach().numpy())
        return self.head(torch.cat([left, right], 1))


class TwoHeads(nn.Module):
    """A trunk with two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.first, self.second = nn.Linear(32, 10), nn.Linear(32, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        inner = self.trunk(x)
        return self.first(inner), self.second(inner)


class Forgotten(nn.Module):
    """A layer that is made and never called, as when a line of `forward` was lost."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(16, 32), nn.Linear(32, 32), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(functional.relu(self.first(x)))
