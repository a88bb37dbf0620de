"""Further numbers of a run, one per step and name, such as what a script logs of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.zoom.scalars import Envelope, Scalars

# further numbers per step, by name; those that come up later are not kept
MOST_SCALARS = 64


class NamedScalars:
    """Numbers by name, NaN where they were not told; one thread puts, the owner says how many steps may be read."""

    def __init__(self, known: Mapping[str, NDArray[np.float64]]) -> None:
        self._by_name = {name: Scalars(1, values[:, np.newaxis]) for name, values in known.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """What there is, in the order in which it came up."""
        return tuple(self._by_name)

    def put(self, step: int, numbers: Mapping[str, float]) -> None:
        """Write the numbers of `step`; steps come in order, each once."""
        new = [name for name in numbers if name not in self._by_name]
        for name in new[: MOST_SCALARS - len(self._by_name)]:
            before = Scalars(1, np.full((step, 1), math.nan))
            # a new dictionary, so that whoever reads the old one is not disturbed
            self._by_name = {**self._by_name, name: before}
        for name, scalars in self._by_name.items():
            scalars.put(step, (numbers.get(name, math.nan),))

    def read(self, name: str, first: int, end: int) -> NDArray[np.float64]:
        """Return the numbers of written steps, [end - first]. Raises KeyError."""
        return self._by_name[name].read(first, end)[:, 0]

    def envelope(self, name: str, first: int, last: int, columns: int, count: int) -> Envelope:
        """Return what `Scalars.envelope` does of one number. Raises KeyError, and ValueError for one column."""
        return self._by_name[name].envelope(0, first, last, columns, count)
