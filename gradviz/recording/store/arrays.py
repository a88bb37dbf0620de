"""Arrays in a run file by step and name, in parts within the limits of SQLite."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Checkpoint
from gradviz.recording.store.checks import DamagedError, checked_shape, checked_text, checked_whole
from gradviz.recording.store.codec import AS_IT_IS, QUICKEST, pack, unpack

PART_BYTES = 8 << 20
MOST_DIMENSIONS = 8
MOST_TENSORS = 10_000
LARGEST_BYTES = 1 << 36
# the step of what is known before the first
BEFORE_ALL_STEPS = -1
# the types that may be stored, as numpy names them; none of them can hold a Python object
TYPES = ("<f2", "<f4", "<f8", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "|b1", "|i1", "|u1", "<c8", "<c16")


def put(connection: sqlite3.Connection, arrays: Mapping[str, NDArray[Any]], step: int = BEFORE_ALL_STEPS) -> None:
    """Write arrays. Those of a checkpoint are not compressed: weights are noise to a compressor."""
    level = QUICKEST if step == BEFORE_ALL_STEPS else AS_IT_IS
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        content, shape = little.reshape(-1).view(np.uint8), json.dumps(array.shape)
        rows = (
            (step, name, part, little.dtype.str, shape, pack(content[first : first + PART_BYTES], level))
            # at least one, also of an empty array
            for part, first in enumerate(range(0, max(len(content), 1), PART_BYTES))
        )
        connection.executemany("INSERT INTO arrays VALUES (?, ?, ?, ?, ?, ?)", rows)


def get(connection: sqlite3.Connection, names: Sequence[str], step: int = BEFORE_ALL_STEPS) -> dict[str, NDArray[Any]]:
    """Return those of the arrays `names` that are there. Raises DamagedError."""
    query = "SELECT part, dtype, shape, data FROM arrays WHERE step = ? AND name = ? ORDER BY part"
    found = {name: _joined(connection.execute(query, (step, name)), name) for name in names}
    return {name: array for name, array in found.items() if array is not None}


def put_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one that is there."""
    connection.execute("DELETE FROM arrays WHERE step > ?", (BEFORE_ALL_STEPS,))
    put(connection, checkpoint.arrays, checkpoint.step)


def check_types(checkpoint: Checkpoint) -> None:
    """Raise TypeError for a tensor of a type that is never stored."""
    for name, array in checkpoint.arrays.items():
        if array.dtype.newbyteorder("<").str not in TYPES:
            raise TypeError(f"{name}: arrays of {array.dtype} cannot be stored")


def checkpoint_step(connection: sqlite3.Connection) -> int | None:
    """Return the step of the newest checkpoint; None if there is none. Raises DamagedError."""
    (step,) = connection.execute("SELECT max(step) FROM arrays WHERE step > ?", (BEFORE_ALL_STEPS,)).fetchone()
    return checked_whole(step, "a checkpoint's step") if step is not None else None


def get_checkpoint(connection: sqlite3.Connection) -> Checkpoint | None:
    """Return the newest checkpoint; None if there is none. Raises DamagedError."""
    step = checkpoint_step(connection)
    if step is None:
        return None
    query = "SELECT DISTINCT name FROM arrays WHERE step = ? LIMIT ?"
    names = [checked_text(name, "a tensor") for (name,) in connection.execute(query, (step, MOST_TENSORS))]
    return Checkpoint(step, get(connection, names, step))


def _joined(rows: Iterator[tuple[Any, ...]], name: str) -> NDArray[Any] | None:
    """Put the parts of an array together; None if there are none. Memory is taken part by part, as they are there."""
    described: tuple[str, tuple[int, ...]] | None = None
    content, size = bytearray(), 0
    for number, (part, dtype, shape, data) in enumerate(rows):
        here = checked_text(dtype, "a type"), checked_shape(shape, "the shape of an array", MOST_DIMENSIONS)
        if described is None:
            described, size = here, _size(name, *here)
        if part != number or here != described:
            raise DamagedError(f"the array {name[:60]!r} is not whole")
        content += unpack(data, np.uint8, (min(PART_BYTES, size - len(content)),)).tobytes()
    if described is None:
        return None
    if len(content) != size:
        raise DamagedError(f"the array {name[:60]!r} has the wrong length")
    return np.frombuffer(content, np.dtype(described[0])).reshape(described[1])


def _size(name: str, dtype: str, shape: tuple[int, ...]) -> int:
    if dtype not in TYPES:
        raise DamagedError(f"the array {name[:60]!r} is of a type that is never stored")
    size = np.dtype(dtype).itemsize * math.prod(shape)
    if size > LARGEST_BYTES:
        raise DamagedError(f"the array {name[:60]!r} is not plausible")
    return size
