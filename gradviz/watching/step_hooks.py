"""Being told of every step of every optimiser, through what torch offers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Listener(Protocol):
    """Who is told; no exception may come out of these."""

    def step_begins(self, optimizer: Optimizer, loss: object = None) -> None:
        """Gradients stand, and the weights are still what they were."""
        ...

    def step_ended(self, optimizer: Optimizer) -> None:
        """The weights have been moved, perhaps by an optimiser that is none of the listener's concern."""
        ...

    def step_skipped(self, optimizer: Optimizer) -> None:
        """A scaler found an overflow, and the optimiser was not even asked."""
        ...

    def concerned(self, optimizer: Optimizer) -> bool:
        """Whether to tell of this optimiser at all."""
        ...


class StepHooks:
    """Hooks on all optimisers, and on the `step` of a scaler, which knows of the steps that are not made."""

    def __init__(self, listener: Listener, scaler: GradScaler | None) -> None:
        self._listener, self._scaler = listener, scaler
        self._told = 0
        self._handles = [
            register_optimizer_step_pre_hook(self._before),
            register_optimizer_step_post_hook(self._after),
        ]
        if scaler is not None:
            self._make_step = scaler.step
            # an attribute of this one object, in front of the method of its class
            scaler.step = self._scaler_step  # type: ignore[method-assign]

    def remove(self) -> None:
        """Take them all away."""
        for handle in self._handles:
            handle.remove()
        if self._scaler is not None:
            self._scaler.__dict__.pop("step", None)

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Arguments | None:
        if not self._listener.concerned(optimizer):
            return None
        self._told += 1
        # args[0] is the optimiser; a closure computes the gradients only inside the step
        if len(args) > 1 and callable(args[1]):
            return (args[0], self._looked_at(optimizer, args[1]), *args[2:]), kwargs
        if callable(kwargs.get("closure")):
            return args, {**kwargs, "closure": self._looked_at(optimizer, kwargs["closure"])}
        self._listener.step_begins(optimizer)
        return None

    def _after(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        self._listener.step_ended(optimizer)

    def _looked_at(self, optimizer: Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
        """Return `closure`, after whose first call gradients and weights are what the step begins with."""
        first = True

        def closure_and_look() -> Any:
            nonlocal first
            result = closure()
            if first:
                first = False
                self._listener.step_begins(optimizer, result)
            return result

        return closure_and_look

    def _scaler_step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        told = self._told
        result = self._make_step(optimizer, *args, **kwargs)
        if self._told == told and self._listener.concerned(optimizer):
            self._listener.step_skipped(optimizer)
        return result
