"""One network in training: a batch forward and backward, measured, evaluated, updated."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.network.architecture import DTYPES
from gradviz.network.catalogue import build_network
from gradviz.probes.catalogue import observer_of
from gradviz.probes.environment import device_label
from gradviz.probes.frame_queue import FrameQueue
from gradviz.probes.observer import Due
from gradviz.recording.frame import Distributions, Evaluation, Frame, Observation, Started
from gradviz.recording.observations import RATE_CHANGED
from gradviz.training.batches import ShuffledBatches
from gradviz.training.data import Dataset, boundary_grid, load_data
from gradviz.training.devices import free_bytes, resolve
from gradviz.training.memory import estimated_bytes
from gradviz.training.objective import objective
from gradviz.training.optimization import (
    clip_gradients,
    gradient_norm,
    optimizer,
    optimizer_state,
    prepare_state,
    set_rate,
)

BOUNDARY_CELLS = 40
EVALUATION_SAMPLES = 2048
# the first of the validation samples, the same at every step: what units do is measured on them
PROBE_SAMPLES = 256


class TrainingRun:
    """Everything one run holds on its device. Call, in this order and again for each step: `measure`, `update`.

    Raises DeviceError for a device that is not there or too small, DataError for data that cannot be used.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.device = resolve(experiment.training.device, experiment.training.precision)
        self.data: Dataset = load_data(experiment)
        shape = self.data.held_out.sample_shape
        _check_memory(experiment, self.device, shape)
        dtype = DTYPES[experiment.training.precision]
        self.objective = objective(experiment, self.data, dtype, self.device)
        kinds = self.data.classes if self.data.held_out.characters else 0
        self.network = build_network(experiment, shape, self.objective.outputs, self.device, kinds)
        self._parameters = list(self.network.parameters())
        self.batch_size = min(experiment.training.batch_size, len(self.data.train_labels))
        self._optimizer: Optimizer | None = None
        self._inputs = self._on_device(self.data.train_inputs)
        self._targets, self._test_targets = self._targets_on_device()
        self._test_inputs = self._on_device(self.data.test_inputs)
        self.batches = ShuffledBatches(
            len(self.data.train_labels), self.batch_size, experiment.training.seed, self.device
        )
        rows = [row.name for row in experiment.network.rows()]
        self.probe_batch = self._test_inputs[:PROBE_SAMPLES]
        self.observer = observer_of(self.network, rows, self.probe_batch)
        self._queue = FrameQueue(self.device)
        self._wide = torch.float32 if self.device.type == "mps" else torch.float64
        self._step = 0
        # what the schedule takes its part of
        self.full_rate = experiment.training.learning_rate
        self._gradient_norm: Tensor | None = None

    def started(self, threads: int) -> Started:
        """Return what is known before the first step."""
        return Started.of_experiment(
            self.experiment,
            quantities=self.observer.quantities,
            held_out=self.data.held_out,
            batch_size=self.batch_size,
            training_samples=len(self.data.train_labels),
            parameters=sum(parameter.numel() for parameter in self._parameters),
            device=device_label(self.device),
            threads=threads,
            input_mean_square=self.data.mean_squares,
            class_shares=self.data.class_shares,
        )

    @property
    def rate(self) -> float:
        """The learning rate of the update of the step last measured."""
        return self.full_rate * self.experiment.training.rate_factor(self._step)

    def change_rate(self, step: int, rate: float) -> Observation:
        """Let the updates from `step` on be of this learning rate, of which a schedule takes its part; say so."""
        before, self.full_rate = self.full_rate, rate
        return Observation(step, RATE_CHANGED, numbers=(("before", before), ("after", rate)))

    def due(self, step: int, *, distributions: bool = False) -> Due:
        """Return what is measured at `step`: on schedule and at the end all; `distributions` whatever the schedule."""
        training = self.experiment.training
        thorough = step % training.probe_every == 0 or step == training.steps > 0
        return Due(thorough=thorough, distributions=thorough or distributions)

    def measure(self, step: int, due: Due | None = None) -> None:
        """Put the next batch forward and backward and begin to copy what the observer says of it.

        What is `due` follows from the schedule unless it is given.
        """
        self._step = step
        chosen = self.batches.take()
        inputs, targets = self._inputs[chosen], self._targets[chosen]
        for parameter in self._parameters:
            parameter.grad = None
        self.observer.before_forward(due or self.due(step))
        outputs = self.network(inputs)
        loss = self.objective.loss(outputs, targets)
        loss.backward()  # type: ignore[no-untyped-call]
        self.observer.after_backward()
        score = self.objective.score(outputs.detach(), targets, self._wide)
        scalars: dict[str, float | Tensor] = {"loss": loss.detach(), "accuracy": score, "learning_rate": self.rate}
        if self.experiment.training.gradient_clip:
            self._gradient_norm = scalars["gradient_norm_before_clipping"] = gradient_norm(self._parameters)
        self._queue.submit(step, self.observer.take(), scalars)

    def events(self, *, wait: bool) -> Iterator[Frame | Distributions]:
        """Return what has reached the host of what was measured, the distributions of a step before its frame."""
        for arrived in self._queue.collect(wait=wait):
            frame, distributions = arrived.read()
            if distributions is not None:
                yield distributions
            yield frame

    def frames(self, *, wait: bool) -> Iterator[Frame]:
        """Return the frames that have reached the host, oldest first."""
        return (event for event in self.events(wait=wait) if isinstance(event, Frame))

    def update(self) -> None:
        """Let the optimiser move the weights by the gradients last measured."""
        if self._optimizer is None:
            self._optimizer = optimizer(self.experiment, self._parameters)
        self.observer.before_update(self.due(self._step + 1))
        set_rate(self._optimizer, self.rate)
        if self.experiment.training.gradient_clip:
            clip_gradients(self._parameters, self.experiment.training.gradient_clip, self._gradient_norm)
        self._optimizer.step()
        self.observer.after_update()

    def tensors(self) -> dict[str, Tensor]:
        """Return what one step hands to the next, by name: the tensors themselves, in the state between two steps."""
        tensors = {f"network/{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self._optimizer is not None:
            names = {parameter: f"optimizer/{name}" for name, parameter in self.network.named_parameters()}
            tensors |= optimizer_state(self._optimizer, names)
        return tensors | {f"probes/{name}": rows for name, rows in self.observer.carried().items()}

    def prepare_to_resume(self, step: int) -> None:
        """Make all `tensors` that a run has before update `step`, its first excepted, to be filled with another's."""
        self._optimizer = optimizer(self.experiment, self._parameters)
        prepare_state(self.experiment, self._optimizer)
        self.observer.prepare_carried(self.due(step))

    def evaluate(self, step: int) -> Evaluation:
        """Put the validation samples through the network, and the grid over the plane where there is one."""
        outputs = self._infer(self._test_inputs)
        answers = self.objective.answers(outputs)
        return Evaluation(
            step=step,
            loss=float(self.objective.loss(outputs, self._test_targets)),
            accuracy=float(self.objective.score(outputs, self._test_targets, self._wide)),
            predicted=answers.predicted,
            confidence=answers.confidence,
            boundary=self._boundary(),
            values=answers.values,
        )

    def _boundary(self) -> NDArray[np.float32] | None:
        held_out = self.data.held_out
        if held_out.extent is None:
            return None
        grid = self.data.standardise(boundary_grid(held_out, BOUNDARY_CELLS))
        probabilities = self.objective.probabilities(self._infer(self._on_device(grid))).float().cpu().numpy()
        return probabilities.reshape(BOUNDARY_CELLS, BOUNDARY_CELLS, -1)

    def _infer(self, inputs: Tensor) -> Tensor:
        # in parts, so that a large data set does not need activations for all its samples at once
        return torch.cat([self.network.evaluate(part) for part in torch.split(inputs, EVALUATION_SAMPLES)])

    def _targets_on_device(self) -> tuple[Tensor, Tensor]:
        """Return what training and validation samples are compared with: numbers, or else classes."""
        data = self.data
        if data.train_targets is None or data.test_targets is None:
            train, test = torch.from_numpy(data.train_labels), torch.from_numpy(data.held_out.labels)
            return train.to(self.device), test.to(self.device)
        return self._on_device(data.train_targets), self._on_device(data.test_targets)

    def _on_device(self, inputs: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(inputs).to(DTYPES[self.experiment.training.precision]).to(self.device)


def _check_memory(experiment: Experiment, device: torch.device, sample_shape: tuple[int, ...]) -> None:
    needed, free = estimated_bytes(experiment, sample_shape), free_bytes(device)
    if free is not None and needed > free:
        raise DeviceError(too_large(experiment, device, needed))


def too_large(experiment: Experiment, device: torch.device, needed_bytes: int | None = None) -> str:
    """Say how much memory the experiment needs, by the estimate that is given or one for usual samples."""
    needed = (needed_bytes or estimated_bytes(experiment)) / 1e9
    free = free_bytes(device)
    has = f"has {free / 1e9:.1f} GB free" if free is not None and math.isfinite(free) else "has too little"
    return (
        f"{experiment.network.summary} needs about {needed:.1f} GB and "
        f"{device_label(device)} {has}; lower the depth, the width or the batch size"
    )
