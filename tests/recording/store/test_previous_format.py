"""Runs that gradviz 0.1 wrote in format 1: `stack` by `gradviz run`, `watched` by `gradviz.watch`."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gradviz.errors import RecordingError
from gradviz.experiment import Row
from gradviz.recording.store import (
    annotate,
    checkpoint_step,
    latest_checkpoint,
    open_run,
    read_info,
    rename,
    resume_run,
    settle,
)

FOLDER = Path(__file__).parent / "previous_format"


@pytest.fixture(params=["stack", "watched"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(FOLDER / f"{request.param}.gradviz", tmp_path))


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    return Path(shutil.copy(FOLDER / "stack.gradviz", tmp_path))


def test_a_stack_is_read_with_everything_that_was_measured(stack: Path) -> None:
    with open_run(stack) as run:
        info, history = run.info, run.history
        assert (info.ending, info.frames, info.title, info.accuracy) == ("finished", 41, "A former run", 0.5)
        assert (info.environment["python"], len(info.sparkline)) == ("3.11.7", 41)
        started = history.started
        assert started.experiment is not None
        assert started.experiment == info.experiment
        assert [started.experiment.value(name) for name in ("depth", "width", "data", "steps")] == [6, 8, "moons", 40]
        assert started.rows == started.experiment.network.rows()
        assert (started.planned_steps, started.scheduled_every, started.precision) == (40, 20, "float32")
        assert (started.parameters, started.batch_size, started.training_samples) == (474, 80, 80)
        assert started.held_out is not None
        assert started.held_out.inputs.shape == (20, 2)
        assert started.held_out.class_names == ("A", "B")
        assert started.input_mean_square is not None
        assert started.input_mean_square.shape == (80,)
        assert history.loss(40) == pytest.approx(0.6931, abs=1e-4)
        assert history.evaluation_steps.tolist() == [0, 20, 40]
        assert history.evaluation_at(40).boundary is not None
        assert history.distributions_at(40).by_kind.keys() >= {"weights", "gradients"}
        # a sigmoid's gradient shrinks towards the front
        row = history.row("weight_grad_norm", 40)
        assert row.shape == (6,)
        assert np.isfinite(row).all()
        assert row[0] < row[-1]


def test_a_watched_network_is_read_with_its_modules(tmp_path: Path) -> None:
    path = Path(shutil.copy(FOLDER / "watched.gradviz", tmp_path))
    with open_run(path) as run:
        started = run.history.started
        assert (started.title, started.experiment, started.held_out) == (run.info.title, None, None)
        assert started.rows == tuple(Row(name) for name in started.row_names)
        assert started.rows[0].name == "0"
        assert (started.planned_steps, started.scheduled_every, started.parameters) == (0, 20, 189)
        assert run.history.frames == 30
        assert np.isfinite(run.history.losses()[1]).all()


def test_its_quantities_have_every_attribute_that_was_stored(old: Path) -> None:
    connection = sqlite3.connect(old)
    stored = connection.execute("SELECT name, scale, signed, scheduled, lowest, guide FROM quantities").fetchall()
    connection.close()
    found = [
        (
            each.name,
            each.scale,
            each.signed,
            each.scheduled,
            each.bounds and each.bounds[0],
            each.guide and each.guide[0],
        )
        for each in read_info(old).quantities
    ]
    assert found == stored
    assert any(each.bounds is not None for each in read_info(old).quantities)


def test_it_is_not_changed(old: Path) -> None:
    before = old.read_bytes()
    assert settle(old) == "finished"
    for change in (lambda: rename(old, "x"), lambda: annotate(old, "x"), lambda: resume_run(old, 1)):
        with pytest.raises(RecordingError, match="an earlier gradviz"):
            change()
    assert checkpoint_step(old) is latest_checkpoint(old) is None
    assert old.read_bytes() == before
    assert [each.name for each in old.parent.iterdir()] == [old.name]


@pytest.mark.parametrize(
    "script",
    [
        "DELETE FROM facts WHERE key = 'progress'",
        "UPDATE facts SET value = '[' || value WHERE key = 'started'",
        "UPDATE facts SET value = '7' WHERE key IN ('started', 'diverged')",
        "UPDATE facts SET value = '\"{}\"' WHERE key = 'experiment'",
        "UPDATE quantities SET name = 'same'",
        "UPDATE quantities SET scale = 'cubic'",
        "UPDATE arrays SET dtype = '|O'",
        "DROP TABLE quantities",
    ],
)
def test_one_that_is_damaged_is_refused(stack: Path, script: str) -> None:
    connection = sqlite3.connect(stack)
    connection.executescript(script)
    connection.close()
    with pytest.raises(RecordingError) as refused:
        open_run(stack)
    assert str(stack) in str(refused.value)
