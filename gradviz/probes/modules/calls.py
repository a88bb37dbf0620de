"""Which modules were called in the few steps in which somebody looks, and whether gradients were recorded then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from torch import Tensor, nn

from gradviz.probes.modules.hooks import GradientHook, Guard
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.output_hooks import OutputHooks
from gradviz.probes.modules.weights import RowValues
from gradviz.probes.observer import Due
from gradviz.recording.frame import Quantity

# others, such as SyncBatchNorm, know of samples that are not here
BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Calls(ModuleProbe):
    """Counts the calls of modules in the passes of a step; it measures no quantity.

    `recorded` [calls] are those with gradients, `unrecorded` those of a module in training mode under `torch.no_grad`,
    `cut` those with gradients whose output needs none although the module is trained. `normalised` says on how many
    samples a batch norm was trained. `on_gradient` are called, module by module, when a gradient comes back to what the
    module put out.
    """

    quantities: ClassVar[tuple[Quantity, ...]] = ()

    def __init__(self, hooks: OutputHooks, guard: Guard) -> None:
        self._hooks, self._guard = hooks, guard
        self._modules: tuple[nn.Module, ...] = ()
        self.recorded: dict[nn.Module, int] = {}
        self.unrecorded: dict[nn.Module, int] = {}
        self.cut: dict[nn.Module, int] = {}
        self.normalised: dict[nn.Module, int] = {}
        self.on_gradient: dict[nn.Module, Callable[[], None]] = {}

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Look at those of the modules that own parameters."""
        self._modules = tuple(module for module in modules if module._parameters)

    def before_forward(self, due: Due) -> None:
        """Put hooks on the modules and forget what was counted, if a look is due; take them away if not."""
        self.release()
        if due.thorough:
            self.recorded, self.unrecorded, self.cut, self.normalised = {}, {}, {}, {}
            self._hooks.look(self, self._modules, self._called)

    def release(self) -> None:
        """Look no more."""
        self._hooks.forget(self)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return nothing."""
        return {}

    def _called(self, module: nn.Module, _args: object, x: Tensor | None, recorded: bool) -> None:
        if not recorded:
            # a validation pass is no sign of anything
            if module.training:
                self.unrecorded[module] = self.unrecorded.get(module, 0) + 1
            return
        self.recorded[module] = self.recorded.get(module, 0) + 1
        if x is None:
            return
        if isinstance(module, BATCH_NORMS) and module.training and x.dim():
            self.normalised[module] = max(len(x), self.normalised.get(module, 0))
        if not x.requires_grad:
            if x.is_floating_point() and any(p is not None and p.requires_grad for p in module._parameters.values()):
                self.cut[module] = self.cut.get(module, 0) + 1
        elif (told := self.on_gradient.get(module)) is not None:
            x.register_hook(GradientHook(self._guard, lambda *_: told()))  # type: ignore[no-untyped-call]
