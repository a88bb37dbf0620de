"""A recording as numbers: CSV for spreadsheets and pandas, NPZ for NumPy.

Both hold a quantity's own values, not their logarithms, as float64; an exact zero is 0. The exception are quantities
named `exact_log10_...`, which exist because float64 cannot hold their values: they stay logarithms.

CSV is tidy, one row per step and layer and one column per probe, with a plain header and no comment lines, so that
`pandas.read_csv(path)` needs no options; it therefore carries no experiment. NPZ does, and needs no pickle.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gradviz.errors import ExperimentError, ExportError
from gradviz.recording.atomic_file import replacing
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

Progress = Callable[[int, int], bool]

STEPS_AT_A_TIME = 128
LOGARITHM_PREFIX = "exact_log10_"
EXPERIMENT_ENTRY = "experiment"


class _CancelledError(Exception):
    """The person does not want the file any more."""


def save_table(path: Path, history: History, progress: Progress | None = None) -> bool:
    """Write the frames that stand at this moment, as CSV or NPZ by the suffix of `path`.

    `progress(done, total)` is called every few steps and ends the writing by returning False; then nothing is left
    behind and the result is False. Raises ExportError for an unknown suffix or a file that cannot be written.
    """
    writers = {".csv": _write_csv, ".npz": _write_npz}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ExportError(f"{path.name}: numbers are written as {' or '.join(writers)}; give the file such an ending")
    try:
        with replacing(path) as file:
            writer(file, history, history.frames, progress or (lambda _done, _total: True))
    except _CancelledError:
        return False
    return True


def read_experiment(path: Path) -> str | None:
    """Return the experiment embedded in an NPZ table as JSON; None if it holds none.

    Raises ExperimentError for a file that cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return str(arrays[EXPERIMENT_ENTRY]) if EXPERIMENT_ENTRY in arrays else None
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ExperimentError(f"{path} is not an NPZ table") from error


def _write_csv(file: BinaryIO, history: History, steps: int, progress: Progress) -> None:
    names = [quantity.name for quantity in history.quantities]
    layers = history.started.layers
    file.write((",".join(["step", "layer", *names]) + "\n").encode())
    numbers = np.arange(1, layers + 1, dtype=np.float64)
    for first in _blocks(0, steps, steps, progress):
        end = min(first + STEPS_AT_A_TIME, steps)
        blocks = [_read(history, quantity, first, end) for quantity in history.quantities]
        for offset in range(end - first):
            # nothing was measured: an empty cell, told apart from a measured "nan"
            columns = [numbers] + [values[offset] for values, measured in blocks if measured[offset]]
            cells = ["%.9g" if measured[offset] else "" for _, measured in blocks]
            line = ",".join([str(first + offset), "%d", *cells]) + "\n"
            file.write(((line * layers) % tuple(np.stack(columns, axis=1).ravel().tolist())).encode())


def _write_npz(file: BinaryIO, history: History, steps: int, progress: Progress) -> None:
    total = steps * len(history.quantities)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for number, quantity in enumerate(history.quantities):
            with _entry(archive, quantity.name) as entry:
                shape = (steps, history.started.layers)
                npy.write_array_header_1_0(entry, {"descr": "<f8", "fortran_order": False, "shape": shape})
                for first in _blocks(number * steps, steps, total, progress):
                    values, _ = _read(history, quantity, first, min(first + STEPS_AT_A_TIME, steps))
                    entry.write(values.astype("<f8", copy=False).tobytes())
        for name, array in _scalars(history, steps).items():
            with _entry(archive, name) as entry:
                npy.write_array(entry, array, allow_pickle=False)


def _entry(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    return archive.open(f"{name}.npy", "w", force_zip64=True)


def _scalars(history: History, steps: int) -> dict[str, NDArray[np.generic]]:
    accuracy = np.full(steps, np.nan)
    evaluated, values = history.accuracies()
    # an evaluation may already stand for a frame that came after this export began
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
    return columns


def _blocks(done: int, steps: int, total: int, progress: Progress) -> Iterator[int]:
    """Yield the first step of every block, telling how many of `total` steps are `done` before and after it."""
    for first in range(0, steps, STEPS_AT_A_TIME):
        if not progress(done + first, total):
            raise _CancelledError
        yield first
    if not progress(done + steps, total):
        raise _CancelledError


def _read(history: History, quantity: Quantity, first: int, end: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return own values float64 [end - first, layers], NaN where not measured, and what was measured [end - first]."""
    window = history.window(quantity.name, first, end - 1, STEPS_AT_A_TIME)
    values = window.values.astype(np.float64)
    if quantity.scale == "log10" and not quantity.name.startswith(LOGARITHM_PREFIX):
        values = 10.0**values
    return values, window.measured
