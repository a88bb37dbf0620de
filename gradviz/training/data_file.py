"""A person's own data: CSV or NPZ, read with care and refused with a reason."""

from __future__ import annotations

import csv
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError

LARGEST_FILE_BYTES = 200_000_000
MOST_CLASSES = 1000

# what numpy and zipfile raise for a file that is damaged, encrypted, or no NPZ file at all
_UNREADABLE = (ValueError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)

Labelled = tuple[NDArray[np.float64], NDArray[np.int64], tuple[str, ...]]


def read_data_file(name: str) -> Labelled:
    """Return (inputs [samples, features], labels [samples], class names).

    CSV: one sample per row, numbers, the label (a number or a word) last; a first row of words is taken as a header.
    NPZ: arrays `x` [samples, features...] and `y` [samples]. Raises DataError with what is wrong and where.
    """
    path = Path(name).expanduser()
    readers = {".csv": _read_csv, ".npz": _read_npz}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: a data file ends in .csv or .npz")
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise DataError(f"{path}: larger than {LARGEST_FILE_BYTES // 1_000_000} MB")
        inputs, raw_labels = readers[path.suffix.lower()](path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None
    return _checked(path, inputs, raw_labels)


def _read_csv(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(row)]
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8") from None
    except csv.Error as error:
        raise DataError(f"{path}: not a CSV file: {error}") from None
    if rows and _is_header(rows[0][1]):
        del rows[0]
    if not rows:
        raise DataError(f"{path}: there is no sample in the file")
    expected = len(rows[0][1])
    if expected < 2:
        raise DataError(f"{path}: row {rows[0][0]} has one cell; a sample is at least one number and its label")
    inputs = np.empty((len(rows), expected - 1))
    for index, (number, row) in enumerate(rows):
        if len(row) != expected:
            raise DataError(f"{path}: row {number} has {len(row)} cells where {expected} are expected")
        inputs[index] = [_number(path, number, column, cell) for column, cell in enumerate(row[:-1], start=1)]
        if _is_missing(row[-1]):
            raise DataError(f"{path}: row {number} has no label; the last cell of a row is its label")
    return inputs, [row[-1].strip() for _, row in rows]


def _is_header(row: list[str]) -> bool:
    return all(_as_float(cell) is None for cell in row[:-1]) and len(row) > 1


def _is_missing(label: str) -> bool:
    value = _as_float(label)
    return not label.strip() or (value is not None and math.isnan(value))


def _as_float(cell: str) -> float | None:
    if "_" in cell:  # Python would read 1_000 as a thousand
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _number(path: Path, row: int, column: int, cell: str) -> float:
    value = _as_float(cell)
    if value is None:
        raise DataError(
            f"{path}: row {row}, column {column} is {cell[:40]!r}, not a number; only the label may be text"
        )
    return value


def _read_npz(path: Path) -> tuple[NDArray[np.float64], list[str]]:
    x, y = _npz_arrays(path)
    if x.ndim < 2 or y.ndim != 1 or len(x) != len(y):
        raise DataError(
            f"{path}: x has shape {x.shape} and y {y.shape}; [samples, features] and [samples] are expected"
        )
    if x.dtype.kind not in "biuf":
        raise DataError(f"{path}: x holds {x.dtype}, not numbers")
    if y.dtype.kind not in "biufU":
        raise DataError(f"{path}: y holds {y.dtype}, neither numbers nor text")
    if not x.size:
        raise DataError(f"{path}: there is no sample in the file")
    labels = [str(label) for label in y.tolist()]
    if missing := [sample for sample, label in enumerate(labels, start=1) if _is_missing(label)]:
        raise DataError(f"{path}: sample {missing[0]} has no label; y is {labels[missing[0] - 1]!r} there")
    return x.reshape(len(x), -1).astype(np.float64), labels


def _npz_arrays(path: Path) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """Return x and y as they are in the file; nothing that Python would have to run is loaded."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > LARGEST_FILE_BYTES:
            raise DataError(f"{path}: unpacks to more than {LARGEST_FILE_BYTES // 1_000_000} MB")
        with np.load(path, allow_pickle=False) as arrays:
            missing = [key for key in ("x", "y") if key not in arrays.files]
            if missing:
                raise DataError(
                    f"{path}: there is no array {missing[0]!r}; x [samples, features] and y [samples] are expected"
                )
            x, y = arrays["x"], arrays["y"]
    except _UNREADABLE as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path}: holds Python objects; only arrays of numbers, and of text for y, are read"
            ) from None
        raise DataError(f"{path}: not a readable NPZ file: {error}") from None
    for name, array in (("x", x), ("y", y)):
        if not isinstance(array, np.ndarray):
            raise DataError(f"{path}: {name} is not an array")
    return x, y


def _checked(path: Path, inputs: NDArray[np.float64], raw_labels: list[str]) -> Labelled:
    if not np.isfinite(inputs).all():
        sample, feature = np.argwhere(~np.isfinite(inputs))[0] + 1
        raise DataError(f"{path}: feature {feature} of sample {sample} is not a finite number")
    raw_labels = _alike(raw_labels)
    names = sorted(set(raw_labels), key=lambda label: (_as_float(label) is None, _as_float(label) or 0.0, label))
    if len(names) < 2:
        raise DataError(f"{path}: every label is {names[0]!r}; there must be at least two classes")
    if len(names) > min(MOST_CLASSES, len(raw_labels) // 2):
        raise DataError(
            f"{path}: {len(names)} different labels among {len(raw_labels)} samples; labels are classes, not values"
        )
    index = {name: number for number, name in enumerate(names)}
    return inputs, np.array([index[label] for label in raw_labels]), tuple(names)


def _alike(labels: list[str]) -> list[str]:
    """Write labels that are all numbers the same way, so that 1 and 1.0 are one class."""
    values = [_as_float(label) for label in labels]
    if any(value is None or not math.isfinite(value) for value in values):
        return labels
    return [str(int(value)) if value.is_integer() else str(value) for value in values if value is not None]
