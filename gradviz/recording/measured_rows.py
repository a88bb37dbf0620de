"""One row of a recording, and which of its layers were measured: in a watched network not always all are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredRow:
    """What was measured at `step`: `values` float32 [layers] in the quantity's own scale, NaN where not `measured`."""

    step: int
    values: NDArray[np.float32]
    measured: NDArray[np.bool_]

    def at(self, layer: int) -> float | None:
        """Return the value of `layer`, counted from 1; None if it was not measured."""
        return float(self.values[layer - 1]) if self.measured[layer - 1] else None


def row_at(history: History, name: str, step: int) -> MeasuredRow | None:
    """Return what was measured at `step`; None if nothing was."""
    row = history.row(name, step)
    return MeasuredRow(step, row, history.measured(name, step)) if row is not None else None


def latest_row(history: History, name: str, step: int) -> MeasuredRow | None:
    """Return what was measured at `step` or, of a scheduled quantity, when it was last due; None if nothing was."""
    found = history.latest_row(name, step)
    return row_at(history, name, found[0]) if found is not None else None
