"""The plainest store there is: the bytes of chunks one after the other in a file. Read, never mapped into memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradviz.recording.chunks import rows_per_chunk
from gradviz.recording.frame import Distributions, Diverged, Evaluation
from gradviz.recording.history import History
from gradviz.recording.levels import KEPT_LEVELS
from gradviz.recording.source import Chunk, ChunkKey, measured_dtype


class _Place(NamedTuple):
    offset: int
    values: tuple[int, ...]
    measured: tuple[int, ...]


class FileSource:
    """Takes chunks of all levels as they become whole, at the end the last ones of level 0, and gives them back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[ChunkKey, _Place] = {}
        self._whole = dict.fromkeys(KEPT_LEVELS, 0)
        self.frames = 0
        self.spans: dict[str, tuple[float, float] | None] = {}
        self.scalars = np.empty((0, 4))
        self.evaluation_scalars = np.empty((0, 3))
        self.distribution_steps = np.empty(0, np.int64)
        self.diverged: Diverged | None = None
        path.touch()

    def take(self, history: History) -> None:
        """Write what became whole, and let it go."""
        with self._path.open("ab") as file:
            for level in KEPT_LEVELS:
                whole = history.whole_chunks(level)
                for number in range(self._whole[level], whole):
                    self._write(file, history, level, number)
                self._whole[level] = whole
        history.let_go(self, history.whole_chunks(0) * rows_per_chunk(history.started.layers))

    def close(self, history: History) -> None:
        """Write the rest, and what is read when the run is opened."""
        self.take(history)
        with self._path.open("ab") as file:
            self._write(file, history, 0, history.whole_chunks(0))
        self.frames = history.frames
        self.scalars = history.scalars(0, history.frames)
        self.spans = {quantity.name: history.span(quantity.name) for quantity in history.quantities}

    def chunk(self, key: ChunkKey) -> Chunk:
        place = self._places[key]
        with self._path.open("rb") as file:
            file.seek(place.offset)
            values = np.fromfile(file, np.float32, int(np.prod(place.values))).reshape(place.values)
            measured = np.fromfile(file, measured_dtype(key.kind), int(np.prod(place.measured)))
        return Chunk(values, measured.reshape(place.measured))

    def evaluation(self, step: int) -> Evaluation:
        raise KeyError(step)

    def distributions(self, step: int) -> Distributions:
        raise KeyError(step)

    def _write(self, file: object, history: History, level: int, number: int) -> None:
        for quantity in history.quantities:
            for kind in ("largest", "mean") if level else ("rows",):
                key = ChunkKey(quantity.name, level, kind, number)
                chunk = history.chunk(key)
                self._places[key] = _Place(file.tell(), chunk.values.shape, chunk.measured.shape)
                file.write(chunk.values.tobytes())
                file.write(chunk.measured.tobytes())
