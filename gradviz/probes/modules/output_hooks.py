"""One forward hook on each module, for all who look at what it puts out in a step.

Hooks are what a look costs most: each costs a call of its own, and putting it there and taking it away. So there is one
on a module, however many look, and it stays as long as step after step is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.probes.modules.hooks import Guard, TrainingHook, first_tensor, is_transformed

Look = Callable[[nn.Module, tuple[Any, ...], Tensor | None, bool], None]
"""Takes a module, what it was given, the first tensor that it has put out, and whether gradients were recorded."""


class OutputHooks:
    """Those who look are known by themselves, so that each looks at its own modules or at none."""

    def __init__(self, guard: Guard) -> None:
        self._hook = _OutputHook(guard, self._tell)
        self._lookers: dict[object, tuple[Iterable[nn.Module], Look]] = {}
        self._looks: dict[nn.Module, list[Look]] = {}
        self._handles: dict[nn.Module, RemovableHandle] = {}
        self._changed = False

    def look(self, looker: object, modules: Iterable[nn.Module], look: Look) -> None:
        """Let `look` be called with what `modules` put out, from the next `settle` on."""
        self._lookers[looker] = modules, look
        self._changed = True

    def forget(self, looker: object) -> None:
        """Let `looker` see nothing more, from the next `settle` on."""
        self._changed |= self._lookers.pop(looker, None) is not None

    def settle(self) -> None:
        """Put hooks where somebody looks, and take them away where nobody does any more."""
        if not self._changed:
            return
        self._changed = False
        looks: dict[nn.Module, list[Look]] = {}
        for modules, look in self._lookers.values():
            for module in modules:
                looks.setdefault(module, []).append(look)
        for module in self._handles.keys() - looks.keys():
            self._handles.pop(module).remove()
        for module in looks:
            if module not in self._handles:
                self._handles[module] = module.register_forward_hook(self._hook)
        self._looks = looks

    def release(self) -> None:
        """Take all hooks away."""
        self._lookers.clear()
        self._changed = True
        self.settle()

    def _tell(self, module: nn.Module, args: tuple[Any, ...], output: Any, recorded: bool) -> None:
        x = first_tensor(output)
        for look in self._looks.get(module, ()):
            look(module, args, x, recorded)


class _OutputHook(TrainingHook):
    """A forward hook that looks at every pass, and says whether gradients were recorded in it."""

    def __call__(self, module: nn.Module, args: Any, output: Any) -> None:
        """Look, unless there is nothing to be seen."""
        if not is_transformed():
            # asked here, because the guard turns it off
            self._guard(self._look, module, args, output, torch.is_grad_enabled())
