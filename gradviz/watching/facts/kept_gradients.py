"""Whether gradients are cleared between two steps of an optimiser.

A gradient that was cleared is another tensor, or all zero, at some moment between the steps. The moment that counts is
when a backward pass comes to the module, just before it adds to the gradient of its weights: one that is still what it
was at the step, and is never seen cleared before the next step, was kept.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from gradviz.probes.modules.calls import Calls
from gradviz.probes.modules.rows import MeasuredModule
from gradviz.watching.facts.said import Said


class _Tracked:
    """One weight of an optimiser, and what became of its gradient since the latest step."""

    def __init__(self, name: str, weight: Parameter) -> None:
        self.name, self.weight = name, weight
        self._used: ref[Tensor] | None = None
        self._version = -1
        self._seen_kept = self._seen_cleared = False

    def step_ended(self) -> None:
        """Remember the gradient that the step has used."""
        gradient = self.weight.grad
        self._used = ref(gradient) if gradient is not None else None
        self._version = -1
        self._seen_kept, self._seen_cleared = False, gradient is None

    def look(self) -> None:
        """See whether the gradient is still there, now that a backward pass comes to it."""
        if self._used is None or self._seen_cleared:
            return
        gradient = self.weight.grad
        if gradient is None or self._used() is not gradient:
            self._seen_cleared = True
        elif gradient._version != self._version:
            self._version = gradient._version
            self._seen_cleared = not bool(gradient.any())
            self._seen_kept = not self._seen_cleared

    @property
    def kept(self) -> bool | None:
        """Whether the gradient of the step before is still in the present one; None where nobody looked."""
        if self._seen_cleared:
            return False
        return True if self._seen_kept else None


class KeptGradients:
    """Tracks one small weight of each optimiser; looked at where there are hooks on the modules."""

    def __init__(self, said: Said, calls: Calls) -> None:
        self._said, self._calls = said, calls
        self._tracked: WeakKeyDictionary[Optimizer, _Tracked] = WeakKeyDictionary()

    def before_step(self, step: int, optimizer: Optimizer) -> None:
        """Say whether the gradients that `optimizer` is about to go by hold those of its step before."""
        tracked = self._tracked.get(optimizer)
        kept = tracked.kept if tracked is not None else None
        if kept:
            self._said.say(step, "gradients_kept")
        elif kept is not None:
            self._said.end(step, "gradients_kept")

    def after_step(self, optimizer: Optimizer, rows: tuple[MeasuredModule, ...]) -> None:
        """Remember what the step has used."""
        tracked = self._tracked.get(optimizer)
        if tracked is None or tracked.weight.grad is None:
            tracked = self._choose(optimizer, rows) or tracked
        if tracked is not None:
            tracked.step_ended()

    def _choose(self, optimizer: Optimizer, rows: tuple[MeasuredModule, ...]) -> _Tracked | None:
        """Track the smallest weight of a module that was called and has a gradient."""
        held = {weight for group in optimizer.param_groups for weight in group["params"]}
        candidates: list[tuple[int, str, nn.Module, Parameter]] = [
            (weight.numel(), row.name, row.module, weight)
            for row in rows
            if row.module in self._calls.recorded
            for weight in row.parameters()
            if weight in held and weight.grad is not None and not weight.grad.is_sparse
        ]
        if not candidates:
            return None
        _, name, module, weight = min(candidates, key=lambda one: one[0])
        tracked = self._tracked[optimizer] = _Tracked(name, weight)
        self._calls.on_gradient[module] = tracked.look
        return tracked
