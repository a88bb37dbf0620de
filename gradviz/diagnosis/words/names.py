"""What the rows of a network are called in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.diagnosis.words.numbers import counted, listed
from gradviz.experiment.rows import short_names
from gradviz.recording.frame import Started

MOST_RANGES = 3
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the rows, empty where their numbers say it all, and of the type of the network's numbers."""

    rows: tuple[str, ...]
    precision: str = "float32"

    @classmethod
    def of(cls, started: Started) -> Names:
        """Return the names of a run, long ones shortened."""
        return cls(short_names([row.name for row in started.rows]), started.precision)

    @property
    def noun(self) -> str:
        """What a row is: a layer, or a module where it has a name."""
        return "module" if any(self.rows) else "layer"

    def row(self, number: int | None) -> str:
        """Name a row by its number, counted from 1: `layer 5`, or its own name."""
        if number is None:
            return f"the {self.noun}"
        name = self.rows[number - 1] if number <= len(self.rows) else ""
        return name or f"layer {number}"

    def several(self, numbers: Sequence[int]) -> str:
        """Name ascending rows: `layers 1 to 12 and 40`, `31 layers between 1 and 90`; `a, b and 5 more modules`."""
        if len(numbers) == 1:
            return self.row(numbers[0])
        if any(self.rows):
            told = [self.row(number) for number in numbers[:MOST_NAMED]]
            more = len(numbers) - MOST_NAMED
            return listed(told) if more <= 0 else listed([*told[:-1], counted(more + 1, "more module")])
        return _ranges(np.asarray(numbers))


def _ranges(numbers: NDArray[np.int64]) -> str:
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts, lasts = numbers[np.r_[0, breaks + 1]], numbers[np.r_[breaks, numbers.size - 1]]
    if firsts.size > MOST_RANGES:
        return f"{numbers.size:,} layers between {numbers[0]} and {numbers[-1]}"
    if numbers.size == 2:
        return f"layers {numbers[0]} and {numbers[1]}"
    parts = [f"{a}" if a == b else f"{a} to {b}" for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
    return f"layers {listed(parts)}"
