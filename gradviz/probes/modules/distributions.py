"""How what rows are given, what they put out, its gradient and the weights are spread, in the steps where it is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.network.activation_module import ActivationModule
from gradviz.probes.histograms import NUMBERS, Histograms, Indices, enough
from gradviz.probes.modules.hooks import BackwardPass, GradientHook, Guard, TrainingHook, first_tensor
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import OptimizerParams, RowValues, WeightTable
from gradviz.probes.norms import wide_dtype
from gradviz.probes.observer import Due
from gradviz.recording.frame import KINDS


class RowDistributions(ModuleProbe):
    """Takes a histogram of each row for each of `KINDS`; it measures no quantity.

    Of a batch as many samples count as make a picture of each row. What activations are given is known of gradviz's own
    activation modules; a row without one has no numbers of that kind, one without weights none of those.
    """

    quantities = ()

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._modules: tuple[nn.Module, ...] = ()
        self._activations: tuple[nn.Module, ...] = ()
        self._handles: list[RemovableHandle] = []
        self._given: dict[nn.Module, Tensor] = {}
        self._outputs: dict[nn.Module, Tensor] = {}
        self._gradients: dict[nn.Module, Tensor] = {}
        self._indices = Indices()

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Look at what these modules put out."""
        self._modules = tuple(modules)

    def watch_activations(self, modules: Iterable[nn.Module]) -> None:
        """Look at what these are given."""
        self._activations = tuple(module for module in modules if isinstance(module, ActivationModule))

    def before_forward(self, due: Due) -> None:
        """Put hooks on the modules and forget what was gathered, if it is due; take them away if not."""
        self.release()
        if not due.distributions:
            return
        self._given, self._outputs, self._gradients = {}, {}, {}
        enter, leave = TrainingHook(self._guard, self._enter), TrainingHook(self._guard, self._leave)
        self._handles = [module.register_forward_pre_hook(enter) for module in self._activations]
        self._handles += [module.register_forward_hook(leave) for module in self._modules]

    def release(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Count what was gathered, and the weights."""
        if not (due.distributions and self._outputs):
            return
        table = pending.table
        weights = {number: torch.cat([weight.detach().reshape(-1) for weight in row.parameters()])
                   for number, row in enumerate(table.rows) if row.weights}  # fmt: skip
        # in the order of KINDS
        kinds = (
            _by_row(self._given, table.row_of_activation),
            _by_row(self._outputs, table.row_of),
            _by_row(self._gradients, table.row_of),
            weights,
        )
        pending.spread = torch.stack(
            [
                self._count(numbers, table, magnitudes=kind.scale == "log10")
                for kind, numbers in zip(KINDS, kinds, strict=True)
            ]
        )
        self._given, self._outputs, self._gradients = {}, {}, {}

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return nothing."""
        return {}

    def _count(self, by_row: Mapping[int, Tensor], table: WeightTable, *, magnitudes: bool) -> Tensor:
        """Return [rows, NUMBERS], zeros for rows without numbers: rows of the same size are counted together."""
        by_size: dict[int, list[int]] = {}
        for row, numbers in by_row.items():
            by_size.setdefault(numbers.numel(), []).append(row)
        example = next(iter(by_row.values()), torch.empty(0))
        result = torch.zeros(len(table.rows), NUMBERS, dtype=wide_dtype(example), device=example.device)
        for size, rows in by_size.items():
            if not size:
                continue
            histograms = Histograms(len(rows), self._indices, magnitudes=magnitudes)
            histograms.add(torch.stack([by_row[row] for row in rows]))
            result[rows] = histograms.take().to(result.dtype)
        return result

    def _enter(self, module: nn.Module, args: Sequence[Any]) -> None:
        _keep(self._given, module, args)

    def _leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        _keep(self._outputs, module, output)
        x = first_tensor(output)
        if x is not None and x.requires_grad:
            x.register_hook(GradientHook(self._guard, self._take_gradient, module))  # type: ignore[no-untyped-call]

    def _take_gradient(self, module: nn.Module, gradient: Tensor, _backward: BackwardPass) -> None:
        _keep(self._gradients, module, gradient)


def _keep(place: dict[nn.Module, Tensor], module: nn.Module, tree: Any) -> None:
    x = first_tensor(tree)
    if x is None or not x.is_floating_point() or x.layout is not torch.strided or not x.numel():
        return
    samples = enough(x[0].numel())
    # a copy, because it may be overwritten before it is counted
    place[module] = x.detach()[:samples].reshape(-1).clone()


def _by_row(found: Mapping[nn.Module, Tensor], rows: Mapping[nn.Module, int]) -> dict[int, Tensor]:
    return {rows[module]: numbers for module, numbers in found.items() if module in rows}
