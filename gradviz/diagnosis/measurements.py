"""Measurements of several kinds that belong together, as rules ask for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.history_rows import Measured

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """log10 of the activation gradient: as the machine `delivered` it and as the mathematics has it (`exact`)."""

    delivered: Measured | None
    exact: Measured | None


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """Mean and spread of what each row puts out."""

    mean: Measured
    spread: Measured

    @property
    def step(self) -> int:
        """The step they were measured at."""
        return self.mean.step

    @property
    def not_finite(self) -> Mask:
        """The rows whose output is infinite or not a number."""
        return self.mean.not_finite | self.spread.not_finite


@dataclass(frozen=True, slots=True, eq=False)
class Lost:
    """A loss that ceased to be finite at `step`, and the row that was the first to put out such numbers."""

    step: int
    loss: float
    first_row: int | None
