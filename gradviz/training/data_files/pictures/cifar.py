"""CIFAR-10 and CIFAR-100 in their binary form and in their Python archives: https://www.cs.toronto.edu/~kriz/cifar.html."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.training.data_files.pictures.pickles import PickleError, read_pickle

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32
MOST_LABELS = 256
_LABELS = ("labels", "fine_labels")


class CifarError(Exception):
    """What is wrong with a file of CIFAR, in words."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Pictures [samples, 3, 32, 32] and their labels [samples]."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]


def read_batch(name: str, content: bytes) -> Batch:
    """Return the samples of one file. Raises CifarError."""
    return _binary(name, content) if name.endswith(".bin") else _from_pickle(content)


def read_classes(name: str, content: bytes) -> tuple[str, ...]:
    """Return the names of the classes; none where the file does not name them. Raises CifarError."""
    if name.endswith(".txt"):
        return tuple(line.strip() for line in content.decode("latin-1").splitlines() if line.strip())
    try:
        held = read_pickle(content)
    except PickleError as error:
        raise CifarError(str(error)) from None
    named: Any = (
        next((held[key] for key in ("label_names", "fine_label_names") if key in held), ())
        if (isinstance(held, dict))
        else ()
    )
    return tuple(each.decode("latin-1") if isinstance(each, bytes) else str(each) for each in named)


def _binary(name: str, content: bytes) -> Batch:
    """Each sample is its label, of CIFAR-100 the coarse one before the fine one, and then its pixels."""
    before = 2 if name in ("train.bin", "test.bin") else 1
    size = before + PIXELS
    if not content or len(content) % size:
        raise CifarError(f"its {len(content):,} bytes are not a whole number of samples of {size:,} bytes")
    rows = np.frombuffer(content, np.uint8).reshape(-1, size)
    return Batch(rows[:, before:].reshape(-1, *SHAPE), rows[:, before - 1].astype(np.int64))


def _from_pickle(content: bytes) -> Batch:
    try:
        held = read_pickle(content)
    except PickleError as error:
        raise CifarError(str(error)) from None
    if not isinstance(held, dict):
        raise CifarError("it holds no dictionary of pictures and labels")
    pixels, labels = held.get("data"), next((held[key] for key in _LABELS if key in held), None)
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        there = ", ".join(held) or "nothing"
        raise CifarError(f"it holds no array `data` of {PIXELS:,} bytes a sample; it holds {there}")
    if (
        not isinstance(labels, list)
        or not all(type(each) is int and 0 <= each < MOST_LABELS for each in labels)
        or len(labels) != len(pixels)
    ):
        raise CifarError(f"it holds no list `labels` of {len(pixels):,} classes")
    return Batch(pixels.reshape(-1, *SHAPE), np.array(labels, np.int64))
