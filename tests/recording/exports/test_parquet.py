"""Parquet as other programs read it: pyarrow's own reader, and the CSV of the same run as an oracle."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gradviz.errors import ExperimentError, ExportError
from gradviz.experiment import from_json
from gradviz.recording.exports import parquet
from gradviz.recording.exports.tables import read_experiment, save_table
from gradviz.recording.frame import Frame, Started
from gradviz.recording.history import History

STEPS = 40


@pytest.fixture
def history(make_started: Callable[..., Started], make_frame: Callable[..., Frame]) -> History:
    history = History(make_started())
    for step in range(STEPS):
        rows: dict[str, np.ndarray | None] = {"mean": None} if step == 0 else {}
        if step == 7:
            rows["grad_norm"] = np.array([-np.inf, np.nan, -44.5], np.float32)
        history.append(make_frame(step, **rows))
    return history


def test_it_says_what_the_csv_says(history: History, tmp_path: Path) -> None:
    assert save_table(tmp_path / "run.csv", history)
    assert save_table(tmp_path / "run.parquet", history)
    table = pq.read_table(tmp_path / "run.parquet")
    with (tmp_path / "run.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert table.column_names == list(cells[0])
    assert table.num_rows == len(cells) == STEPS * 3
    for row, said in zip(table.to_pylist(), cells, strict=True):
        for name, value in row.items():
            if value is None:
                assert said[name] == ""
            else:
                assert float(said[name]) == pytest.approx(value, rel=1e-8, nan_ok=True)


def test_not_measured_is_null_and_a_measured_nan_is_not(history: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.parquet", history)
    rows = pq.read_table(tmp_path / "run.parquet").to_pylist()
    assert [row["mean"] for row in rows if row["step"] == 0] == [None] * 3
    norms = [row["grad_norm"] for row in rows if row["step"] == 7]
    assert norms[0] == 0.0
    assert math.isnan(norms[1])
    assert norms[2] == pytest.approx(10.0**-44.5, rel=1e-6)


def test_the_experiment_and_the_units_are_in_the_metadata(history: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.parquet", history)
    schema = pq.read_schema(tmp_path / "run.parquet")
    assert from_json(schema.metadata[b"experiment"].decode()) == history.started.experiment
    assert schema.field("mean").metadata[b"description"] == b"a made-up signed number"
    assert from_json(read_experiment(tmp_path / "run.parquet") or "") == history.started.experiment


def test_files_that_are_no_parquet(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(ExperimentError, match="not a Parquet"):
        read_experiment(tmp_path / "text.parquet")
    with pytest.raises(ExperimentError, match="cannot read"):
        read_experiment(tmp_path / "missing.parquet")


def test_a_long_run_goes_out_in_groups_of_few_rows(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what lies in memory at a time is one group
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 10 * 3)
    save_table(tmp_path / "run.parquet", history)
    file = pq.ParquetFile(tmp_path / "run.parquet")
    assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == [30] * (STEPS // 10)
    assert file.read().column("step").to_pylist() == np.repeat(np.arange(STEPS), 3).tolist()


def test_without_pyarrow_it_names_the_command(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ExportError, match=r'pip install "gradviz-desktop\[parquet\]"'):
        save_table(tmp_path / "run.parquet", history)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told(history: History, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"), Path("/dev/full").open("wb", buffering=0) as full:
        parquet.write_parquet(full, history, STEPS, lambda _done, _total: True)
