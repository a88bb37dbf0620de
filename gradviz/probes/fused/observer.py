"""The observer of the fused stack: every probe reads all layers at once, on the device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradviz.network.stack.stack import Network
from gradviz.probes.fused.distributions import DistributionProbe, distributions
from gradviz.probes.fused.exact import ExactGradients
from gradviz.probes.fused.gradients import ActivationGradRms, WeightGradNorm
from gradviz.probes.fused.paths import GradientPaths
from gradviz.probes.fused.probe import Probe
from gradviz.probes.fused.slopes import Slopes
from gradviz.probes.fused.units import ActivationMoments
from gradviz.probes.fused.updates import Weights
from gradviz.probes.histograms import NUMBERS
from gradviz.probes.observer import Due, Measured, Observer, Pending, Values
from gradviz.recording.frame import KINDS, Quantity

# in the order in which views offer what they measure; a new probe is a file and a line here
PROBES: tuple[type[Probe], ...] = (
    WeightGradNorm,
    ActivationGradRms,
    Weights,
    ActivationMoments,
    Slopes,
    GradientPaths,
    # it overwrites the gradients that the others read
    ExactGradients,
)


class FusedPending(Pending):
    """Rows of each probe, and after them perhaps distributions."""

    def __init__(
        self,
        layers: int,
        batch_size: int,
        probed: Sequence[tuple[Probe, Tensor | None]],
        spread: Tensor | None,
        *,
        double: bool,
    ) -> None:
        self._double = double
        measured = [(probe, rows) for probe, rows in probed if rows is not None]
        self._layers, self._batch_size = layers, batch_size
        self._quantities = [quantity for probe, rows in measured for quantity in probe.quantities[: len(rows)]]
        self._logarithms = {q.name for probe, _ in measured if probe.logarithms for q in probe.quantities}
        self._tensors = [rows.reshape(-1) for _, rows in measured]
        self._distributed = spread is not None
        if spread is not None:
            self._tensors.append(spread.reshape(-1))

    def tensors(self) -> Sequence[Tensor]:
        """Return the rows, and the histograms if there are any."""
        return self._tensors

    def read(self, host: Values) -> Measured:
        """Divide the numbers into rows, each in its quantity's scale."""
        layers = self._layers
        end = len(self._quantities) * layers
        spread = host[end:].reshape(len(KINDS), layers, NUMBERS) if self._distributed else None
        rows = zip(self._quantities, host[:end].reshape(-1, layers), strict=True)
        return Measured(
            {quantity.name: self._in_scale(row, quantity) for quantity, row in rows},
            distributions=None if spread is None else distributions(spread, self._batch_size),
        )

    def _in_scale(self, row: Values, quantity: Quantity) -> NDArray[np.floating[Any]]:
        if quantity.name in self._logarithms:
            return row.astype(np.float32)
        if quantity.scale == "linear":
            # a number that float32 does not hold is finite in a network of float64
            with np.errstate(over="ignore"):
                return row.astype(np.float64 if self._double else np.float32)
        # the log10 of an exact zero is minus infinity, as it should be
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(row).astype(np.float32)


class FusedObserver(Observer):
    """Measures `network` on its training batches and, on schedule, on `probe_batch` [samples, features].

    Of `kinds` the probes that apply are asked.
    """

    def __init__(self, network: Network, probe_batch: Tensor, kinds: Sequence[type[Probe]] = PROBES) -> None:
        self._network, self._probe_batch = network, probe_batch
        self._layers = len(network.weights)
        self._probes = [kind() for kind in kinds if kind.applies_to(network)]
        self._distributions = DistributionProbe(self._layers)
        self._due = Due()
        self._pending: FusedPending | None = None

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What the probes measure."""
        return tuple(quantity for probe in self._probes for quantity in probe.quantities)

    def before_forward(self, due: Due) -> None:
        """Remember what is due."""
        self._due = due

    @torch.no_grad()
    def after_backward(self) -> None:
        """Ask the probes."""
        due = self._due
        self._look_at_the_probe_batch(self._probes if due.thorough else [], distributed=due.distributions)
        trace = self._network.trace
        # before the probes, of which the last overwrites the gradients
        spread = self._distributions.measure(trace) if due.distributions else None
        rows = [(probe, probe.measure(trace)) for probe in self._probes if due.thorough or not probe.scheduled]
        self._pending = FusedPending(
            self._layers, trace.batch_size, rows, spread, double=self._network.weights.dtype == torch.float64
        )

    @torch.no_grad()
    def before_update(self, coming: Due) -> None:
        """Show the weights to the probes."""
        trace = self._network.trace
        for probe in self._probes:
            probe.before_update(trace)

    @torch.no_grad()
    def after_update(self) -> None:
        """Show the weights to the probes."""
        trace = self._network.trace
        for probe in self._probes:
            probe.after_update(trace)

    def take(self) -> Pending:
        """Hand over the rows of the latest step."""
        assert self._pending is not None, "after_backward comes first"
        pending, self._pending = self._pending, None
        return pending

    def carried(self) -> dict[str, Tensor]:
        """Return the rows that probes carry over, by the name of the last of their quantities."""
        rows = {probe.quantities[-1].name: probe.carried for probe in self._probes}
        return {name: each for name, each in rows.items() if each is not None}

    def prepare_carried(self, coming: Due) -> None:
        """Make room for the rows of the probes that carry some over: those look on at every update."""
        device = self._network.weights.device
        wide = torch.float32 if device.type == "mps" else torch.float64
        for probe in self._probes:
            if probe.carried_rows:
                probe.carried = torch.zeros(probe.carried_rows, self._layers, dtype=wide, device=device)

    def _look_at_the_probe_batch(self, probes: Sequence[Probe], *, distributed: bool) -> None:
        if not probes and not distributed:
            return
        for chunk in self._network.chunks(self._probe_batch):
            if distributed:
                self._distributions.look_at(chunk)
            for probe in probes:
                probe.look_at(chunk)
