"""How a history loads what is not in memory any more, and what it needs to know of a stored run.

A quantity is cut into chunks of `rows_per_chunk(layers)` rows each (`chunks.py`). Row i of level k represents the
steps from i * 2^k up to but without (i + 1) * 2^k. Only even levels are ever stored; the odd ones are derived while
reading. `History.whole_chunks` says how many chunks of a level are complete: `(frames >> level) // rows_per_chunk`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Distributions, Diverged, Evaluation, Observation

Summary = Literal["largest", "mean"]
ChunkKind = Literal["rows", "largest", "mean"]

# the columns of `StoredRun.scalars` and of `StoredRun.evaluation_scalars`
LOSS, BATCH_ACCURACY, LEARNING_RATE, SKIPPED = range(4)
EVALUATED_STEP, EVALUATION_LOSS, EVALUATION_ACCURACY = range(3)


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """Names chunk `number` (counted from 0) of the quantity `series` at `level`.

    `kind` is "rows" at level 0, where a row is what was measured at one step; at the levels 2, 4, 6 ... it says what
    represents several steps: the "largest" of them (of a signed quantity that of largest magnitude) or their "mean".
    """

    series: str
    level: int
    kind: ChunkKind
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive rows of one level, in the quantity's own scale.

    `values` float32 or float64 [rows, layers]. `measured` [rows], or [rows, layers] where it differs between the layers
    of a row, has the type `measured_dtype(kind)`: bool, and for means the number of steps that were measured, without
    which means could not be combined. Values that were not measured mean nothing.
    """

    values: NDArray[np.floating[Any]]
    measured: NDArray[Any]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.values.nbytes + self.measured.nbytes


def measured_dtype(kind: ChunkKind) -> np.dtype[Any]:
    """Return the type of `Chunk.measured`."""
    return np.dtype(np.uint32 if kind == "mean" else np.bool_)


class ChunkSource(Protocol):
    """Where chunks, evaluations and distributions are loaded from.

    Called from any thread, several at a time, for as long as the history is in use. Each method raises RecordingError
    if the data cannot be read.
    """

    def chunk(self, key: ChunkKey) -> Chunk:
        """Return a chunk as `History.chunk` returned it; its arrays are not written to.

        Asked for are complete chunks of every level, and the last one of level 0, however few rows it has. It may hold
        more rows than the history has frames; the rest is ignored.
        """
        ...

    def evaluation(self, step: int) -> Evaluation:
        """Return the evaluation of exactly `step`."""
        ...

    def distributions(self, step: int) -> Distributions:
        """Return the distributions of exactly `step`."""
        ...


class StoredRun(ChunkSource, Protocol):
    """A stored run as it is opened. What is small is read at once, chunks when they are needed."""

    @property
    def frames(self) -> int:
        """Number of frames: those of the steps 0 up to but without it."""
        ...

    @property
    def spans(self) -> Mapping[str, tuple[float, float] | None]:
        """Smallest and largest finite value of each quantity by name; None, or absent, if there is none."""
        ...

    @property
    def scalars(self) -> NDArray[np.float64]:
        """[frames, 4]: loss, batch accuracy, learning rate, and 1 where the optimiser's step was skipped, else 0."""
        ...

    @property
    def more_scalars(self) -> Mapping[str, NDArray[np.float64]]:
        """Further numbers per step by name, each [frames], NaN where it was not told."""
        ...

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What was observed beside numbers, oldest first."""
        ...

    @property
    def evaluation_scalars(self) -> NDArray[np.float64]:
        """[evaluations, 3]: step (rising), loss, accuracy.

        An evaluation comes before the frame of its step. A run that is resumed at `frames` holds none of that step or
        later, because that step will be evaluated again.
        """
        ...

    @property
    def distribution_steps(self) -> NDArray[np.int64]:
        """Steps of which there are distributions, rising; those of a resumed run end like its evaluations."""
        ...

    @property
    def diverged(self) -> Diverged | None:
        """The step at which the loss was not finite any more, if there is one."""
        ...
