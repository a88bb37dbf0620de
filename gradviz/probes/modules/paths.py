"""Shortcut against residual branch: by which of two ways the gradient reaches the front, in networks of modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gradviz.network.branching import Fork, Way
from gradviz.probes.modules.hooks import BackwardPass, GradientHook, Guard, TrainingHook
from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import OptimizerParams, RowValues
from gradviz.probes.norms import norms
from gradviz.probes.observer import Due
from gradviz.probes.quantities import BRANCH_GRAD, PATH_COSINE, PATHS, SHORTCUT_GRAD, SHORTCUT_SHARE

KINDS = ("gradient by the shortcut", "gradient by the branch", "cosine of the ways")


class GradientPaths(ModuleProbe):
    """The gradient at the input of each `Fork` of the network, in the parts that its two ways handed down.

    All rows inside of a fork have its values. Root mean squares are those of one sample's gradient. A share is
    |shortcut| / (|shortcut| + |branch|); the cosine is not a number where one part is zero.
    """

    quantities = PATHS

    def __init__(self, model: nn.Module, guard: Guard) -> None:
        self._guard = guard
        self._forks = [module for module in model.modules() if isinstance(module, Fork) and module.joined]
        self._of: Mapping[Way, tuple[Fork, int]] = {
            way: (fork, place) for fork in self._forks for place, way in enumerate((fork.to_shortcut, fork.to_branch))
        }
        self._rows: dict[Fork, list[nn.Module]] = {}
        self._handles: list[RemovableHandle] = []
        self._waiting: dict[Fork, tuple[int, Tensor]] = {}
        self._found: dict[Fork, tuple[Tensor, Tensor, int]] = {}

    @property
    def available(self) -> bool:
        """Whether there are forks with rows in them."""
        return any(self._rows.values())

    def watch(self, modules: Iterable[nn.Module]) -> None:
        """Measure the forks that these modules are, or are inside of."""
        rows = set(modules)
        self._rows = {fork: [inner for inner in fork.modules() if inner in rows] for fork in self._forks}

    def before_forward(self, due: Due) -> None:
        """Put hooks on the ways, if this is due; take them away if not."""
        self.release()
        if not due.thorough or not self._rows:
            return
        self._waiting, self._found = {}, {}
        leave = TrainingHook(self._guard, self._leave)
        self._handles = [
            way.register_forward_hook(leave) for way, (fork, _) in self._of.items() if self._rows.get(fork)
        ]

    def release(self) -> None:
        """Take the hooks away. What was gathered stays until this is armed again."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Take what came down both ways, in place of what was taken before."""
        if not (due.thorough and self._found):
            return
        pending.drop(*KINDS)
        rows = pending.table.row_of
        placed = [
            (rows[row], lengths, cosine, count)
            for fork, (lengths, cosine, count) in self._found.items()
            for row in self._rows[fork]
            if row in rows
        ]
        if not placed:
            return
        of = np.array([row for row, *_ in placed], np.int64)
        counts = np.array([count for *_, count in placed], np.float64)
        lengths = torch.stack([each for _, each, _, _ in placed])
        cosines = torch.stack([each for _, _, each, _ in placed])
        for kind, values in zip(KINDS, (lengths[:, 0], lengths[:, 1], cosines), strict=True):
            pending.add(kind, values.contiguous(), of, counts)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return both parts, the shortcut's share and the cosine, the same for all rows of a fork."""
        if KINDS[0] not in numbers:
            return {}
        [(one, shortcut)], [(_, branch)], [(_, cosine)] = (numbers[kind] for kind in KINDS)
        assert one.counts is not None
        unit = pending.samples / pending.loss_scale / np.sqrt(one.counts)
        found = (shortcut * unit, branch * unit, shortcut / (shortcut + branch), cosine)
        names = (SHORTCUT_GRAD.name, BRANCH_GRAD.name, SHORTCUT_SHARE.name, PATH_COSINE.name)
        return {
            name: _placed(values, one.of, len(pending.table.rows)) for name, values in zip(names, found, strict=True)
        }

    def _leave(self, way: Way, _args: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.register_hook(GradientHook(self._guard, self._come_back, way))  # type: ignore[no-untyped-call]

    def _come_back(self, way: Way, gradient: Tensor, _backward: BackwardPass) -> None:
        fork, place = self._of[way]
        if fork not in self._waiting:
            self._waiting[fork] = place, gradient
            return
        _, other = self._waiting.pop(fork)
        shortcut, branch = (other, gradient) if place else (gradient, other)
        self._found[fork] = norms([shortcut, branch]), _cosine(shortcut, branch), gradient.numel()


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    """Return the cosine of two tensors, [], each scaled first, so that no square underflows; NaN if one is zero."""
    a, b = (each.flatten() / torch.linalg.vector_norm(each, torch.inf) for each in (a, b))
    found: Tensor = a @ b / (torch.linalg.vector_norm(a) * torch.linalg.vector_norm(b))
    return found


def _placed(
    values: np.ndarray[Any, np.dtype[np.float64]], of: np.ndarray[Any, np.dtype[np.int64]], rows: int
) -> RowValues:
    everywhere, measured = np.full(rows, np.nan), np.zeros(rows, np.bool_)
    everywhere[of], measured[of] = values, True
    return everywhere, measured
