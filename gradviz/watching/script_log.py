"""Everything that a script logs, on its way to the frames: numbers, batches, and entries that no step follows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from weakref import ReferenceType, ref

from torch import Tensor, nn
from torch.nn import Parameter

from gradviz.watching.entries import Entry, EntryCheck
from gradviz.watching.facts.batch import look_at_batch
from gradviz.watching.log_entries import LogEntries

BATCH = ("inputs", "outputs", "targets")
# entries without a step, after which the person is told; of those that may be micro-batches of one step
ENTRIES_WITHOUT_STEP = 5
MICRO_BATCHES_WITHOUT_STEP = 256


class ScriptLog:
    """Takes what `Recorder.log` is given and hands it out step by step."""

    def __init__(self, model: nn.Module, warn: Callable[[str], None]) -> None:
        self.entries = LogEntries(model)
        self.check = EntryCheck(warn)
        self._present: dict[str, Tensor] = {}
        self._coming: dict[str, Tensor] = {}
        self._looks = 0
        self._finite = True
        self._unstepped = _Unstepped(model)

    def add(self, values: Mapping[str, object], is_looked_at: Callable[[bool], bool]) -> None:
        """Take entries and the tensors of `BATCH`; `is_looked_at` says it of the present step, or of the coming one."""
        entries = self.check({name: value for name, value in values.items() if name not in BATCH})
        ahead = self.entries.is_ahead()
        if any(values.get(name) is not None for name in BATCH) and (
            self._began_not_finite(entries) or is_looked_at(ahead)
        ):
            self._look(values, self._coming if ahead else self._present)
        self._note_loss(entries)
        self.entries.add(entries, ahead=ahead)

    def turn_over(self) -> tuple[dict[str, Entry], dict[str, Tensor]]:
        """Return what was logged about the step that is over; what was said ahead is of the present one from now."""
        vectors, self._present, self._coming = self._present, self._coming, {}
        return self.entries.turn_over(), vectors

    def returned(self, loss: object) -> None:
        """Take what the closure of a step returned: its loss, unless the script itself says something else."""
        of_closure = loss if isinstance(loss, (Tensor, float, int)) else None
        self.entries.returned(self.check({"loss": of_closure}).get("loss"))

    def entries_without_step(self) -> int:
        """Count an entry that no step came before; return how many there are once they are too many, else 0."""
        return self._unstepped.count()

    def _look(self, values: Mapping[str, object], into: dict[str, Tensor]) -> None:
        self._looks += 1
        try:
            found = look_at_batch(*(values.get(name) for name in BATCH))
        except Exception as error:
            # such as memory that does not suffice
            self.check.tell("batch", f"the batch that was logged could not be looked at: {error}")
            return
        into.update({f"{name} {self._looks}": vector for name, vector in found.items()})

    def _began_not_finite(self, entries: Mapping[str, Entry]) -> bool:
        loss = entries.get("loss")
        return isinstance(loss, float) and not math.isfinite(loss) and self._finite

    def _note_loss(self, entries: Mapping[str, Entry]) -> None:
        if isinstance(loss := entries.get("loss"), float):
            self._finite = math.isfinite(loss)


class _Unstepped:
    """Tells entries of micro-batches, whose gradients add up, from those of steps that nobody makes."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._entries = self._micro_batches = 0
        self._weight: Parameter | None = None
        self._gradient: ReferenceType[Tensor] | None = None
        self._versions = (-1, -1)
        self._told = False

    def count(self) -> int:
        """Count an entry."""
        if self._told:
            return 0
        if self._is_micro_batch():
            self._micro_batches += 1
        else:
            self._entries += 1
        total = self._entries + self._micro_batches
        self._told = self._entries >= ENTRIES_WITHOUT_STEP or total >= MICRO_BATCHES_WITHOUT_STEP
        return total if self._told else 0

    def _is_micro_batch(self) -> bool:
        if self._weight is None:
            self._weight = next((one for one in self._model.parameters() if one.grad is not None), None)
        weight, before, versions = self._weight, self._gradient, self._versions
        if weight is None or weight.grad is None:
            self._gradient = None
            return False
        self._gradient, self._versions = ref(weight.grad), (weight.grad._version, weight._version)
        same = before is not None and before() is weight.grad
        return same and versions[0] < self._versions[0] and versions[1] == self._versions[1]
