"""One network in training: a batch forward and backward, measured, evaluated, updated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment, stack_of
from gradviz.network.stack.memory import estimated_bytes
from gradviz.network.stack.stack import DTYPES, Network
from gradviz.probes.fused.catalogue import PROBES
from gradviz.probes.fused.distributions import DistributionProbe
from gradviz.probes.fused.probe import Probe
from gradviz.recording.frame import Distributions, Evaluation, Frame, Quantity, Started
from gradviz.training.batches import ShuffledBatches
from gradviz.training.data import Dataset, boundary_grid, load_data
from gradviz.training.devices import device_label, free_bytes, resolve
from gradviz.training.optimization import clip_gradients, optimizer, optimizer_state, prepare_state
from gradviz.training.readings import Readings

BOUNDARY_CELLS = 40
EVALUATION_SAMPLES = 2048
# the first of the held-out samples, the same at every step: what units do is measured on them
PROBE_SAMPLES = 256


class TrainingRun:
    """Everything one run holds on its device. Call, in this order and again for each step: `measure`, `update`.

    Raises DeviceError for a device that is not there or too small, DataError for data that cannot be used.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.device = resolve(experiment.training.device, experiment.training.precision)
        _check_memory(experiment, self.device)
        self.data: Dataset = load_data(experiment)
        self.network = Network(experiment, self.data.features, self.data.classes, self.device)
        self._parameters = list(self.network.parameters())
        self.probes = [probe() for probe in PROBES if probe.applies_to(experiment)]
        self.quantities: tuple[Quantity, ...] = tuple(q for probe in self.probes for q in probe.quantities)
        self.batch_size = min(experiment.training.batch_size, len(self.data.train_labels))
        self._optimizer: Optimizer | None = None
        self._inputs = self._on_device(self.data.train_inputs)
        self._labels = torch.from_numpy(self.data.train_labels).to(self.device)
        self._test_inputs = self._on_device(self.data.test_inputs)
        self._probe_inputs = self._test_inputs[:PROBE_SAMPLES]
        self._test_labels = torch.from_numpy(self.data.held_out.labels).to(self.device)
        self.batches = ShuffledBatches(
            len(self.data.train_labels), self.batch_size, experiment.training.seed, self.device
        )
        self._distributions = DistributionProbe(stack_of(experiment).depth)
        self._readings = Readings(experiment, self.device, self.batch_size)

    def started(self, threads: int) -> Started:
        """Return what is known before the first step."""
        return Started.of_experiment(
            self.experiment,
            quantities=self.quantities,
            held_out=self.data.held_out,
            batch_size=self.batch_size,
            training_samples=len(self.data.train_labels),
            parameters=sum(parameter.numel() for parameter in self._parameters),
            device=device_label(self.device),
            threads=threads,
            input_mean_square=np.square(self.data.train_inputs).mean(1),
        )

    def measure(self, step: int, *, thorough: bool = True, distributed: bool | None = None) -> None:
        """Put the next batch forward and backward and begin to copy what the probes say of it.

        Only if `thorough` are probes asked that run on a schedule. Distributions are taken if `distributed`, by
        default at the same steps.
        """
        distributed = thorough if distributed is None else distributed
        chosen = self.batches.take()
        inputs, labels = self._inputs[chosen], self._labels[chosen]
        for parameter in self._parameters:
            parameter.grad = None
        logits = self.network(inputs)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self._look_at_the_probe_batch(self.probes if thorough else [], distributed=distributed)
            trace = self.network.trace
            # before the probes, of which the last overwrites the gradients
            spread = self._distributions.measure(trace) if distributed else None
            rows = [(probe, probe.measure(trace)) for probe in self.probes if thorough or not probe.scheduled]
            self._readings.submit(step, loss, logits.argmax(1) == labels, rows, spread)

    def events(self, *, wait: bool) -> Iterator[Frame | Distributions]:
        """Return what has reached the host of what was measured, the distributions of a step before its frame."""
        return self._readings.events(wait=wait)

    def frames(self, *, wait: bool) -> Iterator[Frame]:
        """Return the frames that have reached the host, oldest first."""
        return (event for event in self.events(wait=wait) if isinstance(event, Frame))

    def update(self) -> None:
        """Let the optimiser move the weights by the gradients last measured."""
        if self._optimizer is None:
            self._optimizer = optimizer(self.experiment, self._parameters)
        trace = self.network.trace
        with torch.no_grad():
            for probe in self.probes:
                probe.before_update(trace)
        if self.experiment.training.gradient_clip:
            clip_gradients(self._parameters, self.experiment.training.gradient_clip)
        self._optimizer.step()
        with torch.no_grad():
            for probe in self.probes:
                probe.after_update(trace)

    def tensors(self) -> dict[str, Tensor]:
        """Return what one step hands to the next, by name: the tensors themselves, in the state between two steps."""
        tensors = {f"network/{name}": tensor for name, tensor in self.network.state_dict().items()}
        if self._optimizer is not None:
            names = {parameter: f"optimizer/{name}" for name, parameter in self.network.named_parameters()}
            tensors |= optimizer_state(self._optimizer, names)
        carried = {probe.quantities[-1].name: probe.carried for probe in self.probes}
        return tensors | {f"probes/{name}": rows for name, rows in carried.items() if rows is not None}

    def prepare_to_go_on(self) -> None:
        """Make all `tensors` that a run has after its first update, to be filled with those of another."""
        self._optimizer = optimizer(self.experiment, self._parameters)
        prepare_state(self.experiment, self._optimizer)
        for probe in self.probes:
            if probe.carried_rows:
                wide = torch.float32 if self.device.type == "mps" else torch.float64
                probe.carried = torch.zeros(
                    probe.carried_rows, stack_of(self.experiment).depth, dtype=wide, device=self.device
                )

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

    def _look_at_the_probe_batch(self, probes: Sequence[Probe], *, distributed: bool) -> None:
        if not probes and not distributed:
            return
        for chunk in self.network.chunks(self._probe_inputs):
            if distributed:
                self._distributions.look_at(chunk)
            for probe in probes:
                probe.look_at(chunk)

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
        return torch.from_numpy(inputs).to(DTYPES[self.experiment.training.precision]).to(self.device)


def _check_memory(experiment: Experiment, device: torch.device) -> None:
    needed, free = estimated_bytes(stack_of(experiment), experiment.training), free_bytes(device)
    if free is not None and needed > free:
        raise DeviceError(too_large(experiment, device))


def too_large(experiment: Experiment, device: torch.device) -> str:
    """Say how much memory the experiment needs and what to lower."""
    needed = estimated_bytes(stack_of(experiment), experiment.training) / 1e9
    free = free_bytes(device)
    has = f"has {free / 1e9:.1f} GB free" if free is not None and math.isfinite(free) else "has too little"
    return (
        f"{stack_of(experiment).depth:,} layers of {stack_of(experiment).width:,} units need about {needed:.1f} GB and "
        f"{device_label(device)} {has}; lower the depth, the width or the batch size"
    )
