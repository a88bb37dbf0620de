"""Data to learn from, and training loops as people write them, watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import gradviz
from gradviz.recording.history import History

Logged = dict[str, Any]
LossOf = Callable[[], Logged]


def points(samples: int = 64, noise: float = 0.7, classes: int = 10) -> tuple[Tensor, Tensor]:
    """Ten clouds in 16 dimensions, a new sample at each call: inputs [samples, 16], labels [samples]."""
    centres = torch.randn(classes, 16, generator=torch.Generator().manual_seed(3))
    labels = torch.randint(classes, (samples,))
    return centres[labels] + noise * torch.randn(samples, 16), labels


def pictures(samples: int = 32) -> tuple[Tensor, Tensor]:
    """Ten patterns under noise: inputs [samples, 1, 12, 12], labels [samples]."""
    patterns = torch.randn(10, 1, 12, 12, generator=torch.Generator().manual_seed(3))
    labels = torch.randint(10, (samples,))
    return patterns[labels] + 0.7 * torch.randn(samples, 1, 12, 12), labels


def signals(samples: int = 32, length: int = 12) -> tuple[Tensor, Tensor]:
    """Sequences whose mean tells the class: inputs [samples, length, 4], labels [samples]."""
    labels = torch.randint(4, (samples,))
    return functional.one_hot(labels, 4)[:, None] + 0.7 * torch.randn(samples, length, 4), labels


def tokens(samples: int = 16, length: int = 8) -> tuple[Tensor, Tensor]:
    """Tokens and the same in reverse order, both [samples, length]."""
    sequence = torch.randint(20, (samples, length))
    return sequence, sequence.flip(1)


def classify(
    model: nn.Module,
    data: Callable[[], tuple[Tensor, Tensor]] = points,
    loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy,
    *,
    told: bool = True,
) -> LossOf:
    """Return what makes one pass; `told` says whether the script logs inputs, outputs and targets, too."""

    def once() -> Logged:
        inputs, targets = data()
        outputs = model(inputs)
        if outputs.dim() == 3:
            outputs, targets = outputs.flatten(0, 1), targets.flatten()
        logged: Logged = {"loss": loss(outputs, targets)}
        return logged | ({"inputs": inputs, "outputs": outputs, "targets": targets} if told else {})

    return once


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    once: LossOf,
    steps: int = 120,
    *,
    before_step: Callable[[], None] | None = None,
    further: Callable[[int], Logged] | None = None,
    clear: bool = True,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
) -> History:
    """Return the recording of the usual loop; `further` is what else is logged at a step."""
    with gradviz.watch(model, None, max_overhead=None) as recorder:
        for step in range(steps):
            logged = once()
            logged["loss"].backward()
            if before_step is not None:
                before_step()
            optimizer.step()
            if clear:
                optimizer.zero_grad()
            if scheduler is not None:
                scheduler.step()
            recorder.log(**logged, **(further(step) if further is not None else {}))
    assert recorder.history is not None
    return recorder.history


def sgd(model: nn.Module, rate: float = 0.05, **options: Any) -> torch.optim.Optimizer:
    """Plain gradient descent with momentum."""
    return torch.optim.SGD(model.parameters(), rate, **({"momentum": 0.9} | options))


def adam(model: nn.Module, rate: float = 1e-3, **options: Any) -> torch.optim.Optimizer:
    """Adam."""
    return torch.optim.Adam(model.parameters(), rate, **options)


def adamw(model: nn.Module, rate: float = 1e-3, **options: Any) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay."""
    return torch.optim.AdamW(model.parameters(), rate, **options)


def validated(model: nn.Module, data: Callable[[], tuple[Tensor, Tensor]], every: int = 10) -> Callable[[int], Logged]:
    """Return what logs validation loss and accuracy every few steps."""
    inputs, targets = data()

    def look(step: int) -> Logged:
        if step % every:
            return {}
        model.eval()
        with torch.no_grad():
            outputs = model(inputs)
        model.train()
        right = (outputs.argmax(1) == targets).float().mean()
        return {
            "validation_loss": float(functional.cross_entropy(outputs, targets)),
            "validation_accuracy": float(right),
        }

    return look


def one_batch(data: Callable[[], tuple[Tensor, Tensor]]) -> Callable[[], tuple[Tensor, Tensor]]:
    """Return the same batch at every call."""
    inputs, targets = data()
    return lambda: (inputs, targets)
