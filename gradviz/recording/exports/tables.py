"""A recording as numbers: CSV for spreadsheets and pandas, NPZ for NumPy, Parquet for data frames.

All hold a quantity's own values as float64, as `table_blocks` gives them. CSV is tidy, one row per step and layer and
one column per probe, with a plain header and no comment lines, so that `pandas.read_csv(path)` needs no options; it
therefore carries no experiment. The others do. NPZ needs no pickle; Parquet needs pyarrow.

Further numbers per step have a column, or array, each. The column `observed` names the kinds of observation that hold
for the row; an NPZ has the array `observations` instead, a JSON object each.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gradviz.errors import ExperimentError, ExportError
from gradviz.recording.atomic_file import replacing
from gradviz.recording.exports import parquet
from gradviz.recording.exports.table_blocks import (
    CancelledError,
    ObservedKinds,
    Progress,
    blocks,
    every_step,
    own_values,
    row_columns,
    scalar_columns,
)
from gradviz.recording.history import History

EXPERIMENT_ENTRY = "experiment"


def save_table(path: Path, history: History, progress: Progress | None = None) -> bool:
    """Write the frames recorded so far, as CSV, NPZ or Parquet by the suffix of `path`.

    `progress(done, total)` is called every few steps and ends the writing by returning False; then nothing is left
    behind and the result is False. Raises ExportError for an unknown suffix, a library that is missing or a file that
    cannot be written.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        endings = f"{', '.join(list(_WRITERS)[:-1])} or {list(_WRITERS)[-1]}"
        raise ExportError(f"{path.name}: numbers are written as {endings}; give the file such an ending")
    try:
        with replacing(path) as file:
            writer(file, history, history.frames, progress or every_step)
    except CancelledError:
        return False
    return True


def read_experiment(path: Path) -> str | None:
    """Return the experiment embedded in an NPZ or Parquet table as JSON; None if it holds none.

    Raises ExperimentError for a file that cannot be read.
    """
    if path.suffix.lower() == ".parquet":
        return parquet.read_experiment(path)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return str(arrays[EXPERIMENT_ENTRY]) if EXPERIMENT_ENTRY in arrays else None
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ExperimentError(f"{path} is not an NPZ table") from error


def _write_csv(file: BinaryIO, history: History, steps: int, progress: Progress) -> None:
    names = [quantity.name for quantity in history.quantities]
    layers, columns = len(history.started.rows), row_columns(history.started)
    # all rows of a step are formatted at once, with a template that holds the number and the texts of each
    texts = [map(_quoted, column) for column in columns.values()]
    places = [",".join(cells).replace("%", "%%") for cells in zip(map(str, range(1, layers + 1)), *texts, strict=True)]
    head = ["step", "layer", *columns, *names]
    scalars, observed = scalar_columns(history, head), ObservedKinds(history)
    head += [*map(_quoted, scalars), *(["observed"] if observed.any else [])]
    file.write((",".join(head) + "\n").encode())
    for first, end in blocks(0, steps, steps, progress):
        read = [own_values(history, quantity, first, end) for quantity in history.quantities]
        told = [history.scalar_part(name, first, end).tolist() for name in scalars.values()]
        for offset in range(end - first):
            known = np.array([measured[offset] for _, measured in read], np.bool_).reshape(len(read), layers).T
            values = np.array([values[offset] for values, _ in read]).reshape(len(read), layers).T
            step = first + offset
            ends = [
                "".join("," if np.isnan(numbers[offset]) else f",{numbers[offset]:.9g}" for numbers in told)
            ] * layers
            if observed.any:
                ends = [f"{end},{kinds}" for end, kinds in zip(ends, observed.at(step), strict=True)]
            file.write((_rows(step, places, known, ends) % tuple(values[known].tolist())).encode())


def _rows(step: int, places: list[str], known: NDArray[np.bool_], ends: list[str]) -> str:
    """Return the rows of one step with a place for every number that is `known` [layers, quantities].

    Nothing was measured: an empty cell, told apart from a measured "nan". `ends` is how the rows end.
    """
    if known.all():
        cells = [",%.9g" * known.shape[1]] * len(places)
    else:
        cells = ["".join([",%.9g" if here else "," for here in row]) for row in known.tolist()]
    return "".join([f"{step},{place}{cell}{end}\n" for place, cell, end in zip(places, cells, ends, strict=True)])


def _quoted(cell: str) -> str:
    """Return a cell as RFC 4180 has it: in quotes where it holds a comma, a quote or the end of a line."""
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell


def _write_npz(file: BinaryIO, history: History, steps: int, progress: Progress) -> None:
    total = steps * len(history.quantities)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for number, quantity in enumerate(history.quantities):
            with _entry(archive, quantity.name) as entry:
                shape = (steps, len(history.started.rows))
                npy.write_array_header_1_0(entry, {"descr": "<f8", "fortran_order": False, "shape": shape})
                for first, end in blocks(number * steps, steps, total, progress):
                    values, _ = own_values(history, quantity, first, end)
                    entry.write(values.astype("<f8", copy=False).tobytes())
        for name, array in _scalars(history, steps).items():
            with _entry(archive, name) as entry:
                npy.write_array(entry, array, allow_pickle=False)


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy", "w", force_zip64=True)


def _scalars(history: History, steps: int) -> dict[str, NDArray[np.generic]]:
    accuracy = np.full(steps, np.nan)
    evaluated, values = history.accuracies()
    # there may already be an evaluation of a frame that came after this export began
    accuracy[evaluated[evaluated < steps]] = values[evaluated < steps]
    columns: dict[str, NDArray[np.generic]] = {
        "step": np.arange(steps),
        "loss": history.losses()[1][:steps],
        "batch_accuracy": history.batch_accuracies()[1][:steps],
        "accuracy": accuracy,
        "learning_rate": history.learning_rates()[1][:steps],
    }
    if (experiment := history.started.experiment_json) is not None:
        columns[EXPERIMENT_ENTRY] = np.array(experiment)
    columns |= {name: np.array(texts) for name, texts in row_columns(history.started).items()}
    if history.observations:
        columns["observations"] = np.array([json.dumps(asdict(each)) for each in history.observations])
    taken = {*columns, *(quantity.name for quantity in history.quantities)}
    further = scalar_columns(history, taken).items()
    return columns | {column: history.scalar_part(name, 0, steps) for column, name in further}


_WRITERS: dict[str, Callable[[BinaryIO, History, int, Progress], None]] = {
    ".csv": _write_csv,
    ".npz": _write_npz,
    ".parquet": parquet.write_parquet,
}
