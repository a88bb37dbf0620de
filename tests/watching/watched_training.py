"""Networks to watch, and what plain autograd says about them: float64, module by module, hook by hook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.recording.frame import Observation
from gradviz.recording.history import History
from gradviz.watching.recorder import Recorder

Batch = tuple[Tensor, Tensor]


class Attentive(nn.Module):
    """A small Transformer with a parameter of its own and a head."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.randn(5, 8) * 0.1)
        block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x + self.place).mean(1))


def perceptron() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 7), nn.Tanh(), nn.Linear(7, 5), nn.ReLU(inplace=True), nn.Linear(5, 3))


def convolutions() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten(), nn.Linear(48, 3)
    )


INPUT_SHAPES: dict[Callable[[], nn.Module], tuple[int, ...]] = {
    perceptron: (6,),
    convolutions: (2, 6, 6),
    Attentive: (5, 8),
}


def batches(make: Callable[[], nn.Module], count: int, size: int = 9) -> list[Batch]:
    generator = torch.Generator().manual_seed(7)
    return [
        (
            torch.randn(size, *INPUT_SHAPES[make], generator=generator),
            torch.randint(0, 3, (size,), generator=generator),
        )
        for _ in range(count)
    ]


def weights_of(module: nn.Module) -> list[nn.Parameter]:
    """The weights of a module, by another road than the program's: biases have one dimension and are called so."""
    own = dict(module.named_parameters(recurse=False))
    return [weight for name, weight in own.items() if "bias" not in name] or list(own.values())


@dataclass
class Oracle:
    """Looks at every module of `model` with retained gradients, and computes in float64 on copies."""

    model: nn.Module
    outputs: dict[str, list[Tensor]] = field(default_factory=dict)
    rows: dict[str, dict[str, float]] = field(default_factory=dict)
    slopes: dict[str, list[Tensor]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = {module: name for name, module in self.model.named_modules()}
        for module in self.names:
            module.register_forward_hook(self._keep)
            if isinstance(module, (nn.ReLU, nn.Tanh)):
                module.register_forward_pre_hook(self._keep_slopes)

    def _keep_slopes(self, module: nn.Module, args: tuple[Tensor]) -> None:
        given = args[0].detach().double().clone().requires_grad_()
        slopes = torch.autograd.grad((given.tanh() if isinstance(module, nn.Tanh) else given.relu()).sum(), given)[0]
        self.slopes.setdefault(self.names[module], []).append(slopes)

    def _keep(self, module: nn.Module, _args: object, output: object) -> None:
        output = output[0] if isinstance(output, tuple) else output
        assert isinstance(output, Tensor)
        # what is done in place later must not change what is kept
        kept = output.detach().double().clone()
        gradient: list[Tensor] = []
        output.register_hook(lambda found: gradient.append(found.double().clone()))
        self.outputs.setdefault(self.names[module], []).append((kept, gradient))  # type: ignore[arg-type]

    def before_clipping(self) -> None:
        """Take the gradients as the backward pass delivered them."""
        self.unclipped = {
            name: length([weight.grad for weight in weights_of(module) if weight.grad is not None])
            for name, module in self.model.named_modules()
        }

    def before(self, samples: int) -> None:
        """Take everything that can be known before the step."""
        self.rows = {}
        for name, calls in self.outputs.items():
            numbers = torch.cat([kept.flatten() for kept, _ in calls])
            gradients = [part.flatten() for _, found in calls for part in found]
            row = {"activation_mean": numbers.mean().item(), "activation_std": numbers.std(correction=0).item()}
            if gradients:
                row["activation_grad_rms"] = torch.cat(gradients).square().mean().sqrt().item() * samples
                if isinstance(self.model, nn.Sequential):
                    # nothing underflows here
                    row["exact_log10_activation_grad_rms"] = row["activation_grad_rms"]
            self.rows[name] = row
        for name, module in self.model.named_modules():
            weights = [weight for weight in weights_of(module) if weight.requires_grad]
            if not weights:
                continue
            row = self.rows.setdefault(name, {})
            row["weight_norm"] = length(weights)
            gradients = [weight.grad for weight in weights if weight.grad is not None]
            if gradients:
                row["weight_grad_norm"] = length(gradients)
                if isinstance(self.model, nn.Sequential):
                    row["exact_log10_weight_grad_norm"] = self.unclipped[name]
        for name, parts in self.slopes.items():
            slopes = torch.cat(parts)
            if isinstance(self.model.get_submodule(name), nn.Tanh):
                self.rows[name]["saturated_fraction"] = (slopes < 0.01).double().mean().item()
            else:
                on = slopes.transpose(0, 1).flatten(1).any(1)
                self.rows[name]["dead_fraction"] = 1.0 - on.double().mean().item()
        self.outputs.clear()
        self.slopes.clear()
        self.before_step = {
            name: [weight.detach().clone() for weight in weights_of(module)]
            for name, module in self.model.named_modules()
        }

    def after(self) -> dict[str, dict[str, float]]:
        """Return, per module, what the step did; it belongs to the next frame."""
        found = {}
        for name, module in self.model.named_modules():
            weights = weights_of(module)
            if not any(weight.requires_grad for weight in weights):
                continue
            old = self.before_step[name]
            steps = [new.detach().double() - before.double() for new, before in zip(weights, old, strict=True)]
            same = sum(int((new == before).sum()) for new, before in zip(weights, old, strict=True))
            found[name] = {
                "update_ratio": length(steps) / length(old),
                "unchanged_fraction": same / sum(weight.numel() for weight in weights),
            }
        return found


def length(tensors: Sequence[Tensor]) -> float:
    return float(np.sqrt(sum((tensor.detach().double() ** 2).sum().item() for tensor in tensors)))


def measured(history: History, step: int) -> dict[str, dict[str, float]]:
    """Return what a recording says of `step`, by module and quantity, norms as themselves and not as logarithms."""
    result: dict[str, dict[str, float]] = {}
    for quantity in history.quantities:
        row = history.row(quantity.name, step)
        if row is None:
            continue
        for name, value in zip(history.started.row_names, row.astype(float), strict=True):
            if not np.isnan(value):
                result.setdefault(name, {})[quantity.name] = 10**value if quantity.scale == "log10" else value
    return result


def history_of(recorder: Recorder) -> History:
    assert recorder.history is not None
    return recorder.history


def first(history: History, kind: str) -> Observation | None:
    return next((one for one in history.observations if one.kind == kind), None)


def cross_entropy(model: nn.Module) -> Callable[[int], Tensor]:
    data = batches(perceptron, 1)
    return lambda _step: nn.functional.cross_entropy(model(data[0][0]), data[0][1])


def lengths(history: History, step: int, quantity: str = "weight_grad_norm") -> dict[str, float]:
    """Return one quantity of every module where it was measured."""
    return {name: row[quantity] for name, row in measured(history, step).items() if quantity in row}


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1])
