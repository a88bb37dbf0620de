"""Sweeps on real processes: complete, each cell once, through deaths, stops and kills."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

import fake_cells
import numpy as np
import pytest

from gradviz.cli import main
from gradviz.errors import ExportError, RecordingError
from gradviz.experiment import Experiment
from gradviz.experiment.grid import Cell, Grid, grid_of
from gradviz.recording.exports.sweep_table import save_sweep, sweep_map
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile, is_sweep
from gradviz.sweeping.runner import process_pool, run_sweep

TINY = Experiment(depth=2, width=4, steps=2, data="moons", samples=40, batch_size=8)


def threads() -> Executor:
    return ThreadPoolExecutor(2)


def pool() -> Executor:
    return process_pool(2)


@pytest.fixture
def grid() -> Grid:
    return grid_of(TINY, "depth=1:4:4", "sigma_w=1:2:3")


@pytest.mark.slow
def test_a_sweep_trains_what_separate_runs_train(tmp_path: Path) -> None:
    small = grid_of(TINY, "depth=1,2", "activation=relu,sigmoid")
    with SweepFile.create(tmp_path / "s.gradviz", small) as file:
        assert run_sweep(file, lambda: process_pool(1), 1)
        outcomes = file.outcomes()
    # the oracle: the command for a single run, in a process of its own
    cell = Cell(x=1, y=1)
    lone = tmp_path / "lone.toml"
    from gradviz.experiment.files import to_toml

    lone.write_text(to_toml(small.experiment(cell)))
    done = subprocess.run(
        [sys.executable, "-m", "gradviz", "run", str(lone), "--json"], capture_output=True, text=True, check=True
    )
    summary = json.loads(done.stdout)
    assert outcomes[cell].training_loss == summary["loss"]
    assert len(outcomes) == 4
    assert {outcome.status for outcome in outcomes.values()} == {"finished"}


def test_outcomes_are_there_once_and_a_second_run_does_nothing(tmp_path: Path, grid: Grid) -> None:
    seen: list[Cell] = []
    path = tmp_path / "s.gradviz"
    with SweepFile.create(path, grid) as file:
        assert run_sweep(file, threads, 2, on_outcome=lambda cell, _: seen.append(cell), work=fake_cells.instant)
    assert sorted(seen, key=str) == sorted(grid.cells(), key=str)
    with SweepFile.open(path, to_write=True) as file:
        assert run_sweep(file, threads, 2, on_outcome=lambda cell, _: seen.append(cell), work=fake_cells.instant)
        assert len(file.outcomes()) == len(seen) == grid.size


@pytest.mark.slow
def test_a_worker_that_dies_costs_no_cell(tmp_path: Path, grid: Grid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fake_cells.FOLDER, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with SweepFile.create(tmp_path / "s.gradviz", grid) as file:
        assert run_sweep(file, pool, 2, work=fake_cells.dies_once)
        outcomes = file.outcomes()
    assert len(outcomes) == grid.size
    assert {outcome.status for outcome in outcomes.values()} == {"finished"}
    assert (tmp_path / "1-1").read_text().count("begun") == 2


@pytest.mark.slow
def test_a_cell_that_always_kills_its_worker_is_a_failed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with SweepFile.create(tmp_path / "s.gradviz", grid_of(TINY, "depth=1:2:2")) as file:
        assert run_sweep(file, lambda: process_pool(1), 1, work=fake_cells.always_dies)
        outcomes = file.outcomes()
    assert {cell.x: outcome.status for cell, outcome in outcomes.items()} == {0: "failed", 1: "finished"}


class BreaksAtFirst(ThreadPoolExecutor):
    """An executor whose worker dies of the first cell at once, before it takes any other."""

    broken = False

    def submit(self, work: Callable[..., str], /, *texts: str) -> Future[str]:  # type: ignore[override]
        if self.broken:
            raise BrokenProcessPool
        place = Cell.model_validate_json(texts[1])
        if (place.x, place.y) != (0, 0):
            return super().submit(work, *texts)
        self.broken = True
        future: Future[str] = Future()
        future.set_exception(BrokenProcessPool())
        return future


def test_a_cell_that_kills_its_worker_takes_no_other_one_with_it(tmp_path: Path, grid: Grid) -> None:
    with SweepFile.create(tmp_path / "s.gradviz", grid) as file:
        assert run_sweep(file, lambda: BreaksAtFirst(2), 2, work=fake_cells.instant)
        outcomes = file.outcomes()
    assert len(outcomes) == grid.size
    assert [cell for cell, outcome in outcomes.items() if outcome.status != "finished"] == [Cell(x=0, y=0)]


def test_what_does_not_go_together_fails_its_cell_alone(tmp_path: Path) -> None:
    # only as many layers as a shortcut passes over, or a multiple of it
    grid = grid_of(TINY.changed(shortcut="identity", shortcut_span=2), "depth=2,3")
    with SweepFile.create(tmp_path / "s.gradviz", grid) as file:
        assert run_sweep(file, threads, 1)
        outcomes = file.outcomes()
    statuses = {cell.x: outcome.status for cell, outcome in outcomes.items()}
    assert statuses[0] == "finished"
    if statuses[1] == "failed":
        assert outcomes[Cell(x=1)].why


def test_a_defect_in_a_cell_is_its_outcome(tmp_path: Path, grid: Grid) -> None:
    with SweepFile.create(tmp_path / "s.gradviz", grid) as file:
        assert run_sweep(file, threads, 2, work=fake_cells.raises)
        outcome = file.outcomes()[Cell(x=0, y=0)]
    assert outcome.status == "failed"
    assert "ZeroDivisionError" in outcome.why


def test_a_stopped_sweep_keeps_what_it_has(tmp_path: Path, grid: Grid) -> None:
    seen: list[Cell] = []
    path = tmp_path / "s.gradviz"
    with SweepFile.create(path, grid) as file:
        complete = run_sweep(
            file,
            lambda: ThreadPoolExecutor(1),
            1,
            on_outcome=lambda cell, _: seen.append(cell),
            stopped=lambda: len(seen) >= 3,
            work=fake_cells.instant,
        )
        assert not complete
        assert 3 <= len(file.outcomes()) < grid.size


@pytest.mark.slow
def test_a_killed_sweep_is_resumed_and_nothing_is_done_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "s.gradviz"
    command = [sys.executable, "-m", "gradviz", "sweep"]
    command += [f"--set={name}={TINY.value(name)}" for name in ("width", "data", "samples", "batch_size")]
    command += ["--set=steps=100", "--x", "depth=1:6:6", "--y", "sigma_w=1:2:2", "--workers", "1", "--out", str(path)]
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while count(path) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = contents(path)
    assert 2 <= len(before) < 12
    assert main(["sweep", "--resume", "--workers", "1", "--out", str(path), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert (summary["done"], summary["trained_now"]) == (12, 12 - len(before))
    after = contents(path)
    # the seconds that a cell took tell whether it was trained again
    assert {cell: after[cell] for cell in before} == before


def count(path: Path) -> int:
    try:
        return len(contents(path))
    except sqlite3.Error:
        return 0


def contents(path: Path) -> dict[tuple[int, int], str]:
    if not path.exists():
        return {}
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return {(x, y): text for x, y, text in connection.execute("SELECT x, y, content FROM outcomes")}
    finally:
        connection.close()


def test_a_thousand_cells_leave_nothing_behind(tmp_path: Path) -> None:
    grid = grid_of(TINY, "sigma_w=1:2:40", "sigma_b=0:1:25")
    path = tmp_path / "s.gradviz"
    with SweepFile.create(path, grid) as file:
        assert run_sweep(file, threads, 2, work=fake_cells.instant)
        accuracy = sweep_map(grid, file.outcomes(), "validation_accuracy")
    assert accuracy.shape == (25, 40)
    assert accuracy == pytest.approx(np.tile(np.arange(40) / 1000, (25, 1)))
    assert path.stat().st_size < 400_000
    assert {each.name for each in tmp_path.iterdir()} == {"s.gradviz"}


def test_a_file_is_written_by_one_process_and_is_a_sweep(tmp_path: Path, grid: Grid) -> None:
    path = tmp_path / "s.gradviz"
    with SweepFile.create(path, grid) as file:
        file.put(Cell(x=0), Outcome(status="failed", why="too little memory"))
        with pytest.raises(RecordingError, match="another process"):
            SweepFile.open(path, to_write=True)
        # readers see what there is meanwhile
        with SweepFile.open(path) as reader:
            assert reader.outcomes() == {Cell(x=0): Outcome(status="failed", why="too little memory")}
    with pytest.raises(RecordingError, match="exists"):
        SweepFile.create(path, grid)
    assert is_sweep(path)


def test_hostile_files_are_refused_in_a_sentence(tmp_path: Path, grid: Grid) -> None:
    good = tmp_path / "good.gradviz"
    with SweepFile.create(good, grid) as file:
        file.put(Cell(x=0), Outcome(status="finished"))
    data = good.read_bytes()
    rng = np.random.default_rng(0)
    for number in range(150):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 40):
            broken[place] = rng.integers(0, 256)
        path = tmp_path / f"{number}.gradviz"
        path.write_bytes(broken[: rng.integers(1, len(data))] if number % 3 == 0 else broken)
        with suppress(RecordingError), SweepFile.open(path) as file:
            assert all(isinstance(outcome, Outcome) for outcome in file.outcomes().values())


@pytest.mark.parametrize("content", ["{}", "[]", '{"base": {}, "x": {"field": "depth", "values": []}}', "no JSON"])
def test_a_grid_that_cannot_be_is_refused(tmp_path: Path, grid: Grid, content: str) -> None:
    path = tmp_path / "s.gradviz"
    SweepFile.create(path, grid).close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE sweep SET content = ? WHERE name = 'grid'", (content,))
    connection.close()
    with pytest.raises(RecordingError, match="damaged"):
        SweepFile.open(path)


def test_tables_hold_every_cell(tmp_path: Path, grid: Grid) -> None:
    from pyarrow import parquet

    outcomes = {
        cell: Outcome(status="finished", validation_accuracy=cell.x / 4, verdict="healthy") for cell in grid.cells()
    }
    for suffix in (".csv", ".npz", ".parquet"):
        save_sweep(tmp_path / f"t{suffix}", grid, outcomes)
    lines = (tmp_path / "t.csv").read_text().splitlines()
    assert len(lines) == grid.size + 1
    assert lines[0].startswith("depth,sigma_w,seed,status")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as arrays:
        assert Grid.model_validate_json(str(arrays["sweep"])) == grid
        assert arrays["validation_accuracy"].tolist() == [(cell % 4) / 4 for cell in range(grid.size)]
    assert parquet.read_table(tmp_path / "t.parquet").num_rows == grid.size
    with pytest.raises(ExportError, match=r"\.txt"):
        save_sweep(tmp_path / "t.txt", grid, outcomes)
