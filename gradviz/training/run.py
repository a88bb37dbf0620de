"""One network in training: a batch forward and backward, measured, evaluated, updated."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.network.memory import estimated_bytes
from gradviz.network.stack import DTYPES, Network
from gradviz.probes.catalogue import PROBES
from gradviz.recording.frame import Evaluation, Frame, Quantity, Started
from gradviz.training.data import Dataset, boundary_grid, load_data
from gradviz.training.devices import device_label, free_bytes, resolve
from gradviz.training.host_copy import HostCopies
from gradviz.training.optimization import clip_gradients, optimizer

BOUNDARY_CELLS = 40
EVALUATION_SAMPLES = 2048
# loss and batch accuracy, in front of the probes' rows
SCALARS = 2


class TrainingRun:
    """Everything one run holds on its device. Call, in this order and again for each step: `measure`, `update`.

    Raises DeviceError for a device that is not there or too small, DataError for data that cannot be used.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.device = resolve(experiment.device, experiment.precision)
        _check_memory(experiment, self.device)
        self.data: Dataset = load_data(experiment)
        self.network = Network(experiment, self.data.features, self.data.classes, self.device)
        self._parameters = list(self.network.parameters())
        self.probes = [probe() for probe in PROBES if probe.applies_to(experiment)]
        self.quantities: tuple[Quantity, ...] = tuple(q for probe in self.probes for q in probe.quantities)
        self.batch_size = min(experiment.batch_size, len(self.data.train_labels))
        self._optimizer: Optimizer | None = None
        self._inputs = self._on_device(self.data.train_inputs)
        self._labels = torch.from_numpy(self.data.train_labels).to(self.device)
        self._test_inputs = self._on_device(self.data.test_inputs)
        self._test_labels = torch.from_numpy(self.data.held_out.labels).to(self.device)
        self._batches = self._shuffled_batches()
        self._copies = HostCopies(self.device)
        self._wide = torch.float32 if self.device.type == "mps" else torch.float64
        self._measured: dict[int, tuple[Quantity, ...]] = {}
        self._logarithms = {q.name for probe in self.probes if probe.logarithms for q in probe.quantities}

    def started(self, threads: int) -> Started:
        """Return what is known before the first step."""
        return Started(
            experiment=self.experiment,
            layers=self.experiment.depth,
            quantities=self.quantities,
            held_out=self.data.held_out,
            batch_size=self.batch_size,
            training_samples=len(self.data.train_labels),
            parameters=sum(parameter.numel() for parameter in self._parameters),
            device=device_label(self.device),
            threads=threads,
        )

    def measure(self, step: int, *, thorough: bool = True) -> None:
        """Put the next batch forward and backward and begin to copy what the probes say of it.

        Probes that run on a schedule are asked only if `thorough`.
        """
        chosen = next(self._batches)
        inputs, labels = self._inputs[chosen], self._labels[chosen]
        for parameter in self._parameters:
            parameter.grad = None
        logits = self.network(inputs)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            accuracy = (logits.argmax(1) == labels).to(self._wide).mean()
            trace = self.network.trace
            asked = [probe for probe in self.probes if thorough or not probe.scheduled]
            rows = {probe.quantities: probe.measure(trace) for probe in asked}
            measured = {quantities: values for quantities, values in rows.items() if values is not None}
            # loss and batch accuracy travel in front of the rows, in the same copy
            scalars = torch.stack([loss.to(self._wide), accuracy])
            values = torch.cat([scalars, *(values.reshape(-1) for values in measured.values())])
        self._measured[step] = tuple(quantity for quantities in measured for quantity in quantities)
        self._copies.submit(step, values)

    def frames(self, *, wait: bool) -> Iterator[Frame]:
        """Return the frames that have reached the host, oldest first."""
        for step, values in self._copies.collect(wait=wait):
            measured = self._measured.pop(step)
            rows = values[SCALARS:].reshape(len(measured), self.experiment.depth)
            scaled = {q.name: self._in_scale(row, q) for q, row in zip(measured, rows, strict=True)}
            yield Frame(
                step=step,
                loss=float(values[0]),
                batch_accuracy=float(values[1]),
                learning_rate=self.experiment.learning_rate,
                rows=scaled,
            )

    def update(self) -> None:
        """Let the optimiser move the weights by the gradients last measured."""
        if self._optimizer is None:
            self._optimizer = optimizer(self.experiment, self._parameters)
        trace = self.network.trace
        with torch.no_grad():
            for probe in self.probes:
                probe.before_update(trace)
        if self.experiment.gradient_clip:
            clip_gradients(self._parameters, self.experiment.gradient_clip)
        self._optimizer.step()
        with torch.no_grad():
            for probe in self.probes:
                probe.after_update(trace)

    def evaluate(self, step: int) -> Evaluation:
        """Put the held-out samples through the network, and the grid over the plane where there is one."""
        logits = self._infer(self._test_inputs)
        confidence, predicted = torch.softmax(logits, 1).max(1)
        loss = nn.functional.cross_entropy(logits, self._test_labels)
        right = predicted == self._test_labels
        return Evaluation(
            step=step,
            loss=float(loss),
            accuracy=float(right.double().mean() if self.device.type != "mps" else right.float().mean()),
            predicted=predicted.cpu().numpy(),
            confidence=confidence.float().cpu().numpy(),
            boundary=self._boundary(),
        )

    def _in_scale(self, row: NDArray[np.float64], quantity: Quantity) -> NDArray[np.float32]:
        if quantity.scale == "linear" or quantity.name in self._logarithms:
            return row.astype(np.float32)
        # the log10 of an exact zero is minus infinity, as it should be
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(row).astype(np.float32)

    def _boundary(self) -> NDArray[np.float32] | None:
        held_out = self.data.held_out
        if held_out.extent is None:
            return None
        grid = self.data.standardise(boundary_grid(held_out, BOUNDARY_CELLS))
        probabilities = torch.softmax(self._infer(self._on_device(grid)), 1).float().cpu().numpy()
        return probabilities.reshape(BOUNDARY_CELLS, BOUNDARY_CELLS, -1)

    def _infer(self, inputs: Tensor) -> Tensor:
        # in parts, so that a large data set does not need activations for all its samples at once
        return torch.cat([self.network.evaluate(part) for part in torch.split(inputs, EVALUATION_SAMPLES)])

    def _on_device(self, inputs: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(inputs).to(DTYPES[self.experiment.precision]).to(self.device)

    def _shuffled_batches(self) -> Iterator[Tensor]:
        """Indices of batch after batch, reshuffled each epoch; the incomplete last batch of an epoch is left out."""
        generator = torch.Generator().manual_seed(self.experiment.seed)
        count = len(self.data.train_labels)
        while True:
            order = torch.randperm(count, generator=generator).to(self.device)
            for first in range(0, count - self.batch_size + 1, self.batch_size):
                yield order[first : first + self.batch_size]


def _check_memory(experiment: Experiment, device: torch.device) -> None:
    needed, free = estimated_bytes(experiment), free_bytes(device)
    if free is not None and needed > free:
        raise DeviceError(too_large(experiment, device))


def too_large(experiment: Experiment, device: torch.device) -> str:
    """Say how much memory the experiment needs and what to lower."""
    needed = estimated_bytes(experiment) / 1e9
    free = free_bytes(device)
    has = f"has {free / 1e9:.1f} GB free" if free is not None and math.isfinite(free) else "has too little"
    return (
        f"{experiment.depth:,} layers of {experiment.width:,} units need about {needed:.1f} GB and "
        f"{device_label(device)} {has}; lower the depth, the width or the batch size"
    )
