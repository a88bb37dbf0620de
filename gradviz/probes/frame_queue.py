"""From what was measured on a device to frames: everything of a step goes to the host in one copy, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradviz.probes.host_copy import HostCopies
from gradviz.probes.observer import Pending, Values
from gradviz.recording.frame import Distributions, Frame

Scalars = Mapping[str, float | Tensor]
Facts = Mapping[str, Tensor]
# a fact above zero under a name that begins so says that the optimiser made no step
OVERFLOW = "overflow"
# what a frame has a field of its own for
FIELDS = ("loss", "accuracy", "learning_rate")


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A step that has reached the host and can be read."""

    step: int
    pending: Pending
    scalars: Scalars
    skipped: bool
    facts: Facts
    host: Values

    def read(self) -> tuple[Frame, Distributions | None]:
        """Return the frame, and the distributions that come before it, if there are any."""
        values, facts = self.read_scalars(), self.read_facts()
        measured = self.pending.read(self.host[: self._end_of_rows])
        frame = Frame(
            step=self.step,
            loss=values.get("loss", np.nan),
            batch_accuracy=values.get("accuracy", np.nan),
            learning_rate=values.get("learning_rate", np.nan),
            rows=measured.rows,
            measured=measured.measured,
            skipped=self.skipped or any(one.max() > 0 for name, one in facts.items() if name.startswith(OVERFLOW)),
            scalars={name: value for name, value in values.items() if name not in FIELDS},
        )
        spread = measured.distributions
        return frame, None if spread is None else Distributions(self.step, spread)

    def read_scalars(self) -> dict[str, float]:
        """Return the number under each name."""
        rest = iter(self.host[self._end_of_rows : self._end_of_scalars])
        return {
            name: float(next(rest)) if isinstance(scalar, Tensor) else scalar for name, scalar in self.scalars.items()
        }

    def read_facts(self) -> dict[str, Values]:
        """Return the numbers of each fact, float64, in one dimension."""
        found, position = {}, self._end_of_scalars
        for name, fact in self.facts.items():
            found[name] = self.host[position : position + fact.numel()]
            position += fact.numel()
        return found

    @property
    def _end_of_scalars(self) -> int:
        return len(self.host) - sum(fact.numel() for fact in self.facts.values())

    @property
    def _end_of_rows(self) -> int:
        return self._end_of_scalars - sum(isinstance(scalar, Tensor) for scalar in self.scalars.values())


class FrameQueue:
    """Steps on their way to the host.

    Scalars are numbers, or tensors that are not waited for: `loss`, `accuracy` and `learning_rate`, NaN where they are
    missing, and further ones of any name. Facts are vectors that come to the host in the same copy and are in no frame.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._wide = torch.float32 if device.type == "mps" else torch.float64
        self._nothing = torch.empty(0, dtype=self._wide)
        self._copies = HostCopies(device)
        self._under_way: dict[int, tuple[Pending, Scalars, bool, Facts]] = {}

    def submit(
        self, step: int, pending: Pending, scalars: Scalars, *, skipped: bool = False, facts: Facts | None = None
    ) -> None:
        """Begin to copy what was measured at `step`."""
        facts = facts or {}
        tensors = [
            *pending.tensors(),
            *(scalar.reshape(1) for scalar in scalars.values() if isinstance(scalar, Tensor)),
            *(fact.reshape(-1) for fact in facts.values()),
        ]
        self._under_way[step] = pending, scalars, skipped, facts
        self._copies.submit(step, self._together(tensors))

    def collect(self, *, wait: bool) -> list[Arrived]:
        """Return the steps that have reached the host, oldest first; with `wait` all of them."""
        return [Arrived(step, *self._under_way.pop(step), host=host) for step, host in self._copies.collect(wait=wait)]

    def _together(self, tensors: list[Tensor]) -> Tensor:
        if not tensors:
            return self._nothing
        if len(tensors) == 1:
            return tensors[0].to(self._device, self._wide)
        return torch.cat([tensor.to(self._device, self._wide) for tensor in tensors])
