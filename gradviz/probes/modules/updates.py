"""What one step of an optimiser did to the weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gradviz.probes.modules.norms import norms

BITS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


class Updates:
    """Keeps a copy of some weights over a step and compares: `remember` before it, `compare` after.

    The memory of the copy is kept from one time to the next.
    """

    def __init__(self) -> None:
        self._before: list[Tensor] = []
        self._remembers = False

    def remember(self, weights: Sequence[Tensor]) -> None:
        """Copy `weights`; the same ones at every call."""
        if len(self._before) != len(weights):
            self._before = [torch.empty_like(weight) for weight in weights]
        torch._foreach_copy_(self._before, list(weights))
        self._remembers = True

    def compare(self, weights: Sequence[Tensor]) -> tuple[Tensor, Tensor] | None:
        """Return the length of the step that each weight made, and how many of its numbers kept all their bits.

        Each float64 [weights]. None if nothing was remembered.
        """
        if not self._remembers:
            return None
        self._remembers = False
        same = torch.stack([_same_bits(old, new) for old, new in zip(self._before, weights, strict=True)])
        torch._foreach_sub_(self._before, list(weights))
        steps = norms(self._before)
        return steps, same.to(steps.dtype)


def _same_bits(old: Tensor, new: Tensor) -> Tensor:
    if old.is_complex():
        # both parts have to stay
        return _same_pairs(torch.view_as_real(old), torch.view_as_real(new))
    whole = BITS[old.element_size()]
    return torch.eq(old.view(whole), new.view(whole)).sum()


def _same_pairs(old: Tensor, new: Tensor) -> Tensor:
    whole = BITS[old.element_size()]
    return torch.eq(old.view(whole), new.view(whole)).all(-1).sum()
