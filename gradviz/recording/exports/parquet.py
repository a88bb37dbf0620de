"""A recording as Parquet, for pandas, polars and duckdb, written by pyarrow (the extra `parquet`).

Tidy like the CSV: one row per step and layer and one column per probe, in own values as float64, then the further
numbers per step and what is `observed` of the row. What was not measured is null, told apart from a measured NaN. The
experiment is in the metadata of the schema, under `experiment`, as JSON; label, unit and description of a quantity are
in the metadata of its column.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gradviz.errors import ExperimentError, ExportError
from gradviz.recording.exports.table_blocks import (
    ObservedKinds,
    Progress,
    blocks,
    own_values,
    row_columns,
    scalar_columns,
)
from gradviz.recording.frame import Quantity
from gradviz.recording.history import History

ROWS_PER_GROUP = 131_072
EXPERIMENT_KEY = b"experiment"
TITLE_KEY = b"title"


def is_available() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def check_available() -> None:
    """Raise ExportError, with the command that installs it, where pyarrow is missing."""
    _arrow()


def write_parquet(file: BinaryIO, history: History, steps: int, progress: Progress) -> None:
    """Write the first `steps` frames, one row group after the other. Raises ExportError where pyarrow is missing."""
    arrow, parquet = _arrow()
    observed = ObservedKinds(history)
    schema = _schema(arrow, history, observed)
    steps_per_group = max(ROWS_PER_GROUP // len(history.started.rows), 1)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for first, end in blocks(0, steps, steps, progress, steps_per_group):
            writer.write_batch(_batch(arrow, schema, history, observed, first, end))


def read_experiment(path: Path) -> str | None:
    """Return the experiment in the metadata as JSON; None if there is none.

    Raises ExperimentError for a file that cannot be read.
    """
    arrow, parquet = _arrow()
    try:
        metadata = parquet.read_schema(path).metadata or {}
    except arrow.ArrowInvalid as error:
        raise ExperimentError(f"{path} is not a Parquet table") from error
    except OSError as error:
        raise ExperimentError(f"cannot read {path}: {error.strerror or error}") from error
    text: bytes | None = metadata.get(EXPERIMENT_KEY)
    return text.decode() if text is not None else None


def _arrow() -> tuple[Any, Any]:
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ExportError(
            'Parquet needs pyarrow, which is not installed: pip install "gradviz-desktop[parquet]"'
        ) from None


def _schema(arrow: Any, history: History, observed: ObservedKinds) -> Any:
    fields = [arrow.field("step", arrow.int64(), nullable=False), arrow.field("layer", arrow.int32(), nullable=False)]
    fields += [arrow.field(name, arrow.string(), nullable=False) for name in row_columns(history.started)]
    fields += [_column(arrow, quantity) for quantity in history.quantities]
    taken = [field.name for field in fields]
    fields += [arrow.field(column, arrow.float64()) for column in scalar_columns(history, taken)]
    fields += [arrow.field("observed", arrow.string(), nullable=False)] if observed.any else []
    started = history.started
    about = {TITLE_KEY: started.title.encode()}
    if (experiment := started.experiment_json) is not None:
        about[EXPERIMENT_KEY] = experiment.encode()
    return arrow.schema(fields, about)


def _column(arrow: Any, quantity: Quantity) -> Any:
    about = {"label": quantity.label, "unit": quantity.unit, "description": quantity.description}
    return arrow.field(quantity.name, arrow.float64(), metadata=about)


def _batch(arrow: Any, schema: Any, history: History, observed: ObservedKinds, first: int, end: int) -> Any:
    layers = len(history.started.rows)
    columns = [
        arrow.array(np.repeat(np.arange(first, end, dtype=np.int64), layers)),
        arrow.array(np.tile(np.arange(1, layers + 1, dtype=np.int32), end - first)),
    ]
    columns += [arrow.array(list(texts) * (end - first)) for texts in row_columns(history.started).values()]
    for quantity in history.quantities:
        values, measured = own_values(history, quantity, first, end)
        columns.append(arrow.array(values.ravel(), mask=~measured.ravel()))
    for name in history.scalar_names:
        numbers = np.repeat(history.scalar_part(name, first, end), layers)
        columns.append(arrow.array(numbers, mask=np.isnan(numbers)))
    if observed.any:
        columns.append(arrow.array([kinds for step in range(first, end) for kinds in observed.at(step)]))
    return arrow.record_batch(columns, schema=schema)
