"""Arrays of an NPZ file, under the names that people give them."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.training.data_files.text import LARGEST_FILE_BYTES

Array = NDArray[Any]

INPUTS = ("x", "data", "images", "inputs", "features")
LABELS = ("y", "target", "targets", "labels", "label", "classes")
CHANNELS = (1, 3)
CLASS_NAMES = ("target_names", "class_names", "label_names")
_TRAIN, _TEST = ("train", "training"), ("test", "val", "valid", "validation")

# what numpy and zipfile raise for a file that is damaged, encrypted, or no NPZ file at all
_UNREADABLE = (ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """Inputs [samples, ...] and labels [samples] as in the file; `validation` samples at the end are its test part."""

    form: str
    inputs: Array
    labels: list[str]
    names: tuple[str, str]
    validation: int = 0
    class_names: tuple[str, ...] = ()


def read_npz(path: Path) -> Arrays:
    """Read inputs and labels. Nothing that Python would have to run is loaded. Raises DataError, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > LARGEST_FILE_BYTES:
            raise DataError(f"{path}: unpacks to more than {LARGEST_FILE_BYTES // 1_000_000} MB")
        with np.load(path, allow_pickle=False) as file:
            return _arrays(path, file)
    except _UNREADABLE as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: holds Python objects; only arrays of numbers, and of text for labels, are read"
            ) from None
        raise DataError(f"{path}: not a readable NPZ file: {error}") from None


def _arrays(path: Path, file: Any) -> Arrays:
    lower = {name.lower(): name for name in file.files}
    inputs, labels = _first(lower, INPUTS), _first(lower, LABELS)
    tests: tuple[str, str] | None = None
    if inputs is None or labels is None:
        inputs, labels = _part(lower, _TRAIN)
        test_inputs, test_labels = _part(lower, _TEST)
        tests = (test_inputs, test_labels) if test_inputs is not None and test_labels is not None else None
    if inputs is None or labels is None:
        raise DataError(
            f"{path}: its arrays are {_listed(file)}; inputs and labels are expected, under names such as x and y, "
            "data and target, images and labels, or x_train and y_train"
        )
    x, y = _checked(path, (inputs, file[inputs]), (labels, file[labels]))
    validation = 0
    if tests is not None:
        more = _checked(path, (tests[0], file[tests[0]]), (tests[1], file[tests[1]]))
        if more[0].shape[1:] != x.shape[1:]:
            raise DataError(f"{path}: {tests[0]} has shape {more[0].shape} where {inputs} has {x.shape}")
        x, y, validation = np.concatenate([x, more[0]]), [*y, *more[1]], len(more[1])
    named = _first(lower, CLASS_NAMES)
    words = file[named] if named is not None else np.empty(0)
    class_names = tuple(str(word) for word in words.tolist()) if words.ndim == 1 and words.dtype.kind == "U" else ()
    return Arrays("arrays (NPZ)", x, y, (inputs, labels), validation, class_names)


def _checked(path: Path, inputs: tuple[str, Any], labels: tuple[str, Any]) -> tuple[Array, list[str]]:
    (x_name, x), (y_name, y) = inputs, labels
    for name, array in (inputs, labels):
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is not an array")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if (
        y.ndim == 2
        and y.dtype.kind in "biuf"
        and y.size
        and bool(((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())
    ):
        # one-hot
        y = y.argmax(1)
    if x.ndim == y.ndim == 1 and len(x) == len(y) and x.dtype.kind in "biuf":
        # one feature
        x = x[:, np.newaxis]
    if x.ndim < 2 or y.ndim != 1 or len(x) != len(y):
        raise DataError(
            f"{path}: {x_name} has shape {x.shape} and {y_name} {y.shape}; [samples, features] and [samples] are "
            "expected, or one column for each class"
        )
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: {x_name} holds {x.dtype}, not numbers")
    if y.dtype.kind not in "biufUS":
        raise DataError(f"{path}: {y_name} holds {y.dtype}, neither numbers nor text")
    if not x.size:
        raise DataError(f"{path}: there is no sample in the file")
    return x, [_written(label) for label in y.tolist()]


def _written(label: object) -> str:
    if isinstance(label, bytes):
        return label.decode("latin-1").strip()
    if isinstance(label, float):
        return "" if label != label else str(int(label)) if label.is_integer() else str(label)
    return str(label).strip()


def _first(names: dict[str, str], wanted: tuple[str, ...]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def _part(names: dict[str, str], parts: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return the names of inputs and labels of one part: x_train, train_x, train_images ..."""

    def of(wanted: tuple[str, ...]) -> str | None:
        written = (
            form for part in parts for each in wanted for form in (f"{each}_{part}", f"{part}_{each}", f"{each}{part}")
        )
        return next((names[form] for form in written if form in names), None)

    return of(INPUTS), of(LABELS)


def _listed(file: Any) -> str:
    shown = []
    for name in file.files[:12]:
        try:
            array = file[name]
            shown.append(f"{name} {array.shape}")
        except _UNREADABLE:
            shown.append(f"{name} (not readable)")
    return ", ".join(shown) or "none"


def pictures_of(inputs: Array) -> tuple[tuple[int, int, int] | None, Array]:
    """Return (channels, rows, columns) of samples that are pictures, and these with their channels first.

    A third axis of one or three is the channels, be it the last of the three or the first; other samples have no shape.
    """
    shape = inputs.shape[1:]
    if len(shape) == 2:
        return (1, *shape), inputs
    if len(shape) == 3 and shape[2] in CHANNELS:
        return (shape[2], *shape[:2]), np.moveaxis(inputs, 3, 1)
    if len(shape) == 3 and shape[0] in CHANNELS:
        return shape, inputs
    return None, inputs
