"""What the script itself says about its steps: loss, accuracy, learning rate."""

from __future__ import annotations

import math
from weakref import ReferenceType, ref

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from gradviz.probes.modules.rows import is_sharded
from gradviz.watching.entries import Entry


class LogEntries:
    """Decides to which step an entry belongs, and takes the mean of what was said several times about one step.

    An entry belongs to the step that was just made; or, as long as there was none, or once there are gradients that no
    step has used yet, to the step that is about to be made. A script whose first entry comes even before its first
    backward pass says things before there are gradients, and is understood so from then on.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._present: dict[str, list[Entry]] = {}
        self._coming: dict[str, list[Entry]] = {}
        self._returned: Entry | None = None
        self._began = False
        self._ahead = False
        self._weight: Parameter | None = None
        self._used: tuple[ReferenceType[Tensor], int] | None = None

    def is_ahead(self) -> bool:
        """Whether what is said now is about the step that is still to be made."""
        if not self._began:
            self._ahead |= all(parameter.grad is None for parameter in self._model.parameters())
        return not self._began or self._ahead or self._has_new_gradient()

    def add(self, values: dict[str, Entry], *, ahead: bool) -> None:
        """Take entries by name, of the coming step if they are said `ahead`; a tensor stays on its device."""
        into = self._coming if ahead else self._present
        for name, value in values.items():
            into.setdefault(name, []).append(value)

    def returned(self, loss: Entry | None) -> None:
        """Take what the closure of a step returned: its loss, unless the script itself says something else."""
        self._returned = loss

    def step_begins(self, weight: Parameter | None) -> None:
        """Note that a step is being made; `weight` is one that has a gradient in it."""
        self._began = True
        self._weight = weight

    def step_ended(self) -> None:
        """Note which gradient the step has used."""
        gradient = self._weight.grad if self._weight is not None else None
        self._used = (ref(gradient), gradient._version) if gradient is not None else None

    def turn_over(self) -> dict[str, Entry]:
        """Return one value per name for the step that is over; what was said ahead belongs to the present from now."""
        values = {name: _mean(entries) for name, entries in self._present.items()}
        if self._returned is not None:
            values.setdefault("loss", self._returned)
            self._returned = None
        self._present, self._coming = self._coming, {}
        return values

    def _has_new_gradient(self) -> bool:
        gradient = self._weight.grad if self._weight is not None else None
        if gradient is None:
            return False
        if self._used is None or self._used[0]() is not gradient:
            return True
        # it may only have been set to zero since
        if gradient._version == self._used[1]:
            return False
        # the part of this process is enough of one that is spread over several
        here = gradient.to_local() if is_sharded(gradient) else gradient  # type: ignore[attr-defined]
        return bool(here.any())


def _mean(entries: list[Entry]) -> Entry:
    if len(entries) == 1:
        return entries[0]
    tensors = [entry for entry in entries if isinstance(entry, Tensor)]
    if not tensors:
        return math.fsum(float(entry) for entry in entries) / len(entries)
    like = tensors[0].float()
    return torch.stack([torch.as_tensor(entry, dtype=like.dtype, device=like.device) for entry in entries]).mean()
