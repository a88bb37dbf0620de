"""The networks on which the cost of watching is measured, each with a batch of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

CLASSES = 10
IMAGES, CHANNELS, PIXELS, CONVOLUTIONS = 16, 32, 16, 20
SENTENCES, TOKENS, EMBEDDED, HEADS, BLOCKS = 16, 32, 128, 4, 4
SAMPLES, WIDTH = 128, 64


@dataclass(frozen=True, slots=True)
class Case:
    """A network by name; `make` returns it with fresh weights, and a batch with its classes."""

    name: str
    make: Callable[[], tuple[nn.Module, Tensor, Tensor]]


def convolutions() -> tuple[nn.Module, Tensor, Tensor]:
    """Return a plain network of 3 x 3 convolutions with batch normalisation."""
    layers: list[nn.Module] = []
    for index in range(CONVOLUTIONS):
        layers += [
            nn.Conv2d(CHANNELS if index else 3, CHANNELS, 3, padding=1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.ReLU(),
        ]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, CLASSES)]
    return nn.Sequential(*layers, *head), torch.randn(IMAGES, 3, PIXELS, PIXELS), _classes(IMAGES)


def transformer() -> tuple[nn.Module, Tensor, Tensor]:
    """Return an encoder whose outputs are averaged over the tokens of a sentence."""
    block = nn.TransformerEncoderLayer(EMBEDDED, HEADS, 4 * EMBEDDED, dropout=0.0, batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(block, BLOCKS, enable_nested_tensor=False)
    head = [nn.AdaptiveAvgPool2d((1, EMBEDDED)), nn.Flatten(), nn.Linear(EMBEDDED, CLASSES)]
    return nn.Sequential(encoder, *head), torch.randn(SENTENCES, TOKENS, EMBEDDED), _classes(SENTENCES)


def perceptron(depth: int) -> tuple[nn.Module, Tensor, Tensor]:
    """Return `depth` linear layers of one width with tanh between them, and a head; its signal reaches the end."""
    linear = [nn.Linear(WIDTH, WIDTH) for _ in range(depth)]
    for layer in linear:
        # more than 1, because tanh takes some of the signal at each layer
        nn.init.orthogonal_(layer.weight, gain=1.05)
    layers = [module for layer in linear for module in (layer, nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(WIDTH, CLASSES)), torch.randn(SAMPLES, WIDTH), _classes(SAMPLES)


def _classes(count: int) -> Tensor:
    return torch.randint(0, CLASSES, (count,))


CASES = (
    Case(f"{CONVOLUTIONS} convolutions", convolutions),
    Case(f"{BLOCKS} transformer blocks", transformer),
    Case(f"MLP 50 x {WIDTH}", lambda: perceptron(50)),
    Case(f"MLP 1000 x {WIDTH}", lambda: perceptron(1000)),
)
