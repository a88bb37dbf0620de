"""What the rules have to know of the rows of a run, as arrays; it is the same at every step and worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.history import History


@dataclass(frozen=True, slots=True, eq=False)
class RowMarks:
    """Arrays with one value for each row.

    `can_die` and `can_saturate` mark rows by what their activation can do; `units` is 0 where it is not known. `known`
    marks the rows of which either is known, `path` those of them that lie on the path from the input to the loss, and
    `bypassed` all rows that part of the signal passes by.
    """

    numbers: NDArray[np.int64]
    units: NDArray[np.int64]
    can_die: NDArray[np.bool_]
    can_saturate: NDArray[np.bool_]
    known: NDArray[np.bool_]
    path: NDArray[np.bool_]
    bypassed: NDArray[np.bool_]


_MARKS: WeakKeyDictionary[History, RowMarks] = WeakKeyDictionary()


def marks_of(history: History) -> RowMarks:
    """Return the marks of the rows of a run."""
    marks = _MARKS.get(history)
    if marks is None:
        marks = _MARKS[history] = _made(history)
    return marks


def _made(history: History) -> RowMarks:
    rows = history.started.rows
    units = np.array([row.units for row in rows], np.int64)
    known = np.array([row.slope is not None for row in rows], np.bool_) | (units > 0)
    on_path = np.array([row.on_path for row in rows], np.bool_)
    return RowMarks(
        numbers=np.arange(1, len(rows) + 1),
        units=units,
        can_die=np.array([row.slope == "dies" for row in rows], np.bool_),
        can_saturate=np.array([row.slope == "saturates" for row in rows], np.bool_),
        known=known,
        path=known & on_path,
        bypassed=~on_path,
    )
