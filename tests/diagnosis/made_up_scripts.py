"""Networks of scripts, made up row by row, and real ones measured by plain autograd, module by module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradviz.experiment import Row
from gradviz.recording.frame import Diverged, Frame, Quantity, Started
from gradviz.recording.history import History

if TYPE_CHECKING:
    from torch import nn

LOGARITHMIC = ("weight_grad_norm", "weight_norm", "update_ratio")
LINEAR = ("unchanged_fraction", "activation_mean", "activation_std")
AFTER_AN_UPDATE = ("update_ratio", "unchanged_fraction")
EVERYTHING = LOGARITHMIC + LINEAR
WELL = {
    "weight_grad_norm": -1.0, "weight_norm": 0.75, "update_ratio": -3.0, "unchanged_fraction": 0.0,
    "activation_mean": 0.1, "activation_std": 1.0,
}  # fmt: skip

NAMES = (
    "encoder.0.conv1", "encoder.0.conv2", "encoder.1.conv1", "encoder.1.conv2", "neck", "decoder.1.conv1",
    "decoder.1.conv2", "decoder.2.conv1", "decoder.2.conv2", "head",
)  # fmt: skip

Rows = Mapping[str, Sequence[float] | np.ndarray]


def at(name: str, value: float, quantity: str = "weight_grad_norm") -> dict[str, np.ndarray]:
    """A row that is well but for the module `name`."""
    row = np.full(len(NAMES), WELL[quantity])
    row[NAMES.index(name)] = value
    return {quantity: row}


def started(names: Sequence[str] = NAMES, measures: Sequence[str] = EVERYTHING, every: int = 1) -> Started:
    quantities = tuple(
        Quantity(
            name,
            name,
            "",
            "made up",
            "linear" if name in LINEAR else "log10",
            scheduled="activation" in name or every > 1,
        )
        for name in measures
    )
    rows = tuple(Row(name) for name in names)
    return Started("my model", rows, quantities, "float32", 1000, "cpu", 0, scheduled_every=every)


def run(
    later: Rows | None = None, *, at_start: Rows | None = None, steps: int = 21, skipped: Sequence[int] = (),
    loss: Callable[[int], float] | None = None, rate: Callable[[int], float] | None = None,
    known: Mapping[str, Sequence[bool]] | None = None, diverged: int | None = None,
    measures: Sequence[str] = EVERYTHING, every: int = 1,
) -> History:  # fmt: skip
    """A run that is well but for the rows `at_start` (None: as later), and `later` from step 1 on."""
    history = History(started(measures=measures, every=every))
    for step in range(steps + 1):
        rows = {name: np.full(len(NAMES), value) for name, value in WELL.items() if name in measures}
        rows |= (later or {}) if step or at_start is None else at_start  # type: ignore[operator]
        if step == 0:
            rows = {name: row for name, row in rows.items() if name not in AFTER_AN_UPDATE}
        kept = {name: np.asarray(row, np.float32) for name, row in rows.items()}
        measured = {name: np.asarray(mask) for name, mask in (known or {}).items() if name in kept}
        told = (loss(step) if loss else 1.0 / (step + 1), rate(step) if rate else 0.1)
        history.append(Frame(step, told[0], float("nan"), told[1], kept, measured, step in skipped))
    if diverged is not None:
        history.append(Diverged(diverged, float("nan")))
    return history


def frame(step: int, rows: Rows) -> Frame:
    """A frame of which `rows` were measured, and nothing else."""
    kept = {name: np.asarray(row, np.float32) for name, row in rows.items()}
    return Frame(step, 1.0 / (step + 1), float("nan"), 0.1, kept)


def trained(model: nn.Module, steps: int, loss_of: Callable[[nn.Module], object], optimizer: object) -> History:
    """The recording of `steps` updates of a real network, every number taken by itself and by plain means."""
    import torch

    owners = {
        name: next(parameter for key, parameter in module.named_parameters(recurse=False) if "bias" not in key)
        for name, module in model.named_modules()
        if any("bias" not in key for key, _ in module.named_parameters(recurse=False))
    }
    history = History(started(tuple(owners), LOGARITHMIC))
    before: dict[str, torch.Tensor] = {}
    for step in range(steps + 1):
        optimizer.zero_grad()  # type: ignore[attr-defined]
        loss: torch.Tensor = loss_of(model)  # type: ignore[assignment]
        loss.backward()
        gradients = [None if p.grad is None else float(p.grad.double().norm()) for p in owners.values()]
        lengths = [float(p.detach().double().norm()) for p in owners.values()]
        moves = [float((p.detach() - before[name]).double().norm()) for name, p in owners.items()] if before else None
        history.append(_frame(step, float(loss.detach()), gradients, lengths, moves))
        before = {name: parameter.detach().clone() for name, parameter in owners.items()}
        optimizer.step()  # type: ignore[attr-defined]
    return history


def _frame(
    step: int, loss: float, gradients: list[float | None], lengths: list[float], moves: list[float] | None
) -> Frame:
    there = np.array([gradient is not None for gradient in gradients])
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = {
            "weight_grad_norm": np.log10([gradient or 0.0 for gradient in gradients]),
            "weight_norm": np.log10(lengths),
        }
        if moves is not None:
            rows["update_ratio"] = np.log10(np.array(moves) / np.array(lengths))
    kept = {name: row.astype(np.float32) for name, row in rows.items()}
    return Frame(step, loss, float("nan"), 0.1, kept, dict.fromkeys(kept, there))
