"""Everything needed to resume a run, as plain numpy arrays, and back.

By name: `network/...`, weights and running statistics; `optimizer/...`, what the optimiser remembers of each parameter;
`probes/...`, what the latest update left to be told with the next state; `batches/...`, where in the shuffled batches
the run stands; `learning_rate`, where it was changed while the run was trained; `experiment`, the recipe as bytes of
JSON; and `data`, a fingerprint, where the data are a file of the person's own. On the CPU of the same kind of machine,
with as many threads, a run resumes from there bit by bit as if there had been no break.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradviz.errors import CheckpointError, ExperimentError
from gradviz.experiment import Experiment, from_json, to_json
from gradviz.experiment.training import LARGEST_LEARNING_RATE
from gradviz.recording.frame import Checkpoint, Started
from gradviz.training.data import Dataset
from gradviz.training.memory import NUMBER_BYTES, OPTIMIZER_STATES
from gradviz.training.run import TrainingRun

RATE = "learning_rate"
LARGEST_BYTES = 512_000_000

Arrays = dict[str, NDArray[Any]]


def state_bytes(started: Started) -> int:
    """Return about how many bytes the state of a run takes: its weights, and what the optimiser remembers of each."""
    experiment = started.experiment
    assert experiment is not None, "only experiments can be resumed"
    return (
        started.parameters
        * (1 + OPTIMIZER_STATES[experiment.training.optimizer])
        * NUMBER_BYTES[experiment.training.precision]
    )


def why_not_kept(started: Started) -> str:
    """Say why no checkpoint is made of this run; empty if they are."""
    size = state_bytes(started)
    if size <= LARGEST_BYTES:
        return ""
    return (
        f"weights and optimiser take {size / 1e6:,.0f} MB, and up to {LARGEST_BYTES / 1e6:,.0f} MB are kept: "
        "this run cannot be continued"
    )


def take(run: TrainingRun, step: int) -> Checkpoint:
    """Return a copy of the state before update `step`, which is about to be measured."""
    arrays: Arrays = {name: _copied(tensor) for name, tensor in run.tensors().items()}
    arrays["batches/generator"] = run.batches.generator
    arrays["batches/position"] = np.array(run.batches.position, np.int64)
    if run.full_rate != run.experiment.training.learning_rate:
        arrays[RATE] = np.array(run.full_rate)
    return Checkpoint(step, arrays | _recipe(run.experiment, run.data))


def check(experiment: Experiment, checkpoint: Checkpoint) -> None:
    """Raise CheckpointError unless `checkpoint` is one of `experiment` but for the number of steps, and not past it."""
    recipe = checkpoint.arrays.get("experiment")
    try:
        trained = from_json(bytes(np.asarray(recipe, np.uint8)).decode())
    except (ExperimentError, TypeError, ValueError, OverflowError):
        raise CheckpointError("the stored state does not say which experiment it is of; it cannot be resumed") from None
    was, now = trained.flat(), experiment.flat()
    changed = [name for name in was | now if was.get(name) != now.get(name) and name != "steps"]
    if changed:
        one = changed[0]
        raise CheckpointError(
            f"the run was trained with another experiment and resumes with its own: {', '.join(changed)} changed "
            f"({one} was {was.get(one)!r}, and is {now.get(one)!r}); only steps may be changed"
        )
    if checkpoint.step < 0:
        raise CheckpointError(f"the stored state is of no step that there is: {checkpoint.step}")
    if 0 < experiment.training.steps < checkpoint.step:
        raise CheckpointError(f"the run already has its {experiment.training.steps:,} steps; ask for more to resume it")


def restore(run: TrainingRun, checkpoint: Checkpoint) -> None:
    """Bring a fresh `run` into the state of `checkpoint`.

    Raises CheckpointError, and leaves a run that is of no use, unless all arrays are there and each is what it is to
    be.
    """
    if checkpoint.step:
        run.prepare_to_resume(checkpoint.step)
    tensors = run.tensors()
    recipe = _recipe(run.experiment, run.data)
    needed = {*tensors, *recipe, "batches/generator", "batches/position"}
    if amiss := sorted(needed ^ (set(checkpoint.arrays) - {RATE})):
        what = f"{amiss[0]} is missing" if amiss[0] in needed else f"this run has no place for {amiss[0]}"
        raise CheckpointError(f"the stored state does not fit: {what}")
    for name, tensor in tensors.items():
        _fill(name, tensor, checkpoint.arrays[name])
    if RATE in checkpoint.arrays:
        run.full_rate = _rate(checkpoint.arrays[RATE])
    if "data" in recipe and not np.array_equal(recipe["data"], checkpoint.arrays["data"]):
        raise CheckpointError(
            f"{run.experiment.data.data_file} has changed since; the run cannot be resumed with other data"
        )
    position = checkpoint.arrays["batches/position"]
    if not isinstance(position, np.ndarray) or position.shape or position.dtype != np.int64:
        raise CheckpointError("the stored state does not fit: batches/position is not a whole number")
    try:
        run.batches.go_to(np.asarray(checkpoint.arrays["batches/generator"]), int(position))
    except ValueError as error:
        raise CheckpointError(f"the stored state does not say where in the batches the run stands: {error}") from None


def _rate(array: NDArray[Any]) -> float:
    if (
        not isinstance(array, np.ndarray)
        or array.shape
        or array.dtype != np.float64
        or not 0 < array <= LARGEST_LEARNING_RATE
    ):
        raise CheckpointError("the stored state does not fit: learning_rate is none that a run can have")
    return float(array)


def _copied(tensor: Tensor) -> NDArray[Any]:
    return np.asarray(tensor.detach().to("cpu", copy=True).numpy())


def _fill(name: str, tensor: Tensor, array: NDArray[Any]) -> None:
    kind = torch.empty(0, dtype=tensor.dtype).numpy().dtype
    if not isinstance(array, np.ndarray) or array.dtype != kind or array.shape != tuple(tensor.shape):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise CheckpointError(
            f"the stored state does not fit: {name} is {found} instead of {kind} {tuple(tensor.shape)}"
        )
    with torch.no_grad():
        # a copy first, because torch warns of arrays that cannot be written to
        tensor.copy_(torch.tensor(array))


def _recipe(experiment: Experiment, data: Dataset) -> Arrays:
    """Return what tells one run from another: the experiment, and of a file its samples."""
    arrays: Arrays = {"experiment": np.frombuffer(to_json(experiment).encode(), np.uint8)}
    if experiment.data.own_file:
        content = hashlib.sha256(data.train_inputs.tobytes())
        content.update(data.train_labels.tobytes())
        if data.train_targets is not None:
            content.update(data.train_targets.tobytes())
        arrays["data"] = np.frombuffer(content.digest(), np.uint8)
    return arrays
