"""One column of a table: numbers where there are numbers, text where there is text, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset({"", "?", "na", "n/a", "#n/a", "nan", "null", "none", "<na>"})


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: `values` [rows] are NaN where there is no number; `texts` are its cells if some are words.

    `number` counts the columns of the file from 1. `missing` [rows] marks cells that say that there is no value.
    """

    number: int
    name: str
    values: NDArray[np.float64]
    texts: tuple[str, ...] | None
    missing: NDArray[np.bool_]

    @property
    def title(self) -> str:
        """What to call it: its name, or else its number."""
        return self.name or f"column {self.number}"

    @property
    def label(self) -> str:
        """What to call it within a sentence."""
        return repr(self.name) if self.name else self.title

    @property
    def is_text(self) -> bool:
        """Whether not all of its values are numbers."""
        return self.texts is not None

    @property
    def key(self) -> str:
        """What a person chooses it by: its name, or else its number."""
        return self.name or str(self.number)

    def written(self, rows: int | None = None) -> list[str]:
        """Return its first `rows` values as texts, whole numbers without a point; what is missing is empty."""
        gone = self.missing[:rows].tolist()
        if self.texts is not None:
            return ["" if empty else text for text, empty in zip(self.texts[:rows], gone, strict=True)]
        return [
            "" if empty else str(int(value)) if value.is_integer() else str(value)
            for value, empty in zip(self.values[:rows].tolist(), gone, strict=True)
        ]
