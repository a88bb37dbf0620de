"""What a person asks for when a network is to be watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer

from gradviz.watching.cadence import Cadence

# a person who does not say otherwise has everything measured in one of so many steps, or seldomer
THOROUGH_EVERY = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What to watch, and how often: gradients every `every` steps, all else every `thorough_every` steps.

    `early` and `max_overhead` are those of `Cadence`.
    """

    title: str = ""
    every: int = 1
    thorough_every: int = THOROUGH_EVERY
    early: bool = True
    max_overhead: float | None = None
    include: Sequence[str] = ("*",)
    exclude: Sequence[str] = ()
    optimizers: Sequence[Optimizer] = ()
    scaler: GradScaler | None = None

    def cadence(self) -> Cadence:
        """Return what decides when what is measured."""
        return Cadence(self.every, self.thorough_every, early=self.early, max_overhead=self.max_overhead)
