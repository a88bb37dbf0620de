"""A sweep on a real cluster of two worker processes, one of which is killed in the middle."""

import os
import signal
from pathlib import Path

import pytest

from gradviz.errors import DeviceError
from gradviz.experiment import Experiment
from gradviz.experiment.grid import Cell, grid_of
from gradviz.recording.outcome import Outcome
from gradviz.recording.sweep_file import SweepFile
from gradviz.sweeping.dask_cluster import dask_cluster
from gradviz.sweeping.runner import run_sweep

distributed = pytest.importorskip("distributed", reason="Dask is not installed; --dask was not tried")


@pytest.fixture
def no_dangling_thread() -> None:
    """Let Dask keep its threads, which end with the process."""


GRID = grid_of(Experiment(depth=2, width=4, steps=5, data="moons", samples=40, batch_size=8), "depth=1:6:6")


@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_costs_no_cell(tmp_path: Path) -> None:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        pids = [worker.process.pid for worker in cluster.workers.values()]

        def kill_one(_cell: Cell, _outcome: Outcome) -> None:
            if pids:
                os.kill(pids.pop(), signal.SIGKILL)
                pids.clear()

        with (
            SweepFile.create(tmp_path / "s.gradviz", GRID) as file,
            dask_cluster(cluster.scheduler_address) as (pool, count),
        ):
            assert count == 2
            assert run_sweep(file, pool, count, on_outcome=kill_one)
            outcomes = file.outcomes()
    assert len(outcomes) == GRID.size
    assert {outcome.status for outcome in outcomes.values()} == {"finished"}


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_named() -> None:
    with pytest.raises(DeviceError, match=r"127\.0\.0\.1:1"), dask_cluster("tcp://127.0.0.1:1"):
        raise AssertionError
