"""A source in memory, for histories that let go of everything: what is lost or mixed up on the way shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradviz.recording.frame import Distributions, Diverged, Evaluation, Observation
from gradviz.recording.history import History
from gradviz.recording.source import Chunk, ChunkKey
from gradviz.recording.zoom.levels import KEPT_LEVELS


@dataclass
class DictionarySource:
    """Takes from a history what a store would: whole chunks of every level, and of level 0 the last one as well."""

    chunks: dict[ChunkKey, Chunk] = field(default_factory=dict)
    evaluations: dict[int, Evaluation] = field(default_factory=dict)
    distributions_taken: dict[int, Distributions] = field(default_factory=dict)
    frames: int = 0
    spans: dict[str, tuple[float, float] | None] = field(default_factory=dict)
    scalars: np.ndarray = field(default_factory=lambda: np.empty((0, 4)))
    diverged: Diverged | None = None
    asked: list[ChunkKey] = field(default_factory=list)

    def take(self, history: History) -> None:
        """Copy what stands. The frames are looked at first: the run may go on meanwhile."""
        frames = history.frames
        for quantity in history.quantities:
            for level in KEPT_LEVELS:
                kinds = ("largest", "mean") if level else ("rows",)
                for number in range(history.whole_chunks(level) + (level == 0)):
                    for kind in kinds:
                        self._take(history, ChunkKey(quantity.name, level, kind, number))
        for step in history.evaluation_steps:
            self.evaluations[int(step)] = history.evaluation_at(int(step))
        for step in history.distribution_steps:
            self.distributions_taken[int(step)] = history.distributions_at(int(step))
        self.spans = {quantity.name: history.span(quantity.name) for quantity in history.quantities}
        self.scalars = history.scalars(0, frames)
        self.diverged = history.diverged
        self.frames = frames

    def cut(self, frames: int) -> None:
        """Forget what comes after the first `frames` frames, as somebody does who is to continue there."""
        self.frames, self.scalars, self.diverged = frames, self.scalars[:frames], None
        self.evaluations = {step: each for step, each in self.evaluations.items() if step < frames}
        self.distributions_taken = {step: each for step, each in self.distributions_taken.items() if step < frames}

    @property
    def more_scalars(self) -> dict[str, np.ndarray]:
        return {}

    @property
    def observations(self) -> tuple[Observation, ...]:
        return ()

    @property
    def evaluation_scalars(self) -> np.ndarray:
        rows = [(each.step, each.loss, each.accuracy) for each in self.evaluations.values()]
        return np.array(rows, float).reshape(-1, 3)

    @property
    def distribution_steps(self) -> np.ndarray:
        return np.array(sorted(self.distributions_taken), np.int64)

    def chunk(self, key: ChunkKey) -> Chunk:
        self.asked.append(key)
        return self.chunks[key]

    def evaluation(self, step: int) -> Evaluation:
        return self.evaluations[step]

    def distributions(self, step: int) -> Distributions:
        return self.distributions_taken[step]

    def _take(self, history: History, key: ChunkKey) -> None:
        there = self.chunks.get(key)
        chunk = history.chunk(key)
        if there is None or len(there.values) < len(chunk.values):
            self.chunks[key] = chunk
