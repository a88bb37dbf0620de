"""The append-only record of one run, written by the worker and read by everybody else at the same time.

There is no lock, and none is needed, because there is one writer and nothing that was published ever changes: `append`
writes a row, and every block of the pyramid that it completes, into memory no reader looks at, and only then publishes
it by raising `frames`, a plain attribute whose assignment is atomic in CPython. A reader takes `frames` once and stays
below it. Storage grows by whole chunks, so what a reader looks at is never moved.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.chunks import ChunkedRows
from gradviz.recording.frame import Checkpoint, Distributions, Diverged, Evaluation, Event, Frame, Quantity, Started
from gradviz.recording.pyramid import Pyramid, Window

__all__ = ["History", "Window"]

Series = tuple[NDArray[np.int64], NDArray[np.float64]]

_LOSS, _BATCH_ACCURACY, _LEARNING_RATE = range(3)
_STEP, _EVALUATION_LOSS, _ACCURACY = range(3)


class History:
    """All frames and evaluations of one run, readable at any zoom while it goes on.

    Only one thread may call `append`; every other method may be called from any thread at any time.
    """

    def __init__(self, started: Started) -> None:
        self.started = started
        self._quantities = {quantity.name: quantity for quantity in started.quantities}
        self._pyramids = {
            name: Pyramid.for_quantity(started.layers, quantity) for name, quantity in self._quantities.items()
        }
        self._spans: dict[str, tuple[float, float] | None] = dict.fromkeys(self._quantities)
        self._scalars = ChunkedRows(3, np.float64)
        self._evaluations = ChunkedRows(3, np.float64)
        self._frames = 0
        self._evaluated = 0
        self._latest_evaluation: Evaluation | None = None
        self._first_distributions: Distributions | None = None
        self._latest_distributions: Distributions | None = None
        self._diverged: Diverged | None = None

    @classmethod
    def of(cls, events: Iterable[Event]) -> History:
        """Return the recording of `events`, of which the first is Started and no other."""
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
        """The newest look at the held-out samples."""
        return self._latest_evaluation

    @property
    def first_distributions(self) -> Distributions | None:
        """How the numbers of each layer were spread at initialisation."""
        return self._first_distributions

    @property
    def latest_distributions(self) -> Distributions | None:
        """How the numbers of each layer are spread, as last measured; none between the first and these are kept."""
        return self._latest_distributions

    @property
    def diverged(self) -> Diverged | None:
        """Where the loss ceased to be finite, if it did."""
        return self._diverged

    def append(self, event: Frame | Evaluation | Distributions | Diverged) -> None:
        """Record one event; for the writer's thread only.

        Raises ValueError, and records nothing, for anything out of order, of wrong length or of an unknown quantity,
        and for anything after a divergence.
        """
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

    def row(self, name: str, step: int) -> NDArray[np.float32] | None:
        """Return what was measured at `step`, float32 [layers] in the quantity's own scale; None if nothing was."""
        return self._pyramids[name].row(step) if 0 <= step < self._frames else None

    def latest_row(self, name: str, step: int) -> tuple[int, NDArray[np.float32]] | None:
        """Return (step, row) of what was measured at `step` or, of a scheduled quantity, when it last was its turn."""
        every = self.started.probe_every if self._quantities[name].scheduled else 1
        # the last step of a run is measured whenever it comes
        for earlier in (step, step - step % every):
            if (row := self.row(name, earlier)) is not None:
                return earlier, row
        return None

    def window(self, name: str, first: int, last: int, columns: int) -> Window:
        """Return the steps `first` to `last`, both included and cut to what there is, in at most `columns` columns.

        It costs the same however long the run is. Raises KeyError for an unknown name, ValueError for fewer than two
        columns.
        """
        return self._pyramids[name].window(first, last, columns, self._frames)

    def span(self, name: str) -> tuple[float, float] | None:
        """Return the smallest and the largest finite value so far; None before there is one."""
        return self._spans[name]

    def loss(self, step: int) -> float | None:
        """Return the mean loss over the training batch of `step`; None if there is no such step (yet)."""
        return float(self._scalars.at(step)[_LOSS]) if 0 <= step < self._frames else None

    def losses(self) -> Series:
        """Return (steps, mean loss over the training batch), each [frames]."""
        return self._series(_LOSS)

    def batch_accuracies(self) -> Series:
        """Return (steps, share of the training batch classified rightly), each [frames]."""
        return self._series(_BATCH_ACCURACY)

    def learning_rates(self) -> Series:
        """Return (steps, learning rate), each [frames]."""
        return self._series(_LEARNING_RATE)

    def accuracies(self) -> Series:
        """Return (steps, share of the held-out samples classified rightly), where evaluated."""
        return self._evaluation_series(_ACCURACY)

    def evaluation_losses(self) -> Series:
        """Return (steps, mean loss over the held-out samples), where evaluated."""
        return self._evaluation_series(_EVALUATION_LOSS)

    def _append_frame(self, frame: Frame) -> None:
        self._check(frame)
        for name, pyramid in self._pyramids.items():
            row = frame.rows.get(name)
            pyramid.append(row)
            if row is not None:
                self._widen_span(name, row)
        self._scalars.put(frame.step, (frame.loss, frame.batch_accuracy, frame.learning_rate))
        self._frames = frame.step + 1

    def _check(self, frame: Frame) -> None:
        if frame.step != self._frames:
            raise ValueError(f"frame {frame.step} is out of order; the next one is {self._frames}")
        for name, row in frame.rows.items():
            if name not in self._quantities:
                raise ValueError(f"the run does not measure {name!r}")
            if row.shape != (self.started.layers,):
                raise ValueError(f"{name}: a row of shape {row.shape} where {self.started.layers} layers are recorded")

    def _widen_span(self, name: str, row: NDArray[np.float32]) -> None:
        finite = row[np.isfinite(row)]
        if not finite.size:
            return
        low, high = self._spans[name] or (np.inf, -np.inf)
        self._spans[name] = (min(low, float(finite.min())), max(high, float(finite.max())))

    def _append_evaluation(self, evaluation: Evaluation) -> None:
        latest = self._latest_evaluation
        if latest is not None and evaluation.step <= latest.step:
            raise ValueError(f"evaluation at step {evaluation.step} is out of order after the one at {latest.step}")
        self._evaluations.put(self._evaluated, (evaluation.step, evaluation.loss, evaluation.accuracy))
        self._evaluated += 1
        self._latest_evaluation = evaluation

    def _take_distributions(self, distributions: Distributions) -> None:
        latest = self._latest_distributions
        if latest is not None and distributions.step <= latest.step:
            raise ValueError(f"distributions of step {distributions.step} are out of order after step {latest.step}")
        for distribution in distributions.by_kind.values():
            layers = len(distribution.counts)
            if layers != self.started.layers:
                raise ValueError(f"distributions of {layers} layers where {self.started.layers} layers are recorded")
        if self._first_distributions is None:
            self._first_distributions = distributions
        self._latest_distributions = distributions

    def _series(self, column: int) -> Series:
        frames = self._frames
        return np.arange(frames), self._scalars.read(0, frames)[:, column].copy()

    def _evaluation_series(self, column: int) -> Series:
        table = self._evaluations.read(0, self._evaluated)
        return table[:, _STEP].astype(np.int64), table[:, column].copy()
