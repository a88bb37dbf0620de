"""Being told of every step of every optimiser, through what torch offers for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradviz.watching.guard import Guard
from gradviz.watching.steps import Steps

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class StepHooks:
    """Hooks on all optimisers, and on the `step` of a scaler, which knows of the steps that are not made.

    After each step of an optimiser that concerns us `afterwards` is called, which may raise. What torch keeps for the
    whole program refers to this only weakly.
    """

    def __init__(self, steps: Steps, guard: Guard, scaler: GradScaler | None, afterwards: Callable[[], None]) -> None:
        self._steps, self._guard, self._scaler = steps, guard, scaler
        self._afterwards = afterwards
        self._told = 0
        # the optimisers whose step is being made
        self._inside: set[int] = set()
        handles = (
            register_optimizer_step_pre_hook(weakly(self._before)),
            register_optimizer_step_post_hook(weakly(self._after)),
        )
        # the handles know these only weakly, and forget them when the garbage collector comes for all of this
        self._hooked = [(handle.hooks_dict_ref(), handle.id) for handle in handles]
        if scaler is not None:
            self._make_step = scaler.step
            # an attribute of this one object, in front of the method of its class
            scaler.step = weakly(self._scaler_step, scaler.step)  # type: ignore[method-assign]

    def remove(self) -> None:
        """Take them all away."""
        for hooks, number in self._hooked:
            if hooks is not None:
                hooks.pop(number, None)
        if self._scaler is not None:
            self._scaler.__dict__.pop("step", None)

    def _concerns_us(self, optimizer: Optimizer) -> bool:
        return bool(self._guard.run(self._steps.holds_weights, optimizer))

    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Arguments | None:
        if id(optimizer) in self._inside:
            # the step of a class calls that of the class it is derived from
            return None
        self._inside.add(id(optimizer))
        # args[0] is the optimiser; a closure computes the gradients only inside the step
        place = len(args) > 1 and callable(args[1])
        if not (place or callable(kwargs.get("closure"))):
            self._told += bool(self._guard(self._steps.before_step, optimizer))
            return None
        if not self._concerns_us(optimizer):
            return None
        self._told += 1
        if place:
            return (args[0], self._looked_at(optimizer, args[1]), *args[2:]), kwargs
        return args, {**kwargs, "closure": self._looked_at(optimizer, kwargs["closure"])}

    def _after(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        self._inside.discard(id(optimizer))
        if self._guard(self._steps.after_step, optimizer):
            self._afterwards()

    def _looked_at(self, optimizer: Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
        """Return `closure`, after whose first call gradients and weights are what the step begins with."""
        first = True

        def closure_and_look() -> Any:
            nonlocal first
            result = closure()
            if first:
                first = False
                self._guard(self._steps.before_step, optimizer, result)
            return result

        return closure_and_look

    def _scaler_step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        told = self._told
        result = self._make_step(optimizer, *args, **kwargs)
        if self._told == told and self._concerns_us(optimizer):
            self._guard(self._steps.skipped_step, optimizer)
        return result


def weakly(method: Callable[..., Any], otherwise: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Return what calls `method` as long as its object is there, and `otherwise`, or nothing, from then on."""
    reference = WeakMethod(method)

    def call(*arguments: Any, **options: Any) -> Any:
        present = reference() or otherwise
        return present(*arguments, **options) if present is not None else None

    return call
