"""Shortcut against residual branch, where a network says at which modules the two part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gradviz.network.architecture import Junction
from gradviz.probes.modules.hooks import BackwardPass, GradientHook, Guard, idle_hook, is_transformed
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers, together
from gradviz.probes.modules.weights import Indices, OptimizerParams, RowValues, Values, WeightTable
from gradviz.probes.norms import norm, wide_dtype
from gradviz.probes.observer import Due
from gradviz.probes.quantities import BRANCH_GRAD, PATH_COSINE, SHORTCUT_GRAD, SHORTCUT_SHARE

KINDS = ("shortcut gradient", "branch gradient", "path cosine")


class GradientPaths(ModuleProbe):
    """The gradient at the input of each block, split into what the shortcut and what the branch handed down.

    The rows of a block all have the block's values. Shortcut and branch are called with views of what enters both, so
    that the gradient of each comes back to a tensor of its own; autograd adds them up as it would without.
    """

    quantities = (SHORTCUT_GRAD, BRANCH_GRAD, SHORTCUT_SHARE, PATH_COSINE)

    def __init__(self, junctions: Sequence[Junction], guard: Guard) -> None:
        self._junctions, self._guard = junctions, guard
        self._handles: list[RemovableHandle] = []
        self._waiting: dict[int, tuple[bool, Tensor]] = {}
        self._found: dict[int, tuple[float | Tensor, float | Tensor, Tensor, int]] = {}
        self._rows: tuple[WeightTable, Sequence[Sequence[int]]] | None = None

    @property
    def available(self) -> bool:
        """Whether there are any shortcuts."""
        return bool(self._junctions)

    def before_forward(self, due: Due) -> None:
        """Put hooks on shortcuts and branches if this is due; take them away if not."""
        self.release()
        if not due.thorough:
            return
        self._waiting, self._found = {}, {}
        for place, junction in enumerate(self._junctions):
            for module, is_shortcut in ((junction.shortcut, True), (junction.branch, False)):
                hook = _ViewHook(self._guard, self._take, place, is_shortcut)
                self._handles.append(module.register_forward_pre_hook(hook))

    def release(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Take what came back by both ways."""
        if not (due.thorough and self._found):
            return
        pending.drop(*KINDS)
        of = np.array(list(self._found), np.int64)
        shortcut, branch, cosine, counts = zip(*self._found.values(), strict=True)
        sizes = np.array(counts, np.float64)
        for kind, numbers in zip(KINDS, (shortcut, branch, cosine), strict=True):
            pending.add(kind, together(list(numbers)), of, sizes)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return root mean squares of one sample's gradient, the shortcut's share, and the cosine of both parts."""
        if KINDS[0] not in numbers:
            return {}
        [(one, shortcut)], [(_, branch)], [(_, cosine)] = (numbers[kind] for kind in KINDS)
        assert one.counts is not None
        unit = pending.samples / pending.loss_scale / np.sqrt(one.counts)
        found = {
            SHORTCUT_GRAD.name: shortcut * unit,
            BRANCH_GRAD.name: branch * unit,
            SHORTCUT_SHARE.name: shortcut / (shortcut + branch),
            PATH_COSINE.name: cosine,
        }
        places = self._rows_of(pending.table)
        rows = np.array([row for place in one.of for row in places[place]], np.int64)
        repeats = [len(places[place]) for place in one.of]
        return {name: _spread(values, rows, repeats, len(pending.table.rows)) for name, values in found.items()}

    def _rows_of(self, table: WeightTable) -> Sequence[Sequence[int]]:
        if self._rows is None or self._rows[0] is not table:
            numbers: Mapping[str, int] = {row.name: number for number, row in enumerate(table.rows)}
            named = [[numbers[name] for name in junction.rows if name in numbers] for junction in self._junctions]
            self._rows = table, named
        return self._rows[1]

    def _take(self, place: int, is_shortcut: bool, gradient: Tensor, _backward: BackwardPass) -> None:
        if place not in self._waiting:
            self._waiting[place] = is_shortcut, gradient
            return
        other_is_shortcut, other = self._waiting.pop(place)
        if other_is_shortcut is is_shortcut:
            return
        shortcut, branch = (gradient, other) if is_shortcut else (other, gradient)
        self._found[place] = norm(shortcut), norm(branch), _cosine(shortcut, branch), shortcut.numel()


class _ViewHook:
    """Lets a module be called with a view of its input, and hands on the gradient that comes back to the view."""

    def __init__(self, guard: Guard, take: Callable[..., None], *known: object) -> None:
        self._guard, self._take, self._known = guard, take, known

    def __call__(self, _module: object, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Return what the module is to be called with; None leaves it as it is."""
        x = args[0]
        if not (torch.is_grad_enabled() and x.requires_grad) or is_transformed():
            return None
        view = x.view_as(x)
        view.register_hook(GradientHook(self._guard, self._take, *self._known))
        return view, *args[1:]

    def __reduce__(self) -> tuple[Callable[[], Callable[..., None]], tuple[()]]:
        return idle_hook, ()


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of the angle between `a` and `b`; not a number where one is zero."""
    a, b = (_scaled(part).to(wide_dtype(part)) for part in (a, b))
    lengths: Tensor = torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b)
    return (a @ b) / lengths


def _scaled(part: Tensor) -> Tensor:
    # so that no square leaves the range
    numbers = part.reshape(-1)
    return numbers / numbers.abs().amax()


def _spread(values: Values, rows: Indices, repeats: Sequence[int], total: int) -> RowValues:
    known = np.zeros(total, bool)
    known[rows] = True
    result = np.full(total, np.nan)
    result[rows] = np.repeat(values, repeats)
    return result, known
