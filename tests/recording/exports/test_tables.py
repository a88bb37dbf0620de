from __future__ import annotations

import csv
import json
import math
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from gradviz.errors import ExperimentError, ExportError
from gradviz.experiment import Row, from_json
from gradviz.recording.exports import parquet, table_blocks
from gradviz.recording.exports.tables import read_experiment, save_table
from gradviz.recording.frame import Evaluation, Frame, Observation, Started
from gradviz.recording.history import History

STEPS = 300  # more than two blocks


@pytest.fixture(autouse=True)
def small_row_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Parquet, whose blocks are larger, write as many of them as the others."""
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", table_blocks.STEPS_AT_A_TIME * 3)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def history(
    make_started: Callable[..., Started],
    make_frame: Callable[..., Frame],
    make_evaluation: Callable[..., Evaluation],
) -> History:
    """`mean` is measured from step 1 on; step 7 holds the values that no logarithm or float makes easy."""
    history = History(make_started())
    for step in range(STEPS):
        rows: dict[str, np.ndarray | None] = {"mean": None} if step == 0 else {}
        if step == 7:
            rows["grad_norm"] = np.array([-np.inf, np.nan, -44.5], np.float32)
            rows["exact_log10_norm"] = np.array([-np.inf, -600.25, -1234.5], np.float32)
        history.append(make_frame(step, **rows))
        if step % 100 == 0:
            history.append(make_evaluation(step))
    return history


def expected(name: str, step: int, layer: int, make_frame: Callable[..., Frame]) -> float:
    """The cell of one step and layer (from 1), from the made-up frame alone."""
    stored = float(make_frame(step).rows[name][layer - 1])
    return math.pow(10.0, stored) if name == "grad_norm" else stored


def test_csv_is_tidy_and_its_numbers_are_right(
    history: History, make_frame: Callable[..., Frame], tmp_path: Path
) -> None:
    path = tmp_path / "run.csv"
    assert save_table(path, history) is True
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = ["grad_norm", "mean", "share", "exact_log10_norm"]
    assert list(rows[0]) == ["step", "layer", *names]
    assert [(int(row["step"]), int(row["layer"])) for row in rows] == [
        (step, layer) for step in range(STEPS) for layer in (1, 2, 3)
    ]
    for row in rows:
        step, layer = int(row["step"]), int(row["layer"])
        if step not in (0, 7):
            for name in names:
                assert float(row[name]) == pytest.approx(expected(name, step, layer, make_frame), rel=1e-8)
    assert [row["mean"] for row in rows[:3]] == ["", "", ""]
    assert rows[3]["mean"] != ""


def test_csv_of_extreme_values(history: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.csv", history)
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["step"] == "7"]
    assert [row["grad_norm"] for row in rows][:2] == ["0", "nan"]
    assert float(rows[2]["grad_norm"]) == pytest.approx(10.0**-44.5, rel=1e-8)
    assert [float(row["exact_log10_norm"]) for row in rows] == [-math.inf, -600.25, -1234.5]


def test_npz_holds_own_values_and_needs_no_pickle(
    history: History, make_frame: Callable[..., Frame], tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    assert save_table(path, history) is True
    with np.load(path, allow_pickle=False) as arrays:
        for name in ("grad_norm", "mean", "share", "exact_log10_norm"):
            values = arrays[name]
            assert values.dtype == np.float64
            assert values.shape == (STEPS, 3)
            wanted = [[expected(name, step, layer, make_frame) for layer in (1, 2, 3)] for step in range(STEPS)]
            usual = [step for step in range(STEPS) if step not in (0, 7)]
            np.testing.assert_allclose(values[usual], np.array(wanted)[usual], rtol=1e-12)
        assert np.isnan(arrays["mean"][0]).all()
        assert arrays["grad_norm"][7, 0] == 0.0
        assert np.isnan(arrays["grad_norm"][7, 1])
        assert arrays["exact_log10_norm"][7].tolist() == [-math.inf, -600.25, -1234.5]
        np.testing.assert_array_equal(arrays["step"], np.arange(STEPS))
        for name in ("loss", "batch_accuracy", "learning_rate"):
            np.testing.assert_array_equal(arrays[name], [getattr(make_frame(step), name) for step in range(STEPS)])
        evaluated = np.flatnonzero(~np.isnan(arrays["accuracy"]))
        assert evaluated.tolist() == [0, 100, 200]
        np.testing.assert_array_equal(arrays["accuracy"][evaluated], history.accuracies()[1])
        assert arrays["experiment"].shape == ()


def test_the_experiment_comes_back_from_npz(history: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.npz", history)
    assert from_json(read_experiment(tmp_path / "run.npz")) == history.started.experiment


def test_files_without_an_experiment(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    assert read_experiment(tmp_path / "other.npz") is None
    (tmp_path / "text.npz").write_text("no archive")
    np.save(tmp_path / "array", np.zeros(3))
    for name in ("text.npz", "array.npy"):
        with pytest.raises(ExperimentError, match="not an NPZ"):
            read_experiment(tmp_path / name)
    with pytest.raises(ExperimentError, match="cannot read"):
        read_experiment(tmp_path / "missing.npz")


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".CSV", ".parquet"])
def test_a_run_without_a_frame(make_started: Callable[..., Started], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"empty{suffix}"
    assert save_table(path, History(make_started())) is True
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            assert arrays["grad_norm"].shape == (0, 3)
    elif suffix == ".parquet":
        assert pq.read_table(path).num_rows == 0
    else:
        assert len(path.read_text().splitlines()) == 1


def test_unknown_suffix_names_what_is_allowed(history: History, tmp_path: Path) -> None:
    for name in ("run.xlsx", "run"):
        with pytest.raises(ExportError, match=r"\.csv, \.npz or \.parquet"):
            save_table(tmp_path / name, history)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_progress_rises_to_its_total(history: History, tmp_path: Path, suffix: str) -> None:
    told: list[tuple[int, int]] = []
    save_table(tmp_path / f"run{suffix}", history, lambda done, total: told.append((done, total)) is None)
    done = [item for item, _ in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert told[-1][0] == told[-1][1] > 0
    assert len({total for _, total in told}) == 1


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
@pytest.mark.parametrize("calls", [1, 2, 4])
def test_cancelling_leaves_what_was_there(history: History, tmp_path: Path, suffix: str, calls: int) -> None:
    path = tmp_path / f"run{suffix}"
    path.write_bytes(b"old")
    count = 0

    def progress(done: int, total: int) -> bool:
        nonlocal count
        count += 1
        return count < calls

    assert save_table(path, history, progress) is False
    assert count == calls
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_a_folder_that_cannot_be_written_to(history: History, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot write"):
        save_table(tmp_path / "file" / f"run{suffix}", history)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_a_run_that_goes_on_is_cut_where_the_export_began(
    history: History,
    make_frame: Callable[..., Frame],
    make_evaluation: Callable[..., Evaluation],
    tmp_path: Path,
    suffix: str,
) -> None:
    def go_on(done: int, total: int) -> bool:
        if done == 0 and history.frames == STEPS:
            history.append(make_frame(STEPS))
            history.append(make_evaluation(STEPS))
        return True

    save_table(tmp_path / f"run{suffix}", history, go_on)
    assert history.frames == STEPS + 1
    if suffix == ".npz":
        with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
            assert {arrays[name].shape[0] for name in ("grad_norm", "share", "loss", "accuracy", "step")} == {STEPS}
    elif suffix == ".parquet":
        assert pq.read_table(tmp_path / "run.parquet").num_rows == 3 * STEPS
    else:
        assert len((tmp_path / "run.csv").read_text().splitlines()) == 1 + 3 * STEPS


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_memory_does_not_grow_with_the_run(
    make_started: Callable[..., Started],
    make_frame: Callable[..., Frame],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
) -> None:
    monkeypatch.setattr(table_blocks, "STEPS_AT_A_TIME", 16)
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 16 * 50)
    peaks = []
    for steps in (100, 800):
        history = History(make_started(50))
        for step in range(steps):
            history.append(make_frame(step, 50))
        tracemalloc.start()
        save_table(tmp_path / f"run{suffix}", history)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # eight times the data: the scalars of a step grow with it, its rows must not
    assert peaks[1] < 2.5 * peaks[0]


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ((Row(), Row(), Row()), {}),
        ((Row("a"), Row("100% b"), Row('c, "d"')), {"module": ["a", "100% b", 'c, "d"']}),
        ((Row("a", "x"), Row("b", "x"), Row("c")), {"module": ["a", "b", "c"], "group": ["x", "x", ""]}),
        ((Row(group="x"), Row(group="x"), Row(group="y")), {"group": ["x", "x", "y"]}),
    ],
)
def test_every_table_tells_rows_by_name_and_group_where_they_have_one(
    make_started: Callable[..., Started],
    make_frame: Callable[..., Frame],
    tmp_path: Path,
    rows: tuple[Row, ...],
    columns: dict[str, list[str]],
) -> None:
    history = History(replace(make_started(), rows=rows))
    for step in range(2):
        history.append(make_frame(step))
    for suffix in (".csv", ".npz", ".parquet"):
        save_table(tmp_path / f"run{suffix}", history)
    with (tmp_path / "run.csv").open(newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    table = pq.read_table(tmp_path / "run.parquet")
    first_quantity = history.quantities[0].name
    for names in (head, table.column_names):
        assert names[: names.index(first_quantity)] == ["step", "layer", *columns]
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        assert arrays.files.count("module") == ("module" in columns)
        for name, texts in columns.items():
            assert arrays[name].tolist() == texts
            assert [line[head.index(name)] for line in lines] == texts * 2
            assert table.column(name).to_pylist() == texts * 2


@pytest.fixture
def told(make_started: Callable[..., Started], make_frame: Callable[..., Frame]) -> History:
    """A script that tells two numbers, one of them now and then, and of which something is observed for a while."""
    history = History(make_started())
    for step in range(STEPS):
        if step == 5:
            history.append(Observation(5, "frozen", rows=(1, 3), numbers=(("parameters", 6.0),)))
        if step == 140:
            history.append(Observation(140, "gradients_kept"))
            history.append(Observation(140, "frozen", holds=False))
        more = {'own, "number" %s': step / 3} | ({"share": -1.0} if step % 100 == 50 else {})
        history.append(replace(make_frame(step), scalars=more))
    return history


def test_csv_and_parquet_have_further_numbers_and_what_is_observed_of_each_row(told: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.csv", told)
    save_table(tmp_path / "run.parquet", told)
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(tmp_path / "run.parquet").to_pylist()
    assert len(rows) == len(table) == 3 * STEPS
    for row, same in zip(rows, table, strict=True):
        step, layer = int(row["step"]), int(row["layer"])
        assert float(row['own, "number" %s']) == pytest.approx(step / 3, rel=1e-8)
        assert same['own, "number" %s'] == step / 3
        # the run measures a quantity of that name
        assert row["scalar/share"] == ("-1" if step % 100 == 50 else "")
        assert same["scalar/share"] == (-1.0 if step % 100 == 50 else None)
        kinds = "gradients_kept" if step >= 140 else "frozen" if step >= 5 and layer != 2 else ""
        assert row["observed"] == same["observed"] == kinds


def test_npz_has_further_numbers_and_all_observations(told: History, tmp_path: Path) -> None:
    save_table(tmp_path / "run.npz", told)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as arrays:
        assert arrays['own, "number" %s'].tolist() == [step / 3 for step in range(STEPS)]
        assert np.flatnonzero(arrays["scalar/share"] == -1.0).tolist() == [50, 150, 250]
        assert arrays["share"].shape == (STEPS, 3)
        observations = [json.loads(each) for each in arrays["observations"]]
    assert [(each["step"], each["kind"], each["rows"], each["holds"]) for each in observations] == [
        (5, "frozen", [1, 3], True), (140, "gradients_kept", [], True), (140, "frozen", [], False),
    ]  # fmt: skip
