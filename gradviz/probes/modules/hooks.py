"""Hooks on somebody's modules that read and hand nothing back, and that no copy of the model takes along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

# runs the measurement it is given, and makes sure that no error of ours reaches the training
Guard = Callable[..., Any]


class TrainingHook:
    """A forward hook that looks at training passes only; a copy of it, and one that was pickled, does nothing.

    So a person may copy or save the model at any time, whoever is looking at it.
    """

    def __init__(self, guard: Guard, look: Callable[..., None]) -> None:
        self._guard, self._look = guard, look

    def __call__(self, *seen: Any) -> None:
        """Look, if this is a training pass."""
        # a pass that is being compiled is no pass
        if torch.compiler.is_compiling() or not torch.is_grad_enabled():
            return
        self._guard(self._look, *seen)

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return idle_hook, ()


class GradientHook:
    """Hands the gradient of one tensor to `take`, with what else `take` is to know."""

    def __init__(self, guard: Guard, take: Callable[..., None], *known: object) -> None:
        self._guard, self._take, self._known = guard, take, known

    def __call__(self, gradient: Tensor) -> None:
        """Hand it on."""
        self._guard(self._take, *self._known, gradient.detach())


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
