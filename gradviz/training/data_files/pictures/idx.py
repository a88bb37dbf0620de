"""IDX, the form of MNIST and its like: http://yann.lecun.com/exdb/mnist/ describes it."""

from __future__ import annotations

import math
import re
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

# by the third byte of the file
_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_PICTURES = re.compile(r"(?P<before>.*?)(images|idx3)(?P<after>.*)", re.IGNORECASE)
_TEST = re.compile(r"(^|[^a-z])(t10k|test|val)", re.IGNORECASE)


class IdxError(Exception):
    """What is wrong with an IDX file, in words."""


def is_test(name: str) -> bool:
    """Whether the name says that a file holds samples for testing."""
    return _TEST.search(name) is not None


def read_idx(content: bytes) -> NDArray[Any]:
    """Return the array that the bytes of an IDX file hold. Raises IdxError."""
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES or not 1 <= content[3] <= 4:
        raise IdxError("it does not begin as an IDX file does")
    axes, kind = content[3], np.dtype(_TYPES[content[2]])
    head = 4 + 4 * axes
    if len(content) < head:
        raise IdxError("it ends within its first bytes")
    shape = struct.unpack(f">{axes}I", content[4:head])
    expected = math.prod(shape) * kind.itemsize
    if len(content) - head != expected:
        raise IdxError(
            f"it says that it holds an array of {' x '.join(map(str, shape))}, {expected:,} bytes, and has "
            f"{len(content) - head:,}"
        )
    return np.frombuffer(content, kind, offset=head).reshape(shape)


def labels_name(name: str) -> str:
    """Return what the labels of a file of pictures are called: the same with `labels` and `idx1`; empty for others."""
    if not _PICTURES.fullmatch(name):
        return ""
    return re.sub("idx3", "idx1", re.sub("images", "labels", name))
