"""The worker thread: what it says, and what it does to the process it lives in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from driving import ENDLESS, TINY, WAIT_MS, wait_until
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.threads.training_thread import TrainingThread
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.store import latest_checkpoint, open_run
from gradviz.training import loop
from gradviz.training.control import Control, pump
from gradviz.training.loop import train


def trained(experiment: Experiment, qtbot: QtBot) -> tuple[list[History], list[Failure], list[str]]:
    """Run a thread to its end; return what it announced, in which way it failed, and the order of its signals."""
    thread = TrainingThread([experiment])
    histories: list[History] = []
    failures: list[Failure] = []
    order: list[str] = []
    thread.began.connect(histories.extend)
    thread.failed.connect(failures.append)
    for name in ("began", "failed", "finished"):
        getattr(thread, name).connect(lambda *_, name=name: order.append(name))
    thread.start()
    wait_until(qtbot, lambda: "finished" in order)
    return histories, failures, order


def test_the_thread_records_what_the_same_experiment_yields_without_one(qtbot: QtBot) -> None:
    (history,), failures, order = trained(TINY, qtbot)
    assert (failures, order) == ([], ["began", "finished"])
    alone: list[History] = []

    def record(event: object) -> None:
        if not alone:
            alone.append(History(event))  # type: ignore[arg-type]
        else:
            alone[0].append(event)  # type: ignore[arg-type]

    pump(train(TINY), Control(), record)
    assert history.frames == alone[0].frames == TINY.training.steps + 1
    for quantity in history.quantities:
        for step in range(history.frames):
            here, there = history.row(quantity.name, step), alone[0].row(quantity.name, step)
            assert (here is None) == (there is None)
            assert here is None or np.array_equal(here, there, equal_nan=True)
    assert np.array_equal(history.losses()[1], alone[0].losses()[1])


def test_a_history_is_announced_with_its_first_frame_in_it() -> None:
    thread = TrainingThread([TINY])
    frames: list[int] = []

    def look(histories: list[History]) -> None:
        frames.extend(history.frames for history in histories)

    # called in the worker's own thread, at the very moment
    thread.began.connect(look, type=Qt.ConnectionType.DirectConnection)
    thread.start()
    assert thread.wait(WAIT_MS)
    assert frames == [1]


def test_the_worker_uses_the_threads_it_says_and_the_window_keeps_its_own(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[tuple[int, bool]] = set()

    class Watched(loop.TrainingRun):
        def update(self) -> None:
            seen.add((torch.get_num_threads(), torch.is_grad_enabled()))
            super().update()

    monkeypatch.setattr(loop, "TrainingRun", Watched)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        (history,), _, _ = trained(TINY, qtbot)
        # narrow layers train on one thread, however many there are
        assert seen == {(history.started.threads, True)} == {(1, True)}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_failure_while_building_is_told_and_the_thread_ends(qtbot: QtBot) -> None:
    histories, failures, order = trained(TINY.changed(data="file", data_file="/no/such/file.csv"), qtbot)
    assert (histories, order) == ([], ["failed", "finished"])
    assert failures[0].message.startswith("cannot read /no/such/file.csv: ")
    assert failures[0].details == ""


@pytest.mark.parametrize("moment", ["before the start", "at work", "paused"])
def test_a_stop_ends_the_thread_whatever_it_does(qtbot: QtBot, moment: str) -> None:
    thread = TrainingThread([ENDLESS], paused=moment == "paused")
    if moment == "before the start":
        thread.control.stop()
    thread.start()
    if moment != "before the start":
        with qtbot.waitSignal(thread.began, timeout=WAIT_MS):
            pass
        thread.control.stop()
    wait_until(qtbot, thread.isFinished)


def test_a_run_is_kept_in_the_library_while_it_is_recorded(qtbot: QtBot, tmp_path: Path) -> None:
    thread = TrainingThread([TINY], library=Library(tmp_path / "runs"))
    with qtbot.waitSignal(thread.began, timeout=WAIT_MS) as began:
        thread.start()
    wait_until(qtbot, thread.isFinished)
    (path,) = (tmp_path / "runs").iterdir()
    assert thread.paths == [path]
    (history,) = began.args[0]
    with open_run(path) as run:
        assert run.info.ending == "finished"
        assert run.info.experiment == TINY
        assert run.history.losses()[1].tobytes() == history.losses()[1].tobytes()
    checkpoint = latest_checkpoint(path)
    assert checkpoint is not None
    assert checkpoint.step == TINY.training.steps + 1


def test_without_a_library_nothing_is_written(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradviz.recording.runs.library.runs_folder", lambda: tmp_path / "runs")
    trained(TINY, qtbot)
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_takes_no_runs_is_told_once_and_training_goes_on(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file, not a folder")
    thread = TrainingThread([TINY], library=Library(tmp_path / "runs"))
    told: list[str] = []
    histories: list[History] = []
    thread.trouble.connect(told.append)
    thread.began.connect(histories.extend)
    thread.start()
    wait_until(qtbot, thread.isFinished)
    wait_until(qtbot, lambda: bool(histories))
    assert len(told) == 1
    assert str(tmp_path / "runs") in told[0]
    assert thread.paths == [None]
    assert histories[0].frames == TINY.training.steps + 1
