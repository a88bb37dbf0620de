"""The weights of the rows, which optimiser has which of them, and how numbers of weights become numbers of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import WeakKeyDictionary, ref

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from gradviz.probes.modules.rows import MeasuredModule

Indices = NDArray[np.int64]
Values = NDArray[np.float64]
RowValues = tuple[Values, NDArray[np.bool_]]
"""One number per row, and which rows have one."""


class WeightTable:
    """All distinct weights of the rows. A weight that belongs to several rows is measured once and counts in each.

    `index` numbers the weights, `uses` holds the numbers of each row's weights, `sizes` how many numbers each has.
    """

    def __init__(self, rows: Sequence[MeasuredModule]) -> None:
        self.rows = rows
        self.row_of = {row.module: number for number, row in enumerate(rows)}
        self.row_of_activation = {row.activation or row.module: number for number, row in enumerate(rows)}
        self.index: dict[Parameter, int] = {}
        own = (parameter for row in rows for parameter in row.module._parameters.values())
        self._unmeasured = {parameter for parameter in own if parameter is not None}
        self.uses = [[self.index.setdefault(weight, len(self.index)) for weight in row.parameters()] for row in rows]
        self.sizes = np.array([weight.numel() for weight in self.index], np.float64)
        self._params: WeakKeyDictionary[Optimizer, tuple[int, OptimizerParams | None]] = WeakKeyDictionary()
        self._use_rows = np.repeat(np.arange(len(rows)), [len(use) for use in self.uses])
        self._use_weights = np.array([index for use in self.uses for index in use], np.int64)
        # the usual case: one weight a row, and every weight in some row
        self._simple = bool((np.bincount(self._use_rows, minlength=1) <= 1).all())
        self._everything = np.ones(len(self.sizes), bool)
        self._with_weights = np.zeros(len(rows), bool)
        self._with_weights[self._use_rows] = True

    def params_of(self, optimizer: Optimizer) -> OptimizerParams | None:
        """Return what `optimizer` holds of these weights; None if it holds none."""
        held = 0
        # asked several times a step, in which a generator would cost more than all else here
        for group in optimizer.param_groups:
            held += len(group["params"])
        known = self._params.get(optimizer)
        if known is None or known[0] != held:
            weights = {weight: None for group in optimizer.param_groups for weight in group["params"]}
            known = self._params[optimizer] = held, self._params_among(weights, optimizer)
        return known[1]

    def params_among(self, weights: Sequence[Parameter]) -> OptimizerParams | None:
        """Return those of `weights` that are among these; None if none are."""
        return self._params_among(weights, None)

    def all_params(self) -> OptimizerParams | None:
        """Return all weights, whoever moves them; None if there are none."""
        return self._params_among(self.index, None)

    def replaced(self) -> list[str]:
        """Return the names of rows whose parameters are not the ones they were any more."""
        weights = list(self.index)
        return [
            row.name
            for row, use in zip(self.rows, self.uses, strict=True)
            if [id(weight) for weight in row.parameters()] != [id(weights[index]) for index in use]
        ]

    def of_weights(self, parts: Sequence[tuple[Indices, Values]]) -> RowValues:
        """Return the value of every weight of the table, and whether it has one; of some the values are known."""
        if len(parts) == 1 and len(parts[0][0]) == len(self.sizes):
            [(indices, numbers)] = parts
            values = np.empty(len(self.sizes))
            values[indices] = numbers
            return values, self._everything
        values = np.zeros(len(self.sizes))
        known = np.zeros(len(self.sizes), bool)
        for indices, numbers in parts:
            values[indices] = numbers
            known[indices] = True
        return values, known

    def lengths(self, norms: Values, known: NDArray[np.bool_]) -> RowValues:
        """Return the length of all weights of a row together, from that of each that is `known`."""
        if self._simple and known is self._everything:
            result = np.zeros(len(self.rows))
            result[self._use_rows] = norms[self._use_weights]
            return result, self._with_weights
        used = known[self._use_weights]
        return joint_lengths(norms[self._use_weights[used]], self._use_rows[used], len(self.rows))

    def log_lengths(self, logs: Values, known: NDArray[np.bool_]) -> RowValues:
        """Return what `lengths` does for lengths that no float could hold, from log10 to log10."""
        used = known[self._use_weights]
        return joint_log_lengths(logs[self._use_weights[used]], self._use_rows[used], len(self.rows))

    def sums(self, values: Values) -> Values:
        """Return the sum over the weights of each row."""
        return np.bincount(self._use_rows, values[self._use_weights], len(self.rows)).astype(np.float64)

    def _params_among(self, held: Iterable[Parameter], optimizer: Optimizer | None) -> OptimizerParams | None:
        by_device: dict[torch.device, list[Parameter]] = {}
        held = list(held)
        for weight in held:
            if weight in self.index:
                by_device.setdefault(weight.device, []).append(weight)
        for weights in by_device.values():
            # last to first, as backward made the gradients: what is read last, the optimiser finds in the cache
            weights.reverse()
        parts = [DeviceParams(weights, [self.index[weight] for weight in weights]) for weights in by_device.values()]
        # biases beside other weights are not measured, but an optimiser of nothing else makes steps as well
        beside = [] if parts else [one for one in held if one in self._unmeasured]
        return OptimizerParams(parts, optimizer, beside) if parts or beside else None


class OptimizerParams:
    """The weights that one optimiser holds, device by device; `beside` are biases, if it has no others to measure."""

    def __init__(
        self, parts: Sequence[DeviceParams], optimizer: Optimizer | None, beside: Sequence[Parameter] = ()
    ) -> None:
        self.parts = parts
        self._optimizer = ref(optimizer) if optimizer is not None else lambda: None
        self._all = [*(weight for part in parts for weight in part.weights), *beside]
        self._smallest = min(self._all, key=Parameter.numel)

    @property
    def device(self) -> torch.device:
        """Where the first of the weights is."""
        return self._all[0].device

    @property
    def grad_scale(self) -> Tensor | None:
        """By what a scaler has multiplied the gradients that the optimiser is given, where it says so."""
        scale = getattr(self._optimizer(), "grad_scale", None)
        return scale if isinstance(scale, Tensor) else None

    def weight_with_gradient(self) -> Parameter | None:
        """Return one of the weights that have a gradient, a small one if possible; None if none has."""
        if self._smallest.grad is not None:
            return self._smallest
        return next((weight for weight in self._all if weight.grad is not None), None)


class DeviceParams:
    """The weights of one optimiser on one device; `indices` number them among all.

    `trained` are those that require gradients, as of the latest `refresh`, which makes a new list only if they changed.
    """

    def __init__(self, weights: Sequence[Parameter], indices: Sequence[int]) -> None:
        self.weights = weights
        self.indices = np.array(indices, np.int64)
        self._places: list[int] | None = None
        self.refresh()

    def refresh(self) -> None:
        """See anew which weights are trained at all."""
        trained = [place for place, weight in enumerate(self.weights) if weight.requires_grad]
        if trained == self._places:
            return
        self._places = trained
        self.trained = [self.weights[place] for place in trained]
        self.trained_indices = self.indices[trained]


def joint_lengths(norms: Values, rows: Indices, count: int) -> RowValues:
    """Return per row the length of all vectors in it together, whose lengths are `norms`; and which rows have any."""
    measured = np.zeros(count, bool)
    measured[rows] = True
    result = np.zeros(count)
    if measured.sum() == len(rows):
        result[rows] = norms
        return result, measured
    # the squares of very small and very large numbers would leave the range
    np.maximum.at(result, rows, norms)
    largest = np.where((result > 0) & np.isfinite(result), result, 1.0)
    return np.sqrt(np.bincount(rows, np.square(norms / largest[rows]), count)) * largest, measured


def joint_log_lengths(logs: Values, rows: Indices, count: int) -> RowValues:
    """Return log10 of what `joint_lengths` returns, from log10 of the lengths."""
    largest = np.full(count, -np.inf)
    np.maximum.at(largest, rows, logs)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    squares = np.bincount(rows, np.power(10.0, 2 * (logs - shift[rows])), count)
    return np.log10(squares) / 2 + shift, np.bincount(rows, minlength=count) > 0
