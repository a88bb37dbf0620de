"""Several experiments in the thread that trains: what it says, what it keeps, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import ENDLESS, TINY, WAIT_MS, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.threads.training_thread import TrainingThread
from gradviz.experiment import Experiment
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.store import latest_checkpoint, read_info
from gradviz.training.loop import train

RUNAWAY = TINY.changed(learning_rate=100.0, activation="linear", initialization="he_normal", steps=0)
VARIANTS = [TINY, TINY.changed(activation="relu", steps=5), RUNAWAY]


def raced(thread: TrainingThread, qtbot: QtBot) -> tuple[list[History], list[Failure], list[str]]:
    """Let a race run to its end; return its histories, its failures, and the order of its signals."""
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


def test_each_history_is_that_of_its_experiment_alone(qtbot: QtBot) -> None:
    histories, failures, order = raced(TrainingThread(VARIANTS), qtbot)
    assert (failures, order) == ([], ["began", "finished"])
    for experiment, history in zip(VARIANTS, histories, strict=True):
        alone = History.of(train(experiment))
        assert history.started.experiment == experiment
        assert history.losses()[1].tobytes() == alone.losses()[1].tobytes()
        assert history.diverged == alone.diverged or (history.diverged is not None and alone.diverged is not None)
    assert [history.diverged is not None for history in histories] == [False, False, True]


def test_histories_are_announced_with_the_first_frame_of_each(qtbot: QtBot) -> None:
    thread = TrainingThread([TINY, ENDLESS], paused=True)
    with qtbot.waitSignal(thread.began, timeout=WAIT_MS) as began:
        thread.start()
    histories = began.args[0]
    assert [history.frames for history in histories] == [1, 1]
    thread.control.step()
    wait_until(qtbot, lambda: [history.frames for history in histories] == [2, 2])
    thread.control.resume()
    wait_until(qtbot, lambda: histories[1].frames > 20)
    assert histories[0].frames == TINY.training.steps + 1
    thread.control.stop()
    wait_until(qtbot, thread.isFinished)


def test_each_is_kept_in_a_file_that_says_how_it_ended(qtbot: QtBot, tmp_path: Path) -> None:
    variants = [*VARIANTS, ENDLESS]
    thread = TrainingThread(variants, library=Library(tmp_path))
    with qtbot.waitSignal(thread.began, timeout=WAIT_MS) as began:
        thread.start()
    histories = began.args[0]
    wait_until(qtbot, lambda: histories[3].frames > 30)
    paths = [path for path in thread.paths if path is not None]
    # those that have dropped out say so while the others go on
    assert [read_info(path).ending for path in paths] == ["finished", "finished", "diverged", "recording"]
    thread.control.stop()
    wait_until(qtbot, thread.isFinished)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    for path, experiment, history in zip(paths, variants, histories, strict=True):
        info = read_info(path)
        assert (info.experiment, info.frames) == (experiment, history.frames)
    assert read_info(paths[3]).ending == "stopped"
    states = [latest_checkpoint(path) for path in paths]
    # one that diverged before its first state was due has none
    assert [state.step if state is not None else None for state in states] == [9, 6, None, histories[3].frames]


@pytest.mark.parametrize("moment", ["before the start", "at work", "paused"])
def test_a_stop_ends_the_thread_whatever_it_does(qtbot: QtBot, moment: str) -> None:
    thread = TrainingThread([ENDLESS, ENDLESS], paused=moment == "paused")
    if moment == "before the start":
        thread.control.stop()
    thread.start()
    if moment != "before the start":
        with qtbot.waitSignal(thread.began, timeout=WAIT_MS):
            pass
        thread.control.stop()
    wait_until(qtbot, thread.isFinished)


def test_a_variant_that_cannot_be_trained_fails_the_race_before_it_begins(qtbot: QtBot, tmp_path: Path) -> None:
    variants: list[Experiment] = [TINY, TINY.changed(device="cuda:77")]
    histories, failures, order = raced(TrainingThread(variants, library=Library(tmp_path)), qtbot)
    assert (histories, order) == ([], ["failed", "finished"])
    assert failures[0].message.startswith("cuda:77 is not there")


def test_trouble_with_the_disk_costs_nobody_a_step(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file, not a folder")
    thread = TrainingThread([TINY, TINY.changed(seed=1)], library=Library(tmp_path / "runs"))
    told: list[str] = []
    thread.trouble.connect(told.append)
    histories, failures, _ = raced(thread, qtbot)
    assert failures == []
    assert [history.frames for history in histories] == [TINY.training.steps + 1] * 2
    assert len(told) == 2
