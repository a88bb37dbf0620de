"""What was measured at each step, on its way from the device to the events that a run yields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradviz.experiment import Experiment
from gradviz.probes.fused.distributions import NUMBERS, distributions
from gradviz.probes.fused.probe import Probe
from gradviz.recording.frame import KINDS, Distributions, Frame, Quantity
from gradviz.training.host_copy import HostCopies

# loss and batch accuracy, in front of the probes' rows
SCALARS = 2


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the numbers of a step are: rows of these quantities, and after them perhaps distributions."""

    quantities: tuple[Quantity, ...]
    distributed: bool


class Readings:
    """Everything measured at a step goes to the host in one copy, and comes out as frames, oldest step first."""

    def __init__(self, experiment: Experiment, device: torch.device, batch_size: int) -> None:
        self._experiment = experiment
        self._batch_size = batch_size
        self._copies = HostCopies(device)
        self._wide = torch.float32 if device.type == "mps" else torch.float64
        self._under_way: dict[int, _Contents] = {}
        self._logarithms: set[str] = set()

    def submit(
        self,
        step: int,
        loss: Tensor,
        right: Tensor,
        probed: Sequence[tuple[Probe, Tensor | None]],
        distributed: Tensor | None,
    ) -> None:
        """Begin to copy: the loss, which samples are classified rightly, the rows of each probe, the distributions."""
        measured = [(probe, rows) for probe, rows in probed if rows is not None]
        quantities = tuple(quantity for probe, rows in measured for quantity in probe.quantities[: len(rows)])
        self._logarithms |= {q.name for probe, _ in measured if probe.logarithms for q in probe.quantities}
        scalars = torch.stack([loss.to(self._wide), right.to(self._wide).mean()])
        rest = [] if distributed is None else [distributed.reshape(-1)]
        values = torch.cat([scalars, *(rows.reshape(-1) for _, rows in measured), *rest])
        self._under_way[step] = _Contents(quantities, distributed is not None)
        self._copies.submit(step, values)

    def events(self, *, wait: bool) -> Iterator[Frame | Distributions]:
        """Return what has reached the host, the distributions of a step before its frame."""
        layers = len(self._experiment.network.rows())
        for step, values in self._copies.collect(wait=wait):
            contents = self._under_way.pop(step)
            end = SCALARS + len(contents.quantities) * layers
            if contents.distributed:
                yield distributions(step, values[end:].reshape(len(KINDS), layers, NUMBERS), self._batch_size)
            rows = zip(contents.quantities, values[SCALARS:end].reshape(-1, layers), strict=True)
            yield Frame(
                step=step,
                loss=float(values[0]),
                batch_accuracy=float(values[1]),
                learning_rate=self._experiment.training.learning_rate,
                rows={quantity.name: self._in_scale(row, quantity) for quantity, row in rows},
            )

    def _in_scale(self, row: NDArray[np.float64], quantity: Quantity) -> NDArray[np.float32]:
        if quantity.scale == "linear" or quantity.name in self._logarithms:
            return row.astype(np.float32)
        # the log10 of an exact zero is minus infinity, as it should be
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(row).astype(np.float32)
