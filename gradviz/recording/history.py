"""The append-only record of one run, written by one thread and read by others at the same time.

No lock is needed, because there is one writer and nothing that is published ever changes: `append` writes a row, and
every block of the pyramid that it completes, into memory that no reader looks at, and only then publishes it by raising
`frames`, a plain attribute whose assignment is atomic in CPython. A reader takes `frames` once and stays below it.
Memory grows by whole chunks, so data never move while they are read.

A run that is stored need not fit into memory: whole chunks may leave it and are loaded again when they are needed
(`cache.py`). Readers see no difference.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import (
    Checkpoint,
    Distributions,
    Diverged,
    Evaluation,
    Event,
    Frame,
    Observation,
    Quantity,
    Started,
)
from gradviz.recording.named_scalars import NamedScalars
from gradviz.recording.observations import Observations, Observed
from gradviz.recording.snapshots import Snapshots, distributions_bytes, evaluation_bytes
from gradviz.recording.source import (
    BATCH_ACCURACY,
    EVALUATED_STEP,
    EVALUATION_ACCURACY,
    EVALUATION_LOSS,
    LEARNING_RATE,
    LOSS,
    SKIPPED,
    Chunk,
    ChunkKey,
    ChunkSource,
    StoredRun,
    Summary,
)
from gradviz.recording.zoom.cache import CachedSource
from gradviz.recording.zoom.chunks import ChunkedRows, rows_per_chunk
from gradviz.recording.zoom.pyramid import Pyramid, Window
from gradviz.recording.zoom.scalars import Envelope, Scalars

__all__ = ["Envelope", "History", "Window"]

Span = tuple[float, float] | None
Series = tuple[NDArray[np.int64], NDArray[np.float64]]
Taken = TypeVar("Taken", Evaluation, Distributions)
CurveName = Literal["loss", "batch_accuracy", "learning_rate"]

MOST_EVALUATION_BYTES = MOST_DISTRIBUTION_BYTES = 128 * 1024 * 1024
_CURVES: dict[str, int] = {"loss": LOSS, "batch_accuracy": BATCH_ACCURACY, "learning_rate": LEARNING_RATE}


class History:
    """All frames and evaluations of one run, readable at any zoom while it is recorded.

    Only one thread may call `append`; every other method may be called from any thread at any time, and raises
    RecordingError if data have to be loaded from a file and cannot be read.
    """

    def __init__(self, started: Started, stored: StoredRun | None = None) -> None:
        self.started = started
        self._quantities = {quantity.name: quantity for quantity in started.quantities}
        self._source = CachedSource(stored)
        self._frames = stored.frames if stored is not None else 0
        self._pyramids = {
            name: Pyramid(quantity, len(started.rows), self._source, self._frames, double=started.double)
            for name, quantity in self._quantities.items()
        }
        self._spans: dict[str, Span] = {
            name: stored.spans.get(name) if stored is not None else None for name in self._quantities
        }
        self._scalars = Scalars(4, stored.scalars if stored is not None else None)
        self._more_scalars = NamedScalars(stored.more_scalars if stored is not None else {})
        self._observations = Observations(stored.observations if stored is not None else ())
        self._skipped = np.flatnonzero(self._scalars.column(SKIPPED, self._frames)).tolist()
        self._evaluation_scalars = ChunkedRows(3, np.float64)
        evaluated = stored.evaluation_scalars if stored is not None else np.empty((0, 3))
        self._evaluation_scalars.fill(evaluated)
        self._evaluated = len(evaluated)
        self._evaluations = Snapshots[Evaluation](
            evaluation_bytes,
            self._source.evaluation,
            MOST_EVALUATION_BYTES,
            evaluated[:, EVALUATED_STEP],
        )
        self._distributions = Snapshots[Distributions](
            distributions_bytes,
            self._source.distributions,
            MOST_DISTRIBUTION_BYTES,
            stored.distribution_steps if stored is not None else (),
        )
        self._diverged = stored.diverged if stored is not None else None

    @classmethod
    def restored(cls, started: Started, stored: StoredRun) -> History:
        """Return the history of a stored run, which may be appended to; chunks are loaded when they are needed."""
        return cls(started, stored)

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Return the history of `events`; the first of them, and no other, is Started."""
        rest = iter(events)
        started = next(rest)
        assert isinstance(started, Started)
        history = cls(started)
        for event in rest:
            assert not isinstance(event, Started | Checkpoint)
            history.append(event)
        return history

    @property
    def frames(self) -> int:
        """Number of frames that can be read; the frame of step s is number s, counted from 0."""
        return self._frames

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What is measured per layer, in the order in which it is offered."""
        return self.started.quantities

    @property
    def latest_evaluation(self) -> Evaluation | None:
        """The newest evaluation of the validation samples."""
        return _at(self._evaluations, self._evaluations.latest_step)

    @property
    def first_distributions(self) -> Distributions | None:
        """The distributions at initialisation."""
        return _at(self._distributions, self._distributions.first_step)

    @property
    def latest_distributions(self) -> Distributions | None:
        """The newest distributions."""
        return _at(self._distributions, self._distributions.latest_step)

    @property
    def evaluation_steps(self) -> NDArray[np.int64]:
        """The steps with evaluations, ascending; a long run that is not stored keeps only some of them."""
        return self._evaluations.steps

    @property
    def distribution_steps(self) -> NDArray[np.int64]:
        """The steps with distributions, ascending; a long run that is not stored keeps only some of them."""
        return self._distributions.steps

    @property
    def diverged(self) -> Diverged | None:
        """The step at which the loss was not finite any more, if there is one."""
        return self._diverged

    @property
    def observations(self) -> tuple[Observation, ...]:
        """Everything that was observed beside numbers, oldest first."""
        return self._observations.all

    @property
    def scalar_names(self) -> tuple[str, ...]:
        """What further numbers there are per step, in the order in which they came up."""
        return self._more_scalars.names

    def append(self, event: Frame | Observation | Evaluation | Distributions | Diverged) -> None:
        """Record one event; for the writer's thread only.

        Raises ValueError, and records nothing, for anything out of order, of wrong length or of an unknown quantity,
        and for anything but an observation after a divergence.
        """
        if isinstance(event, Observation):
            self._observations.add(event)
            return
        if self._diverged is not None:
            raise ValueError(f"the run diverged at step {self._diverged.step}; nothing comes after it")
        match event:
            case Frame():
                self._append_frame(event)
            case Evaluation():
                self._append_evaluation(event)
            case Distributions():
                self._take_distributions(event)
            case Diverged():
                self._diverged = event

    def quantity(self, name: str) -> Quantity:
        """Return the quantity `name`. Raises KeyError if the run does not measure it."""
        return self._quantities[name]

    def row(self, name: str, step: int) -> NDArray[np.floating[Any]] | None:
        """Return what was measured at `step`, [layers] in the quantity's own scale; None if nothing was.

        It is NaN at layers that were not measured where others were; `measured` tells them apart.
        """
        return self._pyramids[name].row(step) if 0 <= step < self._frames else None

    def measured(self, name: str, step: int) -> NDArray[np.bool_]:
        """Return which layers were measured at `step`, bool [layers]."""
        if not 0 <= step < self._frames:
            return np.zeros(len(self.started.rows), np.bool_)
        return self._pyramids[name].measured(step)

    def latest_row(self, name: str, step: int) -> tuple[int, NDArray[np.floating[Any]]] | None:
        """Return (step, row) of what was measured at `step`, or else when it was last measured before; None: never."""
        if (row := self.row(name, step)) is not None:
            return step, row
        for earlier in self.latest_steps(name, step, 1):
            if (row := self.row(name, earlier)) is not None:
                return earlier, row
        return None

    def latest_steps(self, name: str, step: int, most: int) -> list[int]:
        """Return the `most` latest steps up to and with `step` at which `name` was measured, ascending."""
        return self._pyramids[name].latest_steps(step, most, self._frames)

    def window(self, name: str, first: int, last: int, stride: int = 1, kind: Summary = "largest") -> Window:
        """Return the steps `first` to `last`, both included and cut to what there is, `stride` of them to a column.

        `kind` says what represents a column of several steps: the largest value, or the mean of those measured (of
        logarithms, where the quantity is one). What it costs depends on the columns, not on the steps. Raises KeyError
        for an unknown name, ValueError unless `stride` is a power of two.
        """
        return self._pyramids[name].window(first, last, stride, self._frames, kind)

    def span(self, name: str) -> Span:
        """Return the smallest and the largest finite value so far; None before there is one."""
        return self._spans[name]

    def loss(self, step: int) -> float | None:
        """Return the mean loss over the training batch of `step`; None if there is no such step (yet)."""
        return float(self._scalars.at(step)[LOSS]) if 0 <= step < self._frames else None

    def batch_accuracy(self, step: int) -> float | None:
        """Return the share of the batch of `step` classified rightly; None if there is no such step (yet)."""
        return float(self._scalars.at(step)[BATCH_ACCURACY]) if 0 <= step < self._frames else None

    def scalars(self, first: int, end: int) -> NDArray[np.float64]:
        """Return the columns of `StoredRun.scalars` at the steps `first` up to but without `end`, [steps, 4]."""
        return self._scalars.read(first, end)

    def observed(self, kind: str, step: int) -> Observed | None:
        """Return what of `kind` (see `observations.KINDS`) holds at `step`, and since when; None if nothing does."""
        return self._observations.at(kind, step)

    def scalar(self, name: str) -> Series:
        """Return (steps, number), each [frames], of a further number; NaN where it was not told. Raises KeyError."""
        frames = self._frames
        return np.arange(frames), self._more_scalars.read(name, 0, frames)

    def scalar_part(self, name: str, first: int, end: int) -> NDArray[np.float64]:
        """Return a further number at the steps `first` up to but without `end`, [steps]. Raises KeyError."""
        return self._more_scalars.read(name, first, end)

    def scalar_curve(self, name: str, first: int, last: int, columns: int) -> Envelope:
        """Return of a further number what `curve` does of the loss. Raises KeyError, ValueError."""
        return self._more_scalars.envelope(name, first, last, columns, self._frames)

    def losses(self) -> Series:
        """Return (steps, mean loss over the training batch), each [frames]."""
        return self._series(LOSS)

    def batch_accuracies(self) -> Series:
        """Return (steps, share of the training batch classified rightly), each [frames]."""
        return self._series(BATCH_ACCURACY)

    def learning_rates(self) -> Series:
        """Return (steps, learning rate), each [frames]."""
        return self._series(LEARNING_RATE)

    def curve(self, name: CurveName, first: int, last: int, columns: int) -> Envelope:
        """Return the smallest and the largest value from step `first` to `last`, in at most `columns` columns.

        It costs the same however long the run is. Raises KeyError for an unknown name, ValueError for fewer than two
        columns.
        """
        return self._scalars.envelope(_CURVES[name], first, last, columns, self._frames)

    def skipped_steps(self) -> NDArray[np.int64]:
        """Return the steps that the optimiser did not make, because gradients had overflowed."""
        return np.array(tuple(self._skipped), np.int64)

    def accuracies(self) -> Series:
        """Return (steps, share of the validation samples classified rightly), where evaluated."""
        return self._evaluation_series(EVALUATION_ACCURACY)

    def evaluation_losses(self) -> Series:
        """Return (steps, mean loss over the validation samples), where evaluated."""
        return self._evaluation_series(EVALUATION_LOSS)

    def evaluation_at(self, step: int) -> Evaluation | None:
        """Return the latest evaluation at or before `step`; None if there is none."""
        return self._evaluations.at(step)

    def distributions_at(self, step: int) -> Distributions | None:
        """Return the latest distributions at or before `step`; None if there are none."""
        return self._distributions.at(step)

    def distributions_at_or_latest(self, step: int | None) -> Distributions | None:
        """Return the latest distributions at or before `step`, of the whole run for None; None if there are none."""
        return self.latest_distributions if step is None else self.distributions_at(step)

    def whole_chunks(self, level: int) -> int:
        """Return how many chunks of a `level` (0, 2, 4 ...) are complete; they never change again."""
        return (self._frames >> level) // rows_per_chunk(len(self.started.rows))

    def chunk(self, key: ChunkKey) -> Chunk:
        """Return a copy of a chunk, with the rows that are complete at this moment."""
        return self._pyramids[key.series].chunk(key, self._frames)

    def release(self, source: ChunkSource, frames: int) -> None:
        """Free the memory of the first `frames` frames, and of what belongs to them: from now on they are in `source`.

        That is all complete chunks of every level, all evaluations and all distributions of the steps below `frames`.
        """
        if frames > self._frames:
            raise ValueError(f"{frames} frames cannot be stored where there are {self._frames}")
        self._source.source = source
        for pyramid in self._pyramids.values():
            pyramid.release(frames)
        self._evaluations.release(frames)
        self._distributions.release(frames)

    def _append_frame(self, frame: Frame) -> None:
        _check(frame, self._frames, self._quantities, len(self.started.rows))
        for name, pyramid in self._pyramids.items():
            row = frame.rows.get(name)
            measured = frame.measured.get(name)
            pyramid.append(row, measured)
            if row is not None:
                self._spans[name] = _widened(self._spans[name], row if measured is None else row[measured])
        self._scalars.put(frame.step, (frame.loss, frame.batch_accuracy, frame.learning_rate, frame.skipped))
        self._more_scalars.put(frame.step, frame.scalars)
        if frame.skipped:
            self._skipped.append(frame.step)
        self._frames = frame.step + 1

    def _append_evaluation(self, evaluation: Evaluation) -> None:
        self._evaluations.put(evaluation)
        self._evaluation_scalars.put(self._evaluated, (evaluation.step, evaluation.loss, evaluation.accuracy))
        self._evaluated += 1

    def _take_distributions(self, distributions: Distributions) -> None:
        for distribution in distributions.by_kind.values():
            layers = len(distribution.counts)
            if layers != len(self.started.rows):
                raise ValueError(f"distributions of {layers} layers where {len(self.started.rows)} layers are recorded")
        self._distributions.put(distributions)

    def _series(self, column: int) -> Series:
        frames = self._frames
        return np.arange(frames), self._scalars.column(column, frames)

    def _evaluation_series(self, column: int) -> Series:
        table = self._evaluation_scalars.read(0, self._evaluated)
        return table[:, EVALUATED_STEP].astype(np.int64), table[:, column].copy()


def _check(frame: Frame, step: int, quantities: Collection[str], layers: int) -> None:
    """Raise ValueError unless `frame` is of that step, with so many layers of quantities that are measured."""
    if frame.step != step:
        raise ValueError(f"frame {frame.step} is out of order; the next one is {step}")
    for name, row in (*frame.rows.items(), *frame.measured.items()):
        if name not in quantities:
            raise ValueError(f"the run does not measure {name!r}")
        if row.shape != (layers,):
            raise ValueError(f"{name}: a row of shape {row.shape} where {layers} layers are recorded")


def _widened(span: Span, row: NDArray[np.floating[Any]]) -> Span:
    """Return the smallest and the largest finite value of `span` and `row` together."""
    if not row.size:
        return span
    least, most = float(row.min()), float(row.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        finite = row[np.isfinite(row)]
        if not finite.size:
            return span
        least, most = float(finite.min()), float(finite.max())
    low, high = span or (least, most)
    return min(low, least), max(high, most)


def _at(snapshots: Snapshots[Taken], step: int | None) -> Taken | None:
    return None if step is None else snapshots.at(step)
