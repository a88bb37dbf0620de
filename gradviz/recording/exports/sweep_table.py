"""The outcomes of a sweep as a table: CSV, NPZ or Parquet, one row for each cell."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from gradviz.errors import ExportError
from gradviz.experiment.grid import Cell, Grid
from gradviz.recording.atomic_file import write_atomically
from gradviz.recording.outcome import Outcome

Outcomes = Mapping[Cell, Outcome]
WORDS = ("status", "why", "verdict")


def save_sweep(path: Path, grid: Grid, outcomes: Outcomes) -> None:
    """Write the outcomes as the suffix of `path` says. Raises ExportError."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ExportError(f"{path.name}: the numbers of a sweep are written as {', '.join(_WRITERS)}")
    write_atomically(path, writer(grid, outcomes))


def sweep_columns(grid: Grid, outcomes: Outcomes) -> dict[str, list[Any]]:
    """Return the columns of the table: the fields that were swept, the seed, and everything of the outcome.

    Rows are in the order of the map: seed by seed, each from the first value of the second axis on.
    """
    cells = sorted(outcomes, key=lambda cell: (cell.repeat, cell.y, cell.x))
    columns: dict[str, list[Any]] = {grid.x.field: [grid.x.values[cell.x] for cell in cells]}
    if grid.y is not None:
        columns[grid.y.field] = [grid.y.values[cell.y] for cell in cells]
    columns["seed"] = [grid.base["seed"] + cell.repeat for cell in cells]
    for name in Outcome.model_fields:
        columns[name] = [getattr(outcomes[cell], name) for cell in cells]
    return columns


def sweep_map(grid: Grid, outcomes: Outcomes, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return a number of the outcomes as a map [values of y, values of x]: the mean over seeds, NaN where it lacks."""
    sums, counts = np.zeros((2, grid.height, grid.width))
    for cell, outcome in outcomes.items():
        value = getattr(outcome, name)
        if value is not None:
            sums[cell.y, cell.x] += value
            counts[cell.y, cell.x] += 1
    return np.divide(sums, counts, out=np.full_like(sums, math.nan), where=counts > 0)


def _csv(grid: Grid, outcomes: Outcomes) -> bytes:
    columns = sweep_columns(grid, outcomes)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode("utf-8")


def _npz(grid: Grid, outcomes: Outcomes) -> bytes:
    arrays: dict[str, Any] = {"sweep": np.array(grid.model_dump_json())}
    for name, values in sweep_columns(grid, outcomes).items():
        words = name in WORDS or any(isinstance(value, str) for value in values)
        arrays[name] = np.array([str(v) for v in values]) if words else np.array(values, dtype=np.float64)
    data = io.BytesIO()
    np.savez_compressed(data, **arrays)
    return data.getvalue()


def _parquet(grid: Grid, outcomes: Outcomes) -> bytes:
    try:
        pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ExportError("Parquet needs pyarrow; install gradviz-desktop[parquet]") from None
    table = pa.table(sweep_columns(grid, outcomes)).replace_schema_metadata({"sweep": grid.model_dump_json()})
    data = io.BytesIO()
    parquet.write_table(table, data)
    return data.getvalue()


_WRITERS: dict[str, Callable[[Grid, Outcomes], bytes]] = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
