"""Named arrays in a run file, in parts that no limit of SQLite stands against."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.recording.frame import Checkpoint
from gradviz.recording.store.codec import DamagedError, checked_bytes, pack, unpack
from gradviz.recording.store.facts import checked_text, checked_whole

PART_BYTES = 8 << 20
MOST_DIMENSIONS = 8
MOST_TENSORS = 10_000
LARGEST_CHECKPOINT_BYTES = 1 << 36
# what numpy calls the types that may be stored; none of them can hold a Python object
TYPES = ("<f2", "<f4", "<f8", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "|b1", "|i1", "|u1", "<c8", "<c16")


def put(connection: sqlite3.Connection, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays, compressed."""
    for name, array in arrays.items():
        rows = (
            (name, number, dtype, shape, pack(np.frombuffer(part, np.uint8)) if len(part) else b"")
            for number, (dtype, shape, part) in enumerate(_parts(array))
        )
        connection.executemany("INSERT OR REPLACE INTO arrays VALUES (?, ?, ?, ?, ?)", rows)


def get(connection: sqlite3.Connection, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return those of the arrays `names` that are there. Raises DamagedError."""
    found = {}
    for name in names:
        query = "SELECT part, dtype, shape, data FROM arrays WHERE name = ? ORDER BY part"
        rows = connection.execute(query, (name,))
        if (array := _joined(rows, name, packed=True)) is not None:
            found[name] = array
    return found


def put_checkpoint(connection: sqlite3.Connection, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of those that are there; as it is, because weights are noise to a compressor."""
    connection.execute("DELETE FROM checkpoints")
    for name, array in checkpoint.arrays.items():
        rows = (
            (checkpoint.step, name, number, dtype, shape, part)
            for number, (dtype, shape, part) in enumerate(_parts(array))
        )
        connection.executemany("INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)", rows)


def check_types(checkpoint: Checkpoint) -> None:
    """Raise TypeError for a tensor of a type that is never stored."""
    for name, array in checkpoint.arrays.items():
        if array.dtype.newbyteorder("<").str not in TYPES:
            raise TypeError(f"{name}: arrays of {array.dtype} cannot be stored")


def checkpoint_step(connection: sqlite3.Connection) -> int | None:
    """Return the step of the newest checkpoint; None if there is none. Raises DamagedError."""
    (step,) = connection.execute("SELECT max(step) FROM checkpoints").fetchone()
    return checked_whole(step, "a checkpoint's step") if step is not None else None


def get_checkpoint(connection: sqlite3.Connection) -> Checkpoint | None:
    """Return the newest checkpoint; None if there is none. Raises DamagedError."""
    step = checkpoint_step(connection)
    if step is None:
        return None
    query = "SELECT DISTINCT name FROM checkpoints WHERE step = ? LIMIT ?"
    names = [checked_text(name, "a tensor") for (name,) in connection.execute(query, (step, MOST_TENSORS))]
    tensors = {}
    for name in names:
        query = "SELECT part, dtype, shape, data FROM checkpoints WHERE step = ? AND name = ? ORDER BY part"
        array = _joined(connection.execute(query, (step, name)), name, packed=False)
        assert array is not None
        tensors[name] = array
    return Checkpoint(step, tensors)


def _parts(array: NDArray[Any]) -> Iterator[tuple[str, str, bytes]]:
    """Yield type, shape and bytes of the parts of `array`, of which there is at least one."""
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    content = little.reshape(-1).view(np.uint8)
    for first in range(0, max(len(content), 1), PART_BYTES):
        yield little.dtype.str, json.dumps(array.shape), content[first : first + PART_BYTES].tobytes()


def _joined(rows: Iterator[tuple[Any, ...]], name: str, *, packed: bool) -> NDArray[Any] | None:
    """Put the parts of an array together. Memory is taken part by part, as much as is really there."""
    described: tuple[object, object] | None = None
    content, size = bytearray(), 0
    for number, (part, dtype, shape, data) in enumerate(rows):
        if described is None:
            described = dtype, shape
            size = _size(name, dtype, shape, packed=packed)
        if part != number or (dtype, shape) != described or not isinstance(data, bytes):
            raise DamagedError(f"the array {name[:60]!r} is not whole")
        expected = min(PART_BYTES, size - len(content))
        content += unpack(data, np.uint8, (expected,)).tobytes() if packed and expected > 0 else data
        if len(content) > size:
            break
    if described is None:
        return None
    if len(content) != size:
        raise DamagedError(f"the array {name[:60]!r} has the wrong length")
    return np.frombuffer(content, np.dtype(str(described[0]))).reshape(_shape(name, described[1]))


def _size(name: str, dtype: object, shape: object, *, packed: bool) -> int:
    if not isinstance(dtype, str) or dtype not in TYPES:
        raise DamagedError(f"the array {name[:60]!r} is of a type that is never stored")
    itemsize = np.dtype(dtype).itemsize
    if packed:
        return checked_bytes(itemsize, _shape(name, shape))
    size = itemsize * int(np.prod([1, *_shape(name, shape)], dtype=object))
    if size > LARGEST_CHECKPOINT_BYTES:
        raise DamagedError(f"the tensor {name[:60]!r} is not plausible")
    return size


def _shape(name: str, text: object) -> tuple[int, ...]:
    try:
        shape = json.loads(checked_text(text, "a shape", 200))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"the array {name[:60]!r} has no shape") from error
    if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
        raise DamagedError(f"the array {name[:60]!r} has no shape")
    return tuple(checked_whole(extent, "an extent") for extent in shape)
