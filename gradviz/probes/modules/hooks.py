"""Hooks on somebody's modules that read and hand nothing back, and that no copy of the model takes along.

They look at training passes alone. What runs within a transform of `torch.func` or while a pass is traced or compiled
is none; a block that runs again within a backward pass, because its outputs were not kept (a checkpoint), is the same
pass once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import wraps
from typing import Any

import torch
import torch.jit
from torch import Tensor, nn

# runs the measurement it is given, and makes sure that no error of ours reaches the training
Guard = Callable[..., Any]


class BackwardKind(IntEnum):
    """What a backward pass is for. The lower, the surer it is that of the loss."""

    LOSS = 0
    # what the loss is differentiated by, or a loss that is differentiated again
    CREATES_GRAPH = 1
    # torch.autograd.grad, whose gradients go into no parameter
    FOR_SOMEBODY = 2


@dataclass(frozen=True, slots=True)
class BackwardPass:
    """One backward pass: a number of its own, and its kind as far as it is known."""

    number: int
    kind: BackwardKind


class TrainingHook:
    """A forward hook that looks at training passes only; a copy of it, and one that was pickled, does nothing.

    So a person may copy or save the model at any time, whoever is looking at it. With `without_graph` it looks at what
    runs under `torch.no_grad` as well.
    """

    def __init__(self, guard: Guard, look: Callable[..., None], *, without_graph: bool = False) -> None:
        self._guard, self._look, self._without_graph = guard, look, without_graph
        _hide_from_scripts()

    def __call__(self, *seen: Any) -> None:
        """Look, if this is a training pass."""
        if not (self._without_graph or torch.is_grad_enabled()) or is_transformed():
            return
        self._guard(self._look, *seen)

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return idle_hook, ()


class GradientHook:
    """Hands the gradient of one tensor to `take`, with what else `take` is to know, and the backward pass it is of."""

    def __init__(self, guard: Guard, take: Callable[..., None], *known: object) -> None:
        self._guard, self._take, self._known = guard, take, known

    def __call__(self, gradient: Tensor) -> None:
        """Hand it on."""
        if is_transformed():
            return
        kind = BackwardKind.CREATES_GRAPH if torch.is_grad_enabled() else BackwardKind.LOSS
        number = torch._C._current_graph_task_id()
        self._guard(self._take, *self._known, gradient.detach(), BackwardPass(number, kind))


def in_backward_pass() -> bool:
    """Whether a backward pass is under way: what runs then are modules whose outputs were not kept, for once more."""
    return torch._C._current_graph_task_id() != -1


def goes_into_parameters(leaf: Tensor) -> bool:
    """Whether the backward pass under way is one of `backward()`, and `leaf` gets a gradient of it.

    False within `torch.autograd.grad`, whatever it was asked for.
    """
    with torch.enable_grad():
        function = leaf.view_as(leaf).grad_fn
    node = function.next_functions[0][0] if function is not None else None
    if node is None:
        return False
    try:
        return bool(torch._C._will_engine_execute_node(node))
    except RuntimeError:
        # torch does not answer for what is asked for by name
        return False


def idle_hook() -> Callable[..., None]:
    """Return what stands in a copied model where the original has a hook."""
    return _do_nothing


def first_tensor(tree: Any) -> Tensor | None:
    """Return the first tensor in nested tuples, lists and mappings; None if there is none."""
    if isinstance(tree, Tensor):
        return tree
    if isinstance(tree, Mapping):
        tree = tree.values()
    elif not isinstance(tree, (tuple, list)):
        return None
    return next((found for part in tree if (found := first_tensor(part)) is not None), None)


def _do_nothing(*_anything: Any) -> None:
    pass


def is_transformed() -> bool:
    """Whether nothing can be looked at: what is being compiled or traced is no pass, and torch.func has no numbers."""
    return (
        torch.compiler.is_compiling()
        or torch._C._get_tracing_state() is not None
        or torch._C._functorch.peek_interpreter_stack() is not None
    )


def _hide_from_scripts() -> None:
    """Let `torch.jit` compile models that are looked at: it takes every hook for a part of the model."""
    recursive = torch.jit._recursive
    compile_module = getattr(recursive, "create_script_module", None)
    if compile_module is None or getattr(compile_module, "hides_hooks", False):
        return

    @wraps(compile_module)
    def without_hooks(model: nn.Module, *args: Any, **kwargs: Any) -> Any:
        dicts = [hooks for module in model.modules() for hooks in (module._forward_hooks, module._forward_pre_hooks)]
        before = [(hooks, dict(hooks)) for hooks in dicts if any(isinstance(h, TrainingHook) for h in hooks.values())]
        try:
            for hooks, known in before:
                for number, hook in known.items():
                    if isinstance(hook, TrainingHook):
                        del hooks[number]
            return compile_module(model, *args, **kwargs)
        finally:
            for hooks, known in before:
                hooks.clear()
                hooks.update(known)

    without_hooks.hides_hooks = True  # type: ignore[attr-defined]
    recursive.create_script_module = without_hooks  # type: ignore[assignment]
