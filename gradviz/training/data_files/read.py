"""Reads a person's own data file: a table or arrays, as `Data` asks for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradviz.errors import DataError
from gradviz.experiment.data import Data, Missing
from gradviz.experiment.data_names import ARRAY_ENDING, is_table_name
from gradviz.training.data_files.columns import Chosen, as_numbers, choose, classes_of, labels_of, targets_of
from gradviz.training.data_files.npz import Arrays, pictures_of, read_npz
from gradviz.training.data_files.pictures import WHERE, holds_pictures, read_pictures
from gradviz.training.data_files.progress import Progress, unheard
from gradviz.training.data_files.table import Table, read_table
from gradviz.training.data_files.text import LARGEST_FILE_BYTES
from gradviz.training.data_files.understood import Understood

# what samples are kept as to be looked at, single precision, holds no larger number and no smaller one
_LARGEST, _SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """The samples of a file.

    `inputs` [samples, features] (bytes, where a file of pictures holds those), `labels` [samples] index
    `class_names`. `image_shape` is (rows, columns) where a sample is a picture, of so many `channels`, one after
    the other. `held_out` [samples] marks the file's own validation part; None where it has none. Where a number is
    to be predicted, `targets` [samples] are it; there are no classes then, and all labels are 0.
    """

    inputs: NDArray[np.float64] | NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    understood: Understood
    image_shape: tuple[int, int] | None = None
    held_out: NDArray[np.bool_] | None = None
    channels: int = 1
    targets: NDArray[np.float64] | None = None


class DataFile:
    """A data file that has been read, to be understood in one way or another.

    Raises DataError: file, place, and what to do; as every method does.
    """

    def __init__(self, name: str, progress: Progress = unheard) -> None:
        self.path = Path(name).expanduser()
        try:
            self._content = self._read(progress)
        except OSError as error:
            raise DataError(f"cannot read {self.path}: {error.strerror or error}") from None

    def _read(self, progress: Progress) -> Arrays | Table:
        path = self.path
        is_table, is_arrays = is_table_name(path.name), path.name.lower().endswith(ARRAY_ENDING)
        if not is_table and not is_arrays and holds_pictures(path):
            return read_pictures(path)
        if not is_table and not is_arrays:
            raise DataError(
                f"{path}: a data file ends in .csv, .tsv, .txt, .data (each also with .gz) or .npz; pictures come as a "
                f"folder, .tar.gz, .zip, or a file called as those of MNIST or CIFAR. {WHERE}"
            )
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise DataError(f"{path}: larger than {LARGEST_FILE_BYTES // 1_000_000} MB")
        return read_npz(path) if is_arrays else read_table(path, progress)

    @property
    def form(self) -> str:
        """What kind of file it is, in words."""
        return self._content.form

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table, or their numbers; empty for arrays."""
        if isinstance(self._content, Arrays):
            return ()
        return tuple(column.key for column in self._content.columns)

    def first_rows(self, rows: int, columns: int) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """Return the headings of the first columns, and the cells of the first rows, as texts."""
        if isinstance(self._content, Arrays):
            inputs = self._content.inputs.reshape(len(self._content.labels), -1)[:rows, : columns - 1]
            names = (
                *(f"{self._content.names[0]}[{place}]" for place in range(inputs.shape[1])),
                self._content.names[1],
            )
            labels = self._content.labels[:rows]
            return names, tuple((*map(str, row), label) for row, label in zip(inputs.tolist(), labels, strict=True))
        shown = self._content.columns[:columns]
        cells = [column.written(rows) for column in shown]
        return tuple(column.key for column in shown), tuple(zip(*cells, strict=True))

    def first_pictures(self, most: int) -> tuple[tuple[NDArray[np.uint8], str], ...]:
        """Return the first pictures, [channels, rows, columns] from 0 to 255, with their labels; none of other data."""
        if not isinstance(self._content, Arrays):
            return ()
        shape, pixels = pictures_of(self._content.inputs[:most])
        if shape is None:
            return ()
        low, high = float(pixels.min()), float(pixels.max())
        levels = ((pixels - low) * (255.0 / max(high - low, 1e-30))).round().astype(np.uint8).reshape(-1, *shape)
        names = {str(number): name for number, name in enumerate(self._content.class_names)}
        return tuple((each, names.get(label, label)) for each, label in zip(levels, self._content.labels, strict=False))

    def understood(self, data: Data, *, regression: bool = False) -> LabelledData:
        """Return its samples as `data` asks for them; for a `regression` with a number as target, not a class."""
        if isinstance(self._content, Arrays):
            read = _from_arrays(self.path, self._content, regression=regression)
        else:
            read = _from_table(self.path, self._content, data, regression=regression)
        _check_range(self.path, read)
        return read


def read_data_file(data: Data, *, regression: bool = False) -> LabelledData:
    """Read the file that `data` names, as it asks for. Raises DataError."""
    return DataFile(data.data_file).understood(data, regression=regression)


def _from_table(path: Path, table: Table, data: Data, *, regression: bool) -> LabelledData:
    chosen = choose(path, table, data.label_column, data.leave_out, regression=regression)
    used = _used_rows(path, table, chosen, data.missing)
    names, columns, one_hot, filled = [], [], [], []
    for column in chosen.features:
        parts, values = as_numbers(path, column, data.missing)
        names += parts
        columns += values if used.all() else [each[used] for each in values]
        if column.is_text:
            one_hot.append((column.title, len(parts)))
        if data.missing == "mean" and (gaps := int(column.missing[used].sum())):
            filled.append((column.title, gaps))
    targets, class_names = None, table.class_names
    if regression:
        label = chosen.label
        targets = (label.values if label.texts is None else targets_of(path, label.title, label.texts))[used]
        labels, class_names = np.zeros(len(targets), np.int64), ()
    else:
        labels, class_names = labels_of(path, chosen.label, used)
    if len(table.class_names) == len(class_names):
        class_names = table.class_names
    understood = Understood(
        form=table.form,
        rows=len(labels),
        features=tuple(names),
        label=chosen.label.title,
        classes=_counted(labels, class_names),
        rows_left_out=int((~used).sum()),
        left_out=chosen.left_out,
        one_hot=tuple(one_hot),
        filled=tuple(filled),
        numbers=_ends(targets),
    )
    return LabelledData(np.stack(columns, axis=1), labels, class_names, understood, targets=targets)


def _used_rows(path: Path, table: Table, chosen: Chosen, missing: Missing) -> NDArray[np.bool_]:
    """Return which rows have all they need. Raises DataError where values are missing and nothing was chosen."""
    gaps = {column.label: column.missing for column in (*chosen.features, chosen.label) if column.missing.any()}
    if not gaps:
        return np.ones(len(table.lines), np.bool_)
    every = np.logical_or.reduce(list(gaps.values()))
    if missing == "refuse":
        places = [
            f"{mask.sum():,} in {name} (first in line {table.lines[int(np.argmax(mask))]:,})"
            for name, mask in list(gaps.items())[:5]
        ]
        raise DataError(
            f"{path}: values are missing in {every.sum():,} of {len(every):,} rows: {', '.join(places)}"
            f"{' and others' if len(gaps) > len(places) else ''}. Choose missing = drop to leave these rows out, or "
            "missing = mean to fill in the mean of the column"
        )
    # a label cannot be filled in
    used = ~every if missing == "drop" else ~chosen.label.missing
    if not used.any():
        raise DataError(f"{path}: no row is left: every one misses a value")
    return used


def _from_arrays(path: Path, arrays: Arrays, *, regression: bool) -> LabelledData:
    if "" in arrays.labels or "nan" in arrays.labels:
        sample = next(place for place, label in enumerate(arrays.labels, start=1) if label in ("", "nan"))
        raise DataError(f"{path}: sample {sample} has no label in {arrays.names[1]}")
    targets, class_names = None, arrays.class_names
    if regression:
        targets = targets_of(path, arrays.names[1], arrays.labels)
        labels, class_names = np.zeros(len(targets), np.int64), ()
    else:
        labels, class_names = classes_of(path, arrays.labels)
    if len(arrays.class_names) == len(class_names) and class_names == tuple(map(str, range(len(class_names)))):
        class_names = arrays.class_names
    picture, pixels = pictures_of(arrays.inputs)
    flat = pixels.reshape(len(labels), -1)
    # a byte for each pixel of many pictures is all that there is room for
    inputs = flat if flat.dtype == np.uint8 else flat.astype(np.float64)
    held_out = None
    if arrays.validation:
        held_out = np.arange(len(labels)) >= len(labels) - arrays.validation
    understood = Understood(
        form=arrays.form,
        rows=len(labels),
        features=tuple(f"{arrays.names[0]}[{place}]" for place in range(inputs.shape[1])),
        label=arrays.names[1],
        classes=_counted(labels, class_names),
        validation=arrays.validation,
        numbers=_ends(targets),
        picture=picture,
    )
    shape, channels = (picture[1:], picture[0]) if picture is not None else (None, 1)
    return LabelledData(inputs, labels, class_names, understood, shape, held_out, channels, targets)


def _check_range(path: Path, read: LabelledData) -> None:
    """Refuse what could not be standardised, or not be shown. Raises DataError."""
    if read.targets is not None:
        lost = ~np.isfinite(read.targets) | (np.abs(read.targets) > _LARGEST)
        if lost.any():
            sample = int(np.argmax(lost))
            raise DataError(
                f"{path}: {read.understood.label} of sample {sample + 1} is {read.targets[sample]}, beyond the range "
                "of single precision"
            )
    if read.inputs.dtype == np.uint8:
        return
    # neither of the two is finite where any number of a feature is not
    lowest, highest = read.inputs.min(0), read.inputs.max(0)
    if not (np.isfinite(lowest) & np.isfinite(highest)).all():
        sample, feature = np.argwhere(~np.isfinite(read.inputs))[0]
        name, value = read.understood.features[feature], read.inputs[sample, feature]
        raise DataError(f"{path}: {name} of sample {sample + 1} is {value}, not a finite number")
    largest = np.maximum(-lowest, highest)
    far = (largest > _LARGEST) | ((largest < _SMALLEST) & (largest > 0.0))
    if far.any():
        feature = int(np.argmax(far))
        raise DataError(
            f"{path}: {read.understood.features[feature]} holds numbers of up to {largest[feature]:.3g}, beyond the "
            f"range of single precision ({_SMALLEST:.2g} to {_LARGEST:.2g}); write it in another unit, or leave it out"
        )


def _ends(targets: NDArray[np.float64] | None) -> tuple[float, float] | None:
    return (float(targets.min()), float(targets.max())) if targets is not None else None


def _counted(labels: NDArray[np.int64], names: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    counts = Counter(labels.tolist())
    return tuple((name, counts[number]) for number, name in enumerate(names))
