"""How many units of activation modules are dead, and how many of their inputs lie where they are flat.

Of torch's own modules both are read from what the module puts out, of gradviz's from what it is given. Activations that
are called as functions (`torch.relu`) are no modules, and nothing is known of them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from weakref import ref

import numpy as np
import torch
from torch import Tensor, nn

from gradviz.network.activation_module import ActivationModule
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.output_hooks import OutputHooks
from gradviz.probes.modules.small_tensors import SmallTensors
from gradviz.probes.modules.weights import OptimizerParams, RowValues
from gradviz.probes.observer import Due
from gradviz.probes.quantities import DEAD_FRACTION, SATURATED_FRACTION

# an input is saturated where |phi'| is below this share of the least upper bound of |phi'|
SATURATED_BELOW = 0.01

OfOutput = Callable[[Tensor], Tensor]
"""From what a module puts out to how steep it is there, as far as the question needs to know."""

# positive where the slope at this output is not zero
_SLOPED: Mapping[type[nn.Module], OfOutput] = {
    nn.ReLU: lambda y: y,
    nn.ReLU6: lambda y: torch.minimum(y, 6.0 - y),
}
# the slope at this output, as a share of the steepest
_SLOPES: Mapping[type[nn.Module], OfOutput] = {
    nn.Sigmoid: lambda y: 4.0 * y * (1.0 - y),
    nn.Tanh: lambda y: (1.0 - y) * (1.0 + y),
    nn.Softsign: lambda y: (1.0 - y.abs()).square(),
    nn.Hardtanh: lambda y: (y.abs() < 1.0).to(y.dtype),
    nn.Hardsigmoid: lambda y: ((y > 0.0) & (y < 1.0)).to(y.dtype),
}


class LatestSlopes:
    """Computes how steep gradviz's activations are where they were called, once for all who ask after a call."""

    def __init__(self) -> None:
        self._output: Callable[[], Tensor | None] = lambda: None
        self._slopes: Tensor | None = None

    def of(self, module: ActivationModule, given: Tensor, output: Tensor) -> Tensor:
        """Return the steepness at every number of `given`, when `module` has put out `output`."""
        if self._slopes is None or self._output() is not output:
            self._slopes = module.steepness(given.detach(), output.detach())
            # not the tensor itself, which would keep the graph of the pass
            self._output = ref(output)
        return self._slopes

    def forget(self) -> None:
        """Let go of the memory."""
        self._slopes = None


class _OfActivations(ModuleProbe):
    """Looks at the outputs of activation modules whose class is known, in thorough steps, all calls together.

    What one module put out is gathered in parts, each with a key: calls of one key become one part.
    """

    known: ClassVar[Mapping[type[nn.Module], OfOutput]]

    def __init__(self, hooks: OutputHooks, slopes: LatestSlopes) -> None:
        self._hooks, self._slopes = hooks, slopes
        self._modules: tuple[nn.Module, ...] = ()
        self._parts: dict[nn.Module, dict[int, Tensor]] = {}
        self._small = SmallTensors(self._measure)

    @property
    def available(self) -> bool:
        """Whether there is any such module."""
        return bool(self._modules)

    def watch_activations(self, modules: Iterable[nn.Module]) -> None:
        """Look at those of `modules` that are known."""
        self._modules = tuple(module for module in modules if self._is_known(module))

    def before_forward(self, due: Due) -> None:
        """Put hooks on the modules and forget what was gathered, if it is due; take them away if not."""
        self.release()
        if not (due.thorough and self._modules):
            return
        self._parts = {}
        self._slopes.forget()
        self._small.clear()
        self._hooks.look(self, self._modules, self._leave)

    def release(self) -> None:
        """Look no more. What was gathered stays until this is armed again."""
        self._hooks.forget(self)

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Take what was gathered, in place of what was taken before."""
        if not due.thorough:
            return
        self._small.measure_all()
        rows = pending.table.row_of_activation
        found = [(rows[module], part) for module, parts in self._parts.items() if module in rows
                 for part in parts.values()]  # fmt: skip
        if not found:
            return
        kind = self.quantities[0].name
        pending.drop(kind)
        values, counts = self._shares([part for _, part in found])
        of = np.array([row for row, _ in found], np.int64)
        pending.add(kind, values, of, np.array(counts, np.float64))

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return the share of each row; NaN where an output was not a number."""
        name = self.quantities[0].name
        if name not in numbers:
            return {}
        [(one, shares)] = numbers[name]
        assert one.counts is not None
        total = len(pending.table.rows)
        counts = np.bincount(one.of, one.counts, total)
        return {name: (np.bincount(one.of, one.counts * shares, total) / counts, counts > 0.0)}

    def _is_known(self, module: nn.Module) -> bool:
        # exactly these: a class of somebody's own may do something else
        return type(module) in self.known or isinstance(module, ActivationModule)

    def _leave(self, module: nn.Module, args: tuple[Any, ...], y: Tensor | None, recorded: bool) -> None:
        if not recorded or y is None or not y.is_floating_point() or y.layout is not torch.strided:
            return
        if not (y.dim() and y.numel()):
            return
        if isinstance(module, ActivationModule):
            self._keep(self._slopes.of(module, args[0], y)[None], [module])
        elif self._small.takes(y):
            self._small.add(type(module), y.detach(), module)
        else:
            self._measure(type(module), y.detach()[None], [module])

    def _measure(self, kind: type[nn.Module], outputs: Tensor, modules: list[nn.Module]) -> None:
        """Take stacked outputs, [modules, ...], of modules of one class."""
        self._keep(self.known[kind](outputs), modules)

    def _keep(self, slopes: Tensor, modules: list[nn.Module]) -> None:
        for module, part in zip(modules, self._reduced(slopes), strict=True):
            parts = self._parts.setdefault(module, {})
            key = self._key(part)
            parts[key] = self._joined(parts[key], part) if key in parts else part

    @abstractmethod
    def _reduced(self, slopes: Tensor) -> Tensor:
        """Return what is kept of each of `slopes` [modules, ...]: [modules, n]."""

    def _key(self, part: Tensor) -> int:
        """Return by what a part is known."""
        return len(part)

    @abstractmethod
    def _joined(self, one: Tensor, other: Tensor) -> Tensor:
        """Return one part of what was kept of two calls."""

    @abstractmethod
    def _shares(self, parts: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
        """Return the share of each part, [parts], and how many numbers each is of."""


class DeadUnits(_OfActivations):
    """Share of a module's units that are off for every sample of the step, so that no gradient reaches them.

    Units are channels in pictures (the second of four dimensions or more), else features (the last dimension): a unit
    is on if it is for one sample, in one place, in one of the calls with as many units.
    """

    known = _SLOPED
    quantities = (
        replace(
            DEAD_FRACTION,
            description="Share of an activation module's units (channels, or features) that are off for every sample "
            "of the step, so that no gradient reaches them. Of torch's modules known of nn.ReLU and nn.ReLU6",
        ),
    )

    def _reduced(self, slopes: Tensor) -> Tensor:
        # behind that of the modules
        unit = 2 if slopes.dim() >= 5 else slopes.dim() - 1
        others = [dim for dim in range(1, slopes.dim()) if dim != unit]
        # NaN is the largest of all
        return slopes.amax(others) if others else slopes

    def _joined(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.maximum(one, other)

    def _shares(self, parts: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
        found = [(part <= 0.0).float().mean().masked_fill(part.isnan().any(), torch.nan) for part in parts]
        return torch.stack([share.to(found[0].device) for share in found]), [len(part) for part in parts]


class SaturatedInputs(_OfActivations):
    """Share of the inputs of a module at which its slope is below a hundredth of the steepest."""

    known = _SLOPES
    quantities = (
        replace(
            SATURATED_FRACTION,
            description="Share of the inputs to an activation module at which its slope is below a hundredth of the "
            "largest that it has. Of torch's modules known of nn.Sigmoid, nn.Tanh, nn.Softsign, nn.Hardtanh and "
            "nn.Hardsigmoid",
        ),
    )

    def _reduced(self, slopes: Tensor) -> Tensor:
        slopes = slopes.flatten(1)
        flat = (slopes < SATURATED_BELOW).sum(1, dtype=torch.float32)
        flat = flat.masked_fill(slopes.isnan().any(1), torch.nan)
        return torch.stack([flat, torch.full_like(flat, slopes.shape[1])], 1)

    def _joined(self, one: Tensor, other: Tensor) -> Tensor:
        return one + other

    def _shares(self, parts: Sequence[Tensor]) -> tuple[Tensor, list[int]]:
        together = torch.stack([part.to(parts[0].device) for part in parts])
        return together[:, 0] / together[:, 1], [1] * len(parts)

    def _is_known(self, module: nn.Module) -> bool:
        # a Hardtanh with other limits is flat elsewhere
        limits = (module.min_val, module.max_val) if isinstance(module, nn.Hardtanh) else (-1.0, 1.0)
        return super()._is_known(module) and limits == (-1.0, 1.0)
