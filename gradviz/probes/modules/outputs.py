"""What modules put out and what gradient comes back there, in the few steps in which somebody looks.

Hooks are on the modules only while this is armed. They read, and hand nothing back: the training computes the same
numbers with them and without. A gradient is caught at the tensor itself, not by a backward hook of the module, which
would put a node of its own into the graph and forbid what is done in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.probes.modules.norms import moments, norms

# runs the measurement it is given, and makes sure that no error of ours reaches the training
Guard = Callable[..., Any]


class Seen:
    """What one module put out in one step, call by call."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.means: list[Tensor] = []
        self.lengths: list[Tensor] = []
        self.grad_counts: list[int] = []
        self.grad_norms: list[Tensor] = []
        self.grad_samples = 0


class Activations:
    """Armed before the forward pass of a step, it gathers until it is disarmed."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._handles: list[RemovableHandle] = []
        self._open = False
        self.seen: dict[nn.Module, Seen] = {}
        # in the order of the first call; the values mean nothing
        self.executed: dict[nn.Module, None] = {}
        self._samples = 0

    @property
    def armed(self) -> bool:
        """Whether there are hooks on the modules."""
        return bool(self._handles)

    @property
    def samples(self) -> int:
        """How many samples the model was given since it was armed, going by the first dimension of its input.

        If it was not called as a whole, by that of the gradients at its first module. At least 1.
        """
        return self._samples or next((one.grad_samples for one in self.seen.values() if one.grad_samples), 1)

    def arm(self, model: nn.Module, modules: Iterable[nn.Module], order: Iterable[nn.Module] = ()) -> None:
        """Forget what was gathered and look at the output of `modules`; keep also in which order `order` is executed.

        `model` is what is called with a batch.
        """
        self.disarm()
        self.seen, self.executed, self._open = {}, {}, True
        self._samples = 0
        first_calls = [module.register_forward_pre_hook(_Hook(self._guard, self._enter)) for module in order]
        outputs = [module.register_forward_hook(_Hook(self._guard, self._leave)) for module in modules]
        whole = model.register_forward_pre_hook(_Hook(self._guard, self._count), with_kwargs=True)
        self._handles = [*first_calls, *outputs, whole]

    def disarm(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._open = False

    def _enter(self, module: nn.Module, _args: Any) -> None:
        self.executed.setdefault(module)

    def _count(self, _model: nn.Module, args: Any, kwargs: Any) -> None:
        batch = first_tensor((args, kwargs))
        if batch is not None:
            self._samples += batch.shape[0] if batch.dim() else 1

    def _leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        x = first_tensor(output)
        if x is None or not x.is_floating_point() or x.layout is not torch.strided or not x.numel():
            return
        if module not in self.seen:
            self.seen[module] = Seen()
        seen = self.seen[module]
        mean, length = moments(x.detach())
        seen.counts.append(x.numel())
        seen.means.append(mean)
        seen.lengths.append(length)
        if x.requires_grad:
            x.register_hook(_GradientHook(self._guard, self._take_gradient, seen))  # type: ignore[no-untyped-call]

    def _take_gradient(self, seen: Seen, gradient: Tensor) -> None:
        if self._open:
            seen.grad_counts.append(gradient.numel())
            seen.grad_norms.append(norms([gradient])[0])
            seen.grad_samples += gradient.shape[0] if gradient.dim() else 1


def first_tensor(tree: Any) -> Tensor | None:
    """Return the first tensor in nested tuples, lists and mappings; None if there is none."""
    if isinstance(tree, Tensor):
        return tree
    if isinstance(tree, Mapping):
        tree = tree.values()
    elif not isinstance(tree, (tuple, list)):
        return None
    return next((found for part in tree if (found := first_tensor(part)) is not None), None)


class _Hook:
    """A forward hook that looks at training passes only; a copy of it, and one that was pickled, does nothing.

    So a person may copy or save the model at any time, whoever is looking at it.
    """

    def __init__(self, guard: Guard, look: Callable[..., None]) -> None:
        self._guard, self._look = guard, look

    def __call__(self, *seen: Any) -> None:
        # a pass that is being compiled is no pass
        if torch.compiler.is_compiling() or not torch.is_grad_enabled():
            return
        self._guard(self._look, *seen)

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return idle_hook, ()


class _GradientHook:
    """Catches the gradient of one output."""

    def __init__(self, guard: Guard, take: Callable[[Seen, Tensor], None], seen: Seen) -> None:
        self._guard, self._take, self._seen = guard, take, seen

    def __call__(self, gradient: Tensor) -> None:
        self._guard(self._take, self._seen, gradient.detach())


def idle_hook() -> Callable[..., None]:
    """Return what stands in a copied model where the original was being looked at."""
    return _do_nothing


def _do_nothing(*_anything: Any) -> None:
    pass
