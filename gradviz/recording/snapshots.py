"""What is measured at some steps of a run only, and kept as long as memory allows."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Distributions, Evaluation


class _Taken(Protocol):
    @property
    def step(self) -> int: ...


T = TypeVar("T", bound=_Taken)


class Snapshots(Generic[T]):
    """What was taken at each of some steps, in at most `most_bytes` of memory beside the first and the latest.

    Those that are stored may leave memory and are loaded again when they are needed. Where nothing is stored, some are
    dropped for good: those with the closest neighbours, which leaves the rest evenly spread over the run. Any thread
    may call any method.
    """

    def __init__(
        self, weigh: Callable[[T], int], fetch: Callable[[int], T], most_bytes: int, stored: Iterable[int] = ()
    ) -> None:
        self._weigh, self._fetch, self._most_bytes = weigh, fetch, most_bytes
        self._steps = [int(step) for step in stored]
        self._stored_below = self._steps[-1] + 1 if self._steps else 0
        # least recently used first
        self._here: dict[int, T] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps of which there is one, rising."""
        with self._lock:
            return np.array(self._steps, np.int64)

    @property
    def first_step(self) -> int | None:
        """The earliest of these steps."""
        return self._steps[0] if self._steps else None

    @property
    def latest_step(self) -> int | None:
        """The latest of these steps."""
        return self._steps[-1] if self._steps else None

    def put(self, taken: T) -> None:
        """Append one. Raises ValueError if it is not later than the latest."""
        with self._lock:
            if self._steps and taken.step <= self._steps[-1]:
                raise ValueError(f"step {taken.step} is out of order after step {self._steps[-1]}")
            self._steps.append(taken.step)
            self._take(taken.step, taken)

    def at(self, step: int) -> T | None:
        """Return the latest one at or before `step`; None if there is none. Raises what fetching raises."""
        with self._lock:
            index = bisect_right(self._steps, step) - 1
            if index < 0:
                return None
            found = self._steps[index]
            if (taken := self._here.pop(found, None)) is not None:
                self._here[found] = taken
                return taken
        taken = self._fetch(found)
        with self._lock:
            # another thread may have been faster; all get the same one
            if found not in self._here:
                self._take(found, taken)
            return self._here.get(found, taken)

    def release(self, below: int) -> None:
        """Take note that those of steps below `below` are stored and can be loaded again."""
        with self._lock:
            self._stored_below = max(self._stored_below, below)
            self._make_room()

    def _take(self, step: int, taken: T) -> None:
        self._here[step] = taken
        self._bytes += self._weigh(taken)
        self._make_room()

    def _make_room(self) -> None:
        ends = (self._steps[0], self._steps[-1]) if self._steps else ()
        spare = iter([step for step in self._here if step < self._stored_below and step not in ends])
        while self._bytes > self._most_bytes and (step := next(spare, None)) is not None:
            self._drop(step)
        while self._bytes > self._most_bytes and (dispensable := self._most_dispensable()) is not None:
            self._drop(dispensable)
            self._steps.remove(dispensable)

    def _most_dispensable(self) -> int | None:
        """Return the step with the closest neighbours of those that are only in memory, without first and last."""
        steps, begin = self._steps, bisect_left(self._steps, self._stored_below)
        between = range(begin + 1, len(steps) - 1)
        index = min(between, key=lambda index: steps[index + 1] - steps[index - 1], default=None)
        return None if index is None else steps[index]

    def _drop(self, step: int) -> None:
        self._bytes -= self._weigh(self._here.pop(step))


def evaluation_bytes(evaluation: Evaluation) -> int:
    """Return the memory that an evaluation takes."""
    boundary = evaluation.boundary.nbytes if evaluation.boundary is not None else 0
    values = evaluation.values.nbytes if evaluation.values is not None else 0
    return evaluation.predicted.nbytes + evaluation.confidence.nbytes + boundary + values


def distributions_bytes(distributions: Distributions) -> int:
    """Return the memory that the distributions of one step take."""
    return sum(
        array.nbytes
        for each in distributions.by_kind.values()
        for array in (each.edges, each.counts, each.zeros, each.not_finite)
    )
