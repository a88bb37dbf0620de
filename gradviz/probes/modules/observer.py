"""The observer of any `torch.nn.Module`: probes that look at modules and at the weights that optimisers hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from gradviz.network.architecture import Junction
from gradviz.probes.modules.activations import DeadUnits, LatestSlopes, SaturatedInputs
from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.chain_gradients import chain_of
from gradviz.probes.modules.distributions import RowDistributions
from gradviz.probes.modules.exact import ExactGradients
from gradviz.probes.modules.gradients import WeightGradients
from gradviz.probes.modules.hooks import Guard
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe
from gradviz.probes.modules.output_hooks import OutputHooks
from gradviz.probes.modules.outputs import Outputs
from gradviz.probes.modules.paths import GradientPaths
from gradviz.probes.modules.rows import MeasuredModule, compiled_modules
from gradviz.probes.modules.tokens import AttentionEntropy, TokenCosine
from gradviz.probes.modules.weight_changes import WeightChanges
from gradviz.probes.modules.weights import OptimizerParams, WeightTable
from gradviz.probes.observer import Due, Observer, Pending
from gradviz.recording.frame import Quantity


@dataclass(frozen=True, slots=True, eq=False)
class ObservedNetwork:
    """What probes look at: `model` is called with a batch, and is a `chain` of blocks or not.
    `guard` runs hooks, and `hooks` are those on what modules put out.

    `junctions` are where shortcuts and branches part, as far as that is known.

    While nothing is near the ends of the numbers' range, the exact gradient is followed in one of `exact_every` steps.
    """

    model: nn.Module
    chain: tuple[nn.Module, ...] | None
    guard: Guard
    hooks: OutputHooks
    exact_every: int = 1
    junctions: Sequence[Junction] = ()
    slopes: LatestSlopes = field(default_factory=LatestSlopes)


# in the order in which views offer what they measure; a new probe is a file and a line here
MODULE_PROBES: tuple[Callable[[ObservedNetwork], ModuleProbe], ...] = (
    lambda network: WeightGradients(),
    lambda network: Outputs(network.model, network.hooks, network.guard),
    lambda network: WeightChanges(),
    lambda network: DeadUnits(network.hooks, network.slopes),
    lambda network: SaturatedInputs(network.hooks, network.slopes),
    lambda network: GradientPaths(network.junctions, network.guard),
    lambda network: TokenCosine(network.model, network.guard),
    lambda network: AttentionEntropy(network.model, network.guard),
    lambda network: ExactGradients(network.chain, network.guard, network.exact_every),
    lambda network: RowDistributions(network.guard),
)


def module_quantities() -> tuple[Quantity, ...]:
    """Return all that may be measured on a network of modules."""
    nothing = ObservedNetwork(nn.Module(), None, without_trace, OutputHooks(without_trace))
    return tuple(quantity for make in MODULE_PROBES for quantity in make(nothing).quantities)


def without_trace(action: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `action` returns, which computes without leaving a trace in any graph."""
    with torch.no_grad():
        return action(*arguments)


class ModuleObserver(Observer):
    """Measures `model`, and what of it the optimisers hold.

    Which modules are rows is said by `watch`. Where it cannot be known before the first pass, `look_at` says which
    modules to look at until then. A `chain` are blocks that do, one after the other, what the model does; an
    `nn.Sequential` is known to be one. Every measurement in a pass is run by `guard`. Where several optimisers move the
    weights in turn, `params` says whose turn it is.
    """

    def __init__(
        self,
        model: nn.Module,
        rows: Sequence[MeasuredModule] = (),
        *,
        chain: Sequence[nn.Module] | None = None,
        guard: Guard = without_trace,
        exact_every: int = 1,
        junctions: Sequence[Junction] = (),
    ) -> None:
        self._model = model
        blocks = tuple(chain) if chain is not None else chain_of(model)
        self._hooks = OutputHooks(guard)
        chain = None if compiled_modules(model) else blocks
        network = ObservedNetwork(model, chain, guard, self._hooks, exact_every, junctions)
        self.calls = Calls(self._hooks, guard)
        self._gradients = WeightGradients()
        self._beside: tuple[Sequence[Parameter], OptimizerParams | None] = ((), None)
        self._probes = [*(make(network) for make in MODULE_PROBES), self.calls]
        self._due = Due()
        self._pending: ModulePending | None = None
        self._table = WeightTable(())
        self._coming = ModulePending(self._table, self._probes)
        self._all: OptimizerParams | None = None
        if rows:
            self.watch(rows)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What is measured; complete once there was a backward pass."""
        found = [quantity for probe in self._probes if probe.available for quantity in probe.quantities]
        names = {quantity.name for quantity in found}
        # nothing is drawn beside what is not there
        return tuple(q if q.beside in names else replace(q, beside="") for q in found)

    @property
    def table(self) -> WeightTable:
        """The weights of the rows."""
        return self._table

    @property
    def all_params(self) -> OptimizerParams | None:
        """All weights of the rows, whoever moves them; None if there are none."""
        return self._all

    @property
    def notes(self) -> dict[str, str]:
        """Why something is not measured, in words, by what it is."""
        return {what: why for probe in self._probes for what, why in probe.notes().items()}

    def look_at(self, modules: Iterable[nn.Module]) -> None:
        """Look at `modules` from the next step on, as whatever they are."""
        modules = tuple(modules)
        for probe in self._probes:
            probe.watch(modules)
            probe.watch_activations(modules)

    def watch(self, rows: Sequence[MeasuredModule]) -> None:
        """Make rows of these modules; again, if their parameters were replaced."""
        compiled = compiled_modules(self._model)
        self.look_at(row.module for row in rows if row.module not in compiled)
        activations = [row.activation or row.module for row in rows if row.module not in compiled]
        for probe in self._probes:
            probe.watch_activations(activations)
        self._table = WeightTable(rows)
        self._coming = ModulePending(self._table, self._probes)
        self._all = self._table.all_params()

    def before_forward(self, due: Due) -> None:
        """Put hooks on the modules where something of them is due."""
        before, self._due = self._due, due
        if not (before.thorough or before.distributions or due.thorough or due.distributions):
            # there are no hooks, and none are wanted
            return
        for probe in self._probes:
            probe.before_forward(due)
        self._hooks.settle()

    @torch.no_grad()
    def after_backward(self, params: OptimizerParams | None = None) -> None:
        """Measure gradients, weights, and what was gathered in the passes."""
        if self._pending is None:
            self._pending, self._coming = self._coming, ModulePending(self._table, self._probes)
            self._pending.due = self._due
        for probe in self._probes:
            if (held := params or self._all) is not None:
                probe.after_backward(self._pending.due, held, self._pending)

    @torch.no_grad()
    def measure_gradients(self, weights: Sequence[Parameter]) -> None:
        """Measure the gradients of these as well, which none of the `params` of this step holds."""
        assert self._pending is not None, "after_backward comes first"
        if weights is not self._beside[0]:
            self._beside = weights, self._table.params_among(weights)
        if (params := self._beside[1]) is not None:
            self._gradients.after_backward(self._pending.due, params, self._pending)

    @torch.no_grad()
    def before_update(self, coming: Due, params: OptimizerParams | None = None) -> None:
        """Keep the weights as they are, if the next state is measured."""
        for probe in self._probes:
            if (held := params or self._all) is not None:
                probe.before_update(held, coming)

    @torch.no_grad()
    def after_update(self, params: OptimizerParams | None = None) -> None:
        """Compare the weights with those before the update."""
        for probe in self._probes:
            if (held := params or self._all) is not None:
                probe.after_update(held, self._coming)

    def take(self) -> Pending:
        """Hand over the measurements of the latest step."""
        assert self._pending is not None, "after_backward comes first"
        pending, self._pending = self._pending, None
        return pending

    def scale_loss(self, factor: float) -> None:
        """Say that the loss of the step was multiplied by `factor` before the backward pass."""
        assert self._pending is not None, "after_backward comes first"
        self._pending.loss_scale = factor

    def release(self) -> None:
        """Take all hooks away."""
        for probe in self._probes:
            probe.release()
        self._hooks.release()

    def carried(self) -> dict[str, Tensor]:
        """Return what the latest update left of each row's weights, and what probes remember."""
        kept = {one.kind: one.values for one in self._coming.measurements}
        for probe in self._probes:
            kept |= probe.remembered()
        return kept

    def prepare_carried(self, coming: Due) -> None:
        """Make room for what an update leaves if the state after it is measured."""
        self.before_update(coming)
        self.after_update()
