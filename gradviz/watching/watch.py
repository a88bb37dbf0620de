"""`gradviz.watch`: the one call that a person puts into a script of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from gradviz.errors import RecordingError
from gradviz.probes.modules.rows import is_row, named_modules, unwrapped
from gradviz.watching.alarm import Alarm, OnFinding
from gradviz.watching.recorder import IdleRecorder, Recorder
from gradviz.watching.settings import THOROUGH_EVERY, Settings

Patterns = str | Sequence[str]
SUFFIX = ".gradviz"


def watch(
    model: nn.Module,
    path: str | Path | None,
    *,
    every: int = 1,
    thorough_every: int | None = None,
    max_overhead: float | None = 0.05,
    include: Patterns = "*",
    exclude: Patterns = (),
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    scaler: GradScaler | None = None,
    title: str = "",
    on_finding: OnFinding | None = None,
    stop_on: str | Sequence[str] = (),
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
    accumulated, unscaled and after clipping. This costs one pass over the gradients. In some steps also what needs
    more: the length of the weights, the update ratio and the share of unchanged weights, for which the weights are
    copied once (memory for one more copy of them is kept), and mean, spread and gradient of each module's output, for
    which there are hooks on the modules in that step only. These thorough steps are the first ones, up to step 10 (0,
    1, 2, 3, 5, 7 and 10 where a look costs more than a step), and one in 20 of those after them, as long as watching
    takes no more than `max_overhead` of the time of the script; where it would take more, they come less often, and
    gradients all the same. `gradviz bench --watch` shows what both cost on your machine.

    Of an `nn.Sequential` the exact gradient is measured as well, to which the range of the numbers sets no end. For
    this, what enters its blocks is kept until the optimiser's step, and copies of the blocks are run once more,
    backwards: in every tenth of those steps, and in all of them once a gradient is below 1e-30 or above 1e30.

    Beside numbers, facts are recorded when they begin (`History.observations`): parameters that are frozen, in no
    optimiser, never called or without a gradient; steps without any gradient, and gradients that are not cleared; the
    settings of the optimiser; where the loss stops being finite; and what `Recorder.log` is told of the batches. The
    norm of the gradient before `torch.nn.utils.clip_grad_norm_` is recorded too: for this a function in
    `torch.nn.utils` is wrapped until the recorder is closed, and `clip_grad_value_` wherever it was imported under its
    own name. Loops without an optimiser of torch call `Recorder.step`.

    Args:
        model: any module, also one in DistributedDataParallel (rank 0 records, the other ranks do nothing) or compiled
            (without activations: no hook runs in compiled code).
        path: a new file; it ends in `.gradviz`, which is added if it does not. If it is there already, the recording
            goes to the next free name, and a warning says to which (see `Recorder.path`). Nothing is written without a
            path; the recording is then only in `Recorder.history`.
        every: measure gradients every so many steps.
        thorough_every: measure weights, updates and activations every so many steps (a multiple of `every`), from step
            0 on, whatever that costs.
        max_overhead: the share of the time of the script that watching may take in the long run; None measures in one
            of 20 steps, whatever that costs. It means nothing where `thorough_every` is given.
        include: pattern, or patterns, of qualified module names to record; * stands for anything.
        exclude: patterns of names not to record.
        optimizer: look at the steps of this one (or these) only.
        scaler: your GradScaler, if you use one. Then steps that it skips are recorded as skipped, and activation
            gradients are divided by its scale. Weight gradients are true without it.
        title: what to call the run; by default the name of the model's class.
        on_finding: called with each new finding of the diagnosis, one of each kind, in the thread that trains, out of
            `optimizer.step()` or `recorder.log()`; what it has not been told by then at the end. Print the finding, or
            ask for its `kind`, `severity`, `headline`, `evidence` and `remedies`. An error in it becomes a warning.
            With it, or `stop_on`, up to one more percent of the time goes into the diagnosis.
        stop_on: end the training at such a finding: "critical", "warning" (or worse), a kind such as "vanishing", or
            several. The `optimizer.step()` or `recorder.log()` in which it is found then raises
            `gradviz.TrainingStopped`, after the step was made; the recording ends in order with the `with` block, as
            stopped, and says why. In a distributed training only rank 0 raises; let it tell the others.

    Raises:
        TypeError: no module, steps that are no whole numbers, or a share that is no number.
        ValueError: steps below 1, a share that is not above 0, or patterns that no module fits.
        RecordingError: a folder, or a file in one that is not there or cannot be written to.
        CheckError: a name in `stop_on` that no finding has.

    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"watch() takes a torch.nn.Module, not a {type(model).__name__}")
    settings = replace(
        _schedule(every, thorough_every, max_overhead),
        title=title or type(unwrapped(model)).__name__,
        include=_patterns(include),
        exclude=_patterns(exclude),
        optimizers=(optimizer,) if isinstance(optimizer, Optimizer) else tuple(optimizer or ()),
        scaler=scaler,
    )
    if not any(
        is_row(name, module, settings.include, settings.exclude) for name, module in named_modules(model).items()
    ):
        raise ValueError(f"no module of {settings.title} fits include={include!r}, exclude={exclude!r}")
    alarm = Alarm(on_finding, stop_on)
    if _rank() != 0:
        return IdleRecorder()
    return Recorder(model, _checked(Path(path)) if path is not None else None, settings, alarm)


def _schedule(every: int, thorough_every: int | None, max_overhead: float | None) -> Settings:
    """Return settings that say when what is measured. Raises TypeError and ValueError, as `watch` does."""
    asked_for = THOROUGH_EVERY if thorough_every is None else thorough_every
    if not (isinstance(every, int) and isinstance(asked_for, int)):
        raise TypeError(f"every and thorough_every are whole numbers, not {every!r} and {thorough_every!r}")
    if every < 1 or asked_for < 1:
        raise ValueError(f"every and thorough_every are at least 1, not {every} and {thorough_every}")
    if max_overhead is not None and not isinstance(max_overhead, (int, float)):
        raise TypeError(f"max_overhead is a share of the time or None, not {max_overhead!r}")
    if max_overhead is not None and not max_overhead > 0:
        raise ValueError(f"max_overhead is a share of the time above 0, such as 0.05, not {max_overhead}")
    return Settings(
        every=every,
        # the next multiple, so that gradients are there whenever all else is
        thorough_every=-(-asked_for // every) * every,
        early=thorough_every is None,
        max_overhead=max_overhead if thorough_every is None else None,
    )


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
        raise RecordingError(f"{path.parent} is not a folder; create it before training starts")
    if not os.access(path.parent, os.W_OK):
        raise RecordingError(f"{path.parent} cannot be written to")
    return path
