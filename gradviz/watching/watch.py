"""`gradviz.watch`: the one call that a person puts into a script of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from gradviz.errors import RecordingError
from gradviz.probes.modules.rows import is_row, named_modules, unwrapped
from gradviz.watching.recorder import IdleRecorder, Recorder
from gradviz.watching.steps import Settings

Patterns = str | Sequence[str]
SUFFIX = ".gradviz"


def watch(
    model: nn.Module,
    path: str | Path | None,
    *,
    every: int = 1,
    thorough_every: int = 20,
    include: Patterns = "*",
    exclude: Patterns = (),
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    scaler: GradScaler | None = None,
    title: str = "",
) -> Recorder:
    """Record what happens in `model` while your own loop trains it, into the file `path`.

        with gradviz.watch(model, "run.gradviz") as recorder:
            for inputs, targets in batches:
                loss = loss_function(model(inputs), targets)
                loss.backward()
                optimizer.step()
                optimizer.zero_grad()
                recorder.log(loss=loss)

    Call it once, before the first forward pass. From then on each step of an optimiser of `torch.optim` (or derived
    from it) that holds parameters of `model` becomes a frame; several optimisers that take turns make one frame a
    round. The training computes the same numbers as without, bit by bit; an error in here ends the watching with a
    warning and never the training. `gradviz --follow run.gradviz` shows the run while it is recorded.

    Every `every` steps: the length of the gradient of each module's weights, as the optimiser is given it, that is
    accumulated, unscaled and after clipping. This costs one pass over the gradients. Every `thorough_every` steps (a
    multiple of `every`) also what needs more: the length of the weights, the update ratio and the share of unchanged
    weights, for which the weights are copied once (memory for one more copy of them is kept), and mean, spread and
    gradient of each module's output, for which there are hooks on the modules in that step only. `gradviz bench
    --watch` shows what both cost on your machine.

    Of an `nn.Sequential` the exact gradient is measured as well, to which the range of the numbers sets no end. For
    this, what enters its blocks is kept until the optimiser's step, and copies of the blocks are run once more,
    backwards: in every fifth of those steps, and in all of them once a gradient is below 1e-30 or above 1e30.

    Args:
        model: any module, also one in DistributedDataParallel (rank 0 records, the other ranks do nothing) or compiled
            (without activations: no hook runs in compiled code).
        path: a new file; it ends in `.gradviz`, which is added if it does not. If it is there already, the recording
            goes to the next free name, and a warning says to which (see `Recorder.path`). Nothing is written without a
            path; the recording is then only in `Recorder.history`.
        every: measure gradients every so many steps.
        thorough_every: measure weights, updates and activations every so many steps.
        include: pattern, or patterns, of qualified module names to record; * stands for anything.
        exclude: patterns of names not to record.
        optimizer: look at the steps of this one (or these) only.
        scaler: your GradScaler, if you use one. Then steps that it skips are recorded as skipped, and activation
            gradients are divided by its scale. Weight gradients are true without it.
        title: what to call the run; by default the name of the model's class.

    Raises:
        TypeError: no module, or steps that are no whole numbers.
        ValueError: numbers below 1, or patterns that no module fits.
        RecordingError: a folder, or a file in one that is not there or cannot be written to.

    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"watch() takes a torch.nn.Module, not a {type(model).__name__}")
    if not (isinstance(every, int) and isinstance(thorough_every, int)):
        raise TypeError(f"every and thorough_every are whole numbers, not {every!r} and {thorough_every!r}")
    if every < 1 or thorough_every < 1:
        raise ValueError(f"every and thorough_every are at least 1, not {every} and {thorough_every}")
    settings = Settings(
        title=title or type(unwrapped(model)).__name__,
        every=every,
        # the next multiple, so that gradients are there whenever all else is
        thorough_every=-(-thorough_every // every) * every,
        include=_patterns(include),
        exclude=_patterns(exclude),
        optimizers=(optimizer,) if isinstance(optimizer, Optimizer) else tuple(optimizer or ()),
        scaler=scaler,
    )
    if not any(
        is_row(name, module, settings.include, settings.exclude) for name, module in named_modules(model).items()
    ):
        raise ValueError(f"no module of {settings.title} fits include={include!r}, exclude={exclude!r}")
    if _rank() != 0:
        return IdleRecorder()
    return Recorder(model, _checked(Path(path)) if path is not None else None, settings)


def _patterns(given: Patterns) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _rank() -> int:
    """Return the rank of this process among those that train together; 0 if it is alone."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank()
    # what torchrun says before the processes have found each other
    return int(os.environ.get("RANK", "0")) if "WORLD_SIZE" in os.environ else 0


def _checked(path: Path) -> Path:
    """Return where to record, which is a file of ours by its name."""
    path = path.expanduser().absolute()
    if path.is_dir():
        raise RecordingError(f"{path} is a folder; name a file in it")
    if path.suffix.lower() != SUFFIX:
        path = path.with_name(path.name + SUFFIX)
    if not path.parent.is_dir():
        raise RecordingError(f"{path.parent} is no folder; make it before the training begins")
    if not os.access(path.parent, os.W_OK):
        raise RecordingError(f"{path.parent} cannot be written to")
    return path
