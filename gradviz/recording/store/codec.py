"""Arrays as bytes and back. Reading trusts nothing: what comes out has the type and the shape that were asked for.

An array is its bytes in little-endian order, the first bytes of all numbers before the second bytes of all, because
neighbouring numbers share their exponents; then zlib at its quickest level. The first two bytes are the type as
numpy writes it ("f4"); booleans are packed into bits ("b1"). Unpacking stops one byte after the size that was asked
for, and takes nothing that would grow by more than LARGEST_GROWTH.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradviz.recording.store.checks import DamagedError

# zlib reaches 1032 at best; no measurement comes near
LARGEST_GROWTH = 64
# arrays up to this size may be compressed to anything: a row of zeros is no attack
ALWAYS_ALLOWED_BYTES = 1 << 20
LARGEST_ARRAY_BYTES = 1 << 31

# levels of zlib
QUICKEST, AS_IT_IS = 1, 0
_TYPE_LETTERS = 2
_WHOLE_NUMBERS = ("u1", "u2", "u4", "i8")
_DIFFERENCES = ("i1", "i2", "i4", "i8")


def pack(array: NDArray[Any], level: int = QUICKEST) -> bytes:
    """Return `array` as bytes, without its shape; int64 in the smallest type that holds its numbers."""
    if array.dtype == np.bool_:
        letters, raw = b"b1", np.packbits(array.ravel()).tobytes()
    else:
        kept = array.astype(_smallest(array)) if array.dtype == np.int64 else array
        letters, raw = kept.dtype.str[1:].encode(), _shuffled(kept)
    packed = zlib.compress(raw, level)
    if array.nbytes > _most_bytes_from(len(packed)):
        packed = zlib.compress(raw, AS_IT_IS)
    return letters + packed


def unpack(data: object, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the array of this type and shape in `data`; np.floating is float32 or float64, as it was packed.

    Raises DamagedError if it holds anything else.
    """
    if dtype is np.floating:
        return _unpacked(data, shape, ("f4", "f8"))
    wanted = np.dtype(dtype)
    types = (*_WHOLE_NUMBERS, *_DIFFERENCES) if wanted == np.int64 else (wanted.str[1:],)
    return _unpacked(data, shape, types).astype(wanted, copy=False)


def pack_edges(edges: NDArray[np.float64]) -> tuple[bytes, bytes]:
    """Return `edges` [layers, bins + 1] as its ends [2, layers], and by how much the rest misses even steps.

    Edges lie in even steps but for their last bits, which are a whole number of units in the last place.
    """
    ends = np.ascontiguousarray(edges[:, [0, -1]].T, np.float64)
    missed = edges.view(np.int64) - _even_steps(ends, edges.shape[1]).view(np.int64)
    return pack(ends), pack(missed)


def unpack_edges(ends: object, missed: object, layers: int, bins: int) -> NDArray[np.float64]:
    """Return the edges [layers, bins + 1] that were packed. Raises DamagedError if there are others."""
    # first what shows that there are so many: the even steps could be made for any number
    differences = unpack(missed, np.int64, (layers, bins + 1))
    even = _even_steps(unpack(ends, np.float64, (2, layers)), bins + 1)
    edges: NDArray[np.float64] = (even.view(np.int64) + differences).view(np.float64)
    return edges


def checked_bytes(itemsize: int, shape: tuple[int, ...]) -> int:
    """Return the size of an array in bytes. Raises DamagedError if it is not plausible."""
    size = itemsize * math.prod(shape)
    if any(extent < 0 for extent in shape) or size > LARGEST_ARRAY_BYTES:
        raise DamagedError(f"an array of shape {shape} is not plausible")
    return size


def _even_steps(ends: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    low, high = ends[0][:, np.newaxis], ends[1][:, np.newaxis]
    # ends near the largest float are no reason to complain: what is missed makes up for it
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(low + (high - low) * (np.arange(count) / max(count - 1, 1)))


def _smallest(array: NDArray[np.int64]) -> str:
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    types = _WHOLE_NUMBERS if low >= 0 else _DIFFERENCES
    return next("<" + name for name in types if np.iinfo(name).min <= low and high <= np.iinfo(name).max)


def _most_bytes_from(packed_bytes: int) -> int:
    return ALWAYS_ALLOWED_BYTES + LARGEST_GROWTH * packed_bytes


def _shuffled(array: NDArray[Any]) -> bytes:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return little.reshape(-1, 1).view(np.uint8).T.tobytes() if little.size else b""


def _unpacked(data: object, shape: tuple[int, ...], types: Collection[str]) -> NDArray[Any]:
    if not isinstance(data, bytes):
        raise DamagedError("an array is missing")
    letters = data[:_TYPE_LETTERS].decode("latin-1")
    if letters not in types:
        raise DamagedError(f"an array of type {letters!r} where {' or '.join(sorted(types))} was expected")
    if letters == "b1":
        count = checked_bytes(1, shape)
        bits = np.frombuffer(_inflated(data, -(-count // 8)), np.uint8)
        return np.unpackbits(bits, count=count).astype(np.bool_).reshape(shape)
    dtype = np.dtype("<" + letters)
    raw = _inflated(data, checked_bytes(dtype.itemsize, shape))
    planes = np.frombuffer(raw, np.uint8).reshape(dtype.itemsize, -1)
    return np.ascontiguousarray(planes.T).view(dtype).reshape(shape)


def _inflated(data: bytes, size: int) -> bytes:
    if size > _most_bytes_from(len(data)):
        raise DamagedError("an array grows beyond what compression can do")
    inflater = zlib.decompressobj()
    try:
        raw = inflater.decompress(data[_TYPE_LETTERS:], size + 1)
    except zlib.error as error:
        raise DamagedError(f"compressed data are damaged ({error})") from error
    if len(raw) != size or not inflater.eof or inflater.unused_data:
        raise DamagedError("compressed data have the wrong length")
    return raw
