"""What was measured on modules in one step, still on their devices, and how it becomes the rows of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.probes.histograms import distribution
from gradviz.probes.modules.weights import Indices, OptimizerParams, RowValues, Values, WeightTable
from gradviz.probes.observer import Due, Measured, Pending
from gradviz.recording.frame import KINDS, Quantity


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """Numbers of one kind: `values` [n] on a device; `of` [n] says of which weights, or rows, they are.

    `counts` [n]: over how many numbers of the network each was taken, where that matters.
    """

    kind: str
    values: Tensor
    of: Indices
    counts: Values | None = None


Numbers = dict[str, list[tuple[Measurement, Values]]]
"""What has arrived on the host, by kind."""


class ModuleProbe:
    """Measures `quantities` on the modules that it is told to watch.

    On the way it adds measurements to a pending step, and once they are on the host it makes rows of them. One of
    `logarithms` returns log10 of its values, because no float could hold the values themselves.
    """

    quantities: ClassVar[tuple[Quantity, ...]]
    logarithms: ClassVar[bool] = False

    @property
    def available(self) -> bool:
        """Whether this measures anything; after the first step one knows."""
        return True

    def notes(self) -> dict[str, str]:
        """Return why something could not be measured in the latest step, by what it is."""
        return {}

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Look at these modules from the next `before_forward` on."""

    def watch_activations(self, modules: Iterable[nn.Module]) -> None:
        """Look at these as activations: those that rows name as theirs, and modules that may be one themselves."""

    def before_forward(self, due: Due) -> None:
        """Prepare for the passes of a step."""

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Measure before `params` are moved."""

    def before_update(self, params: OptimizerParams, coming: Due) -> None:
        """Look at `params` before the optimiser moves them."""

    def after_update(self, params: OptimizerParams, coming: ModulePending) -> None:
        """Look at `params` after the optimiser has moved them; what is measured belongs to the step that comes."""

    def remembered(self) -> dict[str, Tensor]:
        """Return what one step is to know of those before it, by name: the tensors themselves, on the host."""
        return {}

    def release(self) -> None:
        """Take all hooks away."""

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return what the numbers of a step come to, by quantity."""
        raise NotImplementedError


class ModulePending(Pending):
    """One step. `samples` of the model's input it had, and its loss was multiplied by `loss_scale`.

    `spread` [kinds, rows, numbers of a histogram] says how numbers are spread, where that was due.
    """

    def __init__(self, table: WeightTable, probes: Sequence[ModuleProbe]) -> None:
        self.table, self._probes = table, probes
        self.due = Due(gradients=False, thorough=False)
        self.samples, self.loss_scale = 1, 1.0
        self.measurements: list[Measurement] = []
        self.spread: Tensor | None = None

    def add(self, kind: str, values: Tensor, of: Indices, counts: Values | None = None) -> None:
        """Take numbers that stay on their device for now."""
        if len(of):
            self.measurements.append(Measurement(kind, values, of, counts))

    def drop(self, *kinds: str) -> None:
        """Forget what there is of `kinds`, which are about to be measured again."""
        self.measurements = [one for one in self.measurements if one.kind not in kinds]

    def tensors(self) -> Sequence[Tensor]:
        """Return the numbers of all measurements, and behind them the histograms if there are any."""
        spread = [self.spread.reshape(-1)] if self.spread is not None else []
        return [*(one.values for one in self.measurements), *spread]

    def read(self, host: Values) -> Measured:
        """Return the rows, each in its quantity's scale."""
        if not self.measurements and self.spread is None:
            return Measured({})
        numbers: Numbers = {}
        position = 0
        for one in self.measurements:
            end = position + len(one.of)
            numbers.setdefault(one.kind, []).append((one, host[position:end]))
            position = end
        rows: dict[str, RowValues] = {}
        scaled = {}
        with np.errstate(all="ignore"):
            for probe in self._probes:
                found = probe.rows(numbers, self)
                rows |= found
                as_it_is = {q.name for q in probe.quantities if probe.logarithms or q.scale == "linear"}
                for name, (values, _) in found.items():
                    # the log10 of an exact zero is minus infinity, as it should be
                    scaled[name] = (values if name in as_it_is else np.log10(values)).astype(np.float32)
        spread = None
        if self.spread is not None:
            histograms = host[position:].reshape(self.spread.shape)
            spread = {
                kind.name: distribution(kind, one, self.samples) for kind, one in zip(KINDS, histograms, strict=True)
            }
        return Measured(scaled, {name: known for name, (_, known) in rows.items() if not known.all()}, spread)

    def of_weights(self, parts: list[tuple[Measurement, Values]]) -> RowValues:
        """Return the value of every weight of the table, and whether it has one."""
        return self.table.of_weights([(one.of, numbers) for one, numbers in parts])


def together(numbers: list[float | Tensor]) -> Tensor:
    """Return `numbers` as a vector: on the device of one of them, or on the host where all are there already."""
    device = next((one.device for one in numbers if isinstance(one, Tensor)), None)
    if device is None:
        return torch.tensor(numbers, dtype=torch.float64)
    return torch.stack(
        [one.to(device) if isinstance(one, Tensor) else torch.tensor(one, device=device) for one in numbers]
    )
