"""How large the weights of each row are, and what a step of the optimiser did to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from gradviz.probes.modules.measurements import ModulePending, ModuleProbe, Numbers
from gradviz.probes.modules.weights import DeviceParams, OptimizerParams, RowValues
from gradviz.probes.norms import NormsOf, norms
from gradviz.probes.observer import Due
from gradviz.probes.quantities import UNCHANGED_FRACTION, UPDATE_RATIO, WEIGHT_NORM

BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class WeightChanges(ModuleProbe):
    """Norm of the weights, of the latest step over that of the weights it moved, and the share of equal bits."""

    quantities = (
        replace(WEIGHT_NORM, description="Length of all weights of a module that are trained", scheduled=True),
        replace(UPDATE_RATIO, scheduled=True),
        replace(UNCHANGED_FRACTION, scheduled=True),
    )

    def __init__(self) -> None:
        self._steps: WeakKeyDictionary[DeviceParams, _Step] = WeakKeyDictionary()

    def after_backward(self, due: Due, params: OptimizerParams, pending: ModulePending) -> None:
        """Measure the weights that are trained."""
        if not due.thorough:
            return
        for part in params.parts:
            part.refresh()
            pending.add("weight", self._step(part).norms(part.trained), part.trained_indices)

    def before_update(self, params: OptimizerParams, coming: Due) -> None:
        """Keep the weights as they are, if the next state is measured."""
        if coming.thorough:
            for part in params.parts:
                self._step(part).remember(part.trained)

    def after_update(self, params: OptimizerParams, coming: ModulePending) -> None:
        """Measure what the step did since, where the weights before it were kept."""
        for part in params.parts:
            compared = self._step(part).compare(part.trained)
            if compared is not None:
                for kind, values in zip(("moved", "step", "same"), compared, strict=True):
                    coming.add(kind, values, part.trained_indices)

    def rows(self, numbers: Numbers, pending: ModulePending) -> dict[str, RowValues]:
        """Return norm, update ratio and share of unchanged bits of all weights of a row together."""
        rows: dict[str, RowValues] = {}
        table = pending.table
        if "weight" in numbers:
            rows[WEIGHT_NORM.name] = table.lengths(*pending.of_weights(numbers["weight"]))
        if "step" in numbers:
            step, measured = table.lengths(*pending.of_weights(numbers["step"]))
            moved, _ = table.lengths(*pending.of_weights(numbers["moved"]))
            rows[UPDATE_RATIO.name] = np.where(step > 0, step / moved, step), measured
            same, known = pending.of_weights(numbers["same"])
            kept = table.sums(same * known) / table.sums(table.sizes * known)
            rows[UNCHANGED_FRACTION.name] = kept, measured
        return rows

    def _step(self, part: DeviceParams) -> _Step:
        step = self._steps.get(part)
        if step is None or step.trained is not part.trained:
            step = self._steps[part] = _Step(part.trained)
        return step


class _Step:
    """Keeps a copy of some weights over a step and compares; its memory is kept from one time to the next."""

    def __init__(self, trained: Sequence[Tensor]) -> None:
        self.trained = trained
        self.norms = NormsOf(trained)
        self._before: list[Tensor] = []
        self._moved: Tensor | None = None

    def remember(self, weights: Sequence[Tensor]) -> None:
        """Copy `weights`; the same ones at every call."""
        if len(self._before) != len(weights):
            self._before = [torch.empty_like(weight) for weight in weights]
        if weights:
            torch._foreach_copy_(self._before, list(weights))
        self._moved = self.norms(weights)

    def compare(self, weights: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor] | None:
        """Return the norm of each weight before its step, that of the step, and how many of its numbers kept all bits.

        Each float64 [weights]. None if nothing was remembered.
        """
        moved, self._moved = self._moved, None
        if moved is None or not weights:
            return None
        same = torch.stack([_same_bits(old, new) for old, new in zip(self._before, weights, strict=True)])
        torch._foreach_sub_(self._before, list(weights))
        steps = norms(self._before)
        return moved, steps, same.to(steps.dtype)


def _same_bits(old: Tensor, new: Tensor) -> Tensor:
    if old.is_complex():
        # both parts have to stay
        return _same_pairs(torch.view_as_real(old), torch.view_as_real(new))
    whole = BITS[old.element_size()]
    return torch.eq(old.view(whole), new.view(whole)).sum()


def _same_pairs(old: Tensor, new: Tensor) -> Tensor:
    whole = BITS[old.element_size()]
    return torch.eq(old.view(whole), new.view(whole)).all(-1).sum()
