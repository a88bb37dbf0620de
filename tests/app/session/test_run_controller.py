"""The life of a run, without a window."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from driving import ENDLESS, TINY, WAIT_MS, made_up, wait_until
from PySide6.QtCore import QCoreApplication, Qt
from pytestqt.qtbot import QtBot

from gradviz.app.failure import Failure
from gradviz.app.session.phase import Phase
from gradviz.app.session.run_controller import RunController
from gradviz.errors import RecordingError
from gradviz.experiment import Experiment
from gradviz.recording.frame import Diverged
from gradviz.recording.history import History
from gradviz.recording.runs.library import Library
from gradviz.recording.store import read_info
from gradviz.training import loop
from gradviz.training.loop import train


@pytest.fixture
def run(qapp: object) -> Iterator[RunController]:
    run = RunController()
    yield run
    assert run.close()


@pytest.fixture
def phases(run: RunController) -> list[Phase]:
    phases: list[Phase] = []
    run.phase_changed.connect(phases.append)
    return phases


def ended(run: RunController, qtbot: QtBot) -> None:
    wait_until(qtbot, lambda: not run.phase.busy)


def begun(run: RunController, qtbot: QtBot, frames: int = 1) -> History:
    wait_until(qtbot, lambda: run.history is not None and run.history.frames >= frames)
    assert run.history is not None
    return run.history


def test_a_run_starts_trains_and_finishes(run: RunController, phases: list[Phase], qtbot: QtBot) -> None:
    with qtbot.waitSignal(run.began, timeout=WAIT_MS) as began:
        run.start(TINY)
    ended(run, qtbot)
    assert phases == [Phase.STARTING, Phase.RUNNING, Phase.FINISHED]
    assert began.args == [run.history]
    assert run.history is not None
    assert run.history.frames == TINY.training.steps + 1


def test_a_paused_run_holds_after_the_step_under_way_and_goes_on_where_it_was(run: RunController, qtbot: QtBot) -> None:
    run.start(ENDLESS)
    history = begun(run, qtbot, 3)
    run.pause()
    assert run.phase is Phase.PAUSED
    # the step under way still comes to its end
    thread = run.worker
    assert thread is not None
    wait_until(qtbot, lambda: thread.control.holding)
    frames = history.frames
    run.resume()
    assert run.phase is Phase.RUNNING
    wait_until(qtbot, lambda: history.frames > frames + 2)
    assert run.history is history


def test_single_steps_make_one_frame_each(run: RunController, qtbot: QtBot) -> None:
    run.start(ENDLESS, paused=True)
    history = begun(run, qtbot)
    thread = run.worker
    assert thread is not None
    for steps in (1, 2, 3):
        run.step()
        assert run.phase is Phase.PAUSED
        # it holds, and not before its frame is there
        wait_until(qtbot, lambda steps=steps: history.frames == steps + 1 and thread.control.holding)


def test_a_step_holds_a_run_that_is_moving(run: RunController, qtbot: QtBot) -> None:
    run.start(ENDLESS)
    begun(run, qtbot, 2)
    run.step()
    thread = run.worker
    assert thread is not None
    assert run.phase is Phase.PAUSED
    wait_until(qtbot, lambda: thread.control.holding)


def test_stopping_keeps_what_was_measured(run: RunController, phases: list[Phase], qtbot: QtBot) -> None:
    run.start(ENDLESS)
    history = begun(run, qtbot, 3)
    run.stop()
    ended(run, qtbot)
    assert phases[-2:] == [Phase.STOPPING, Phase.STOPPED]
    assert run.history is history
    assert np.isfinite(history.losses()[1]).all()


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_starting_again_ends_the_present_run_first(run: RunController, qtbot: QtBot, paused: bool) -> None:
    run.start(ENDLESS, paused=paused)
    first = begun(run, qtbot)
    run.start(TINY.changed(depth=7))
    assert run.phase is Phase.STOPPING
    wait_until(qtbot, lambda: run.history is not None and run.history is not first)
    assert run.history is not None
    assert len(run.history.started.rows) == 7
    ended(run, qtbot)
    assert run.phase is Phase.FINISHED


def test_of_several_starts_in_a_row_the_last_one_counts(run: RunController, qtbot: QtBot) -> None:
    for depth in (3, 5, 9):
        run.start(TINY.changed(depth=depth))
    wait_until(qtbot, lambda: run.phase is Phase.FINISHED)
    assert run.history is not None
    assert len(run.history.started.rows) == 9


def test_reset_forgets_a_run_under_way_without_waiting_for_it(
    run: RunController, phases: list[Phase], qtbot: QtBot
) -> None:
    run.start(ENDLESS)
    history = begun(run, qtbot, 2)
    run.reset()
    assert run.phase is Phase.STOPPING
    assert run.history is None
    ended(run, qtbot)
    assert phases[-1] is Phase.IDLE
    assert run.history is None
    assert history.frames >= 2


def test_a_run_that_is_reset_before_its_first_frame_is_never_announced(run: RunController, qtbot: QtBot) -> None:
    announced: list[History] = []
    run.began.connect(announced.append)
    run.start(ENDLESS)
    run.reset()
    ended(run, qtbot)
    assert announced == []
    assert run.phase is Phase.IDLE


def test_reset_of_an_ended_run_is_ready_at_once(run: RunController, qtbot: QtBot) -> None:
    run.start(TINY)
    ended(run, qtbot)
    run.reset()
    assert (run.phase, run.history) == (Phase.IDLE, None)


def test_a_start_during_a_reset_wins(run: RunController, qtbot: QtBot) -> None:
    run.start(ENDLESS)
    begun(run, qtbot, 2)
    run.reset()
    run.start(TINY)
    wait_until(qtbot, lambda: run.phase is Phase.FINISHED)
    assert run.history is not None
    assert run.history.frames == TINY.training.steps + 1


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_its_frames(run: RunController, qtbot: QtBot) -> None:
    run.start(TINY.changed(learning_rate=100.0, activation="linear", steps=0, initialization="he_normal"))
    ended(run, qtbot)
    assert run.phase is Phase.DIVERGED
    history = run.history
    assert history is not None
    assert history.diverged is not None
    losses = history.losses()[1]
    assert history.diverged.step == len(losses) - 1 == np.flatnonzero(~np.isfinite(losses))[0]
    assert np.isfinite(losses[:-1]).all()


def test_a_step_into_a_divergence_ends_the_run_at_once(run: RunController, qtbot: QtBot) -> None:
    run.start(TINY.changed(learning_rate=100.0, activation="linear", steps=0, initialization="he_normal"), paused=True)
    history = begun(run, qtbot)
    while run.phase is not Phase.DIVERGED:
        frames = history.frames
        run.step()
        wait_until(qtbot, lambda frames=frames: history.frames > frames)
        if not np.isfinite(history.losses()[1][-1]):
            ended(run, qtbot)
            assert run.phase is Phase.DIVERGED
    assert history.diverged is not None
    assert history.diverged.step == history.frames - 1


def test_a_defect_in_the_worker_is_told_and_a_new_run_works(
    run: RunController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenRun(loop.TrainingRun):
        def update(self) -> None:
            raise ArithmeticError("wrong sign")

    with monkeypatch.context() as broken:
        broken.setattr(loop, "TrainingRun", BrokenRun)
        with qtbot.waitSignal(run.failed, timeout=WAIT_MS) as failed:
            run.start(TINY)
        ended(run, qtbot)
    assert run.phase is Phase.FAILED
    failure: Failure = failed.args[0]
    assert failure.message == "Something went wrong inside gradviz: ArithmeticError: wrong sign"
    assert "in update" in failure.details
    assert run.history is not None
    assert run.history.frames == 1
    wait_until(qtbot, lambda: run.worker is None)
    run.start(TINY)
    ended(run, qtbot)
    assert run.phase is Phase.FINISHED


def test_a_device_that_is_not_there_is_a_message_without_a_traceback(run: RunController, qtbot: QtBot) -> None:
    with qtbot.waitSignal(run.failed, timeout=WAIT_MS) as failed:
        run.start(TINY.changed(device="cuda:77"))
    failure: Failure = failed.args[0]
    assert failure.message.startswith("cuda:77 is not there: this machine has ")
    assert failure.message.endswith("; choose auto or cpu")
    assert failure.details == ""
    assert run.phase is Phase.FAILED
    assert run.history is None


def test_closing_ends_the_worker(run: RunController, qtbot: QtBot) -> None:
    run.start(ENDLESS)
    begun(run, qtbot, 2)
    thread = run.worker
    assert thread is not None
    assert run.close()
    assert thread.isFinished()
    assert run.phase is Phase.STOPPED


def test_closing_a_run_that_only_just_started_ends_it_too(run: RunController) -> None:
    run.start(ENDLESS)
    assert run.close()
    assert not run.phase.busy


def test_what_was_on_its_way_when_a_run_was_closed_reaches_nobody(run: RunController, qtbot: QtBot) -> None:
    announced: list[History] = []
    run.began.connect(announced.append)
    run.start(ENDLESS)
    thread, begun_there = run.worker, threading.Event()
    assert thread is not None
    thread.began.connect(lambda _history: begun_there.set(), type=Qt.ConnectionType.DirectConnection)
    assert begun_there.wait(WAIT_MS / 1000)
    assert run.close()
    QCoreApplication.processEvents()
    assert (announced, run.history) == ([], None)


@pytest.mark.parametrize(
    ("frames", "steps", "diverged", "phase"),
    [
        (9, 8, False, Phase.FINISHED),
        (3, 8, False, Phase.STOPPED),
        (3, 0, False, Phase.STOPPED),
        (3, 8, True, Phase.DIVERGED),
    ],
)
def test_an_ended_run_can_be_brought_back(
    run: RunController, frames: int, steps: int, diverged: bool, phase: Phase
) -> None:
    history = made_up([[-1.0, -2.0]] * frames, Experiment(steps=steps))
    if diverged:
        history.append(Diverged(frames - 1, float("nan")))
    run.bring_back(history)
    assert (run.phase, run.history) == (phase, history)


def test_an_interrupted_run_that_is_brought_back_again_is_still_interrupted(run: RunController) -> None:
    cut, other = made_up([[-1.0, -2.0]] * 3), made_up([[-1.0, -2.0]] * 3)
    run.bring_back(cut, ending="interrupted")
    run.bring_back(other, ending="stopped")
    run.bring_back(cut)
    assert run.phase is Phase.INTERRUPTED


@pytest.fixture
def keeping(qapp: object, tmp_path: Path) -> Iterator[RunController]:
    keeping = RunController(None, Library(tmp_path))
    yield keeping
    assert keeping.close()


def test_a_kept_run_goes_on_where_it_was_stopped(keeping: RunController, qtbot: QtBot) -> None:
    keeping.start(ENDLESS)
    begun(keeping, qtbot, 5)
    keeping.stop()
    ended(keeping, qtbot)
    path, frames = keeping.path, keeping.history.frames if keeping.history is not None else 0
    assert path is not None
    assert read_info(path).ending == "stopped"
    with qtbot.waitSignal(keeping.began, timeout=WAIT_MS):
        keeping.resume_file(path, frames + 10)
    assert keeping.experiment == ENDLESS.changed(steps=frames + 10)
    ended(keeping, qtbot)
    assert (keeping.phase, keeping.path) == (Phase.FINISHED, path)
    assert keeping.history is not None
    # as if it had never been stopped
    alone = History.of(train(ENDLESS.changed(steps=frames + 10)))
    assert keeping.history.losses()[1].tobytes() == alone.losses()[1].tobytes()
    assert read_info(path).frames == frames + 11


def test_going_on_ends_the_present_run_first(keeping: RunController, qtbot: QtBot) -> None:
    keeping.start(ENDLESS.changed(depth=5))
    begun(keeping, qtbot, 2)
    keeping.stop()
    ended(keeping, qtbot)
    first = keeping.path
    assert first is not None
    keeping.start(ENDLESS)
    begun(keeping, qtbot, 2)
    second = keeping.path
    assert second not in (None, first)
    keeping.resume_file(first)
    wait_until(qtbot, lambda: keeping.path == first and keeping.phase is Phase.RUNNING)
    assert keeping.history is not None
    assert len(keeping.history.started.rows) == 5
    assert second is not None
    assert read_info(second).ending == "stopped"


def test_what_cannot_go_on_is_said_and_changes_nothing(keeping: RunController, qtbot: QtBot, tmp_path: Path) -> None:
    keeping.start(TINY)
    ended(keeping, qtbot)
    path, history = keeping.path, keeping.history
    assert path is not None
    with pytest.raises(RecordingError, match="has made its 8 steps; ask for more"):
        keeping.resume_file(path)
    (tmp_path / "other.gradviz").write_text("no run")
    with pytest.raises(RecordingError, match="is not a run"):
        keeping.resume_file(tmp_path / "other.gradviz")
    assert (keeping.phase, keeping.history, keeping.path) == (Phase.FINISHED, history, path)


def test_trouble_with_the_disk_is_passed_on_and_training_goes_on(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file, not a folder")
    run = RunController(None, Library(tmp_path / "runs"))
    told: list[str] = []
    run.trouble.connect(told.append)
    run.start(TINY)
    ended(run, qtbot)
    assert run.phase is Phase.FINISHED
    assert len(told) == 1
    assert run.path is None


def test_closing_waits_for_the_file(keeping: RunController, qtbot: QtBot, tmp_path: Path) -> None:
    keeping.start(ENDLESS)
    begun(keeping, qtbot, 4)
    assert keeping.close()
    (path,) = tmp_path.iterdir()
    assert read_info(path).ending == "stopped"


def test_the_rate_is_steps_over_time(run: RunController, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("gradviz.app.session.run_controller.time.monotonic", lambda: clock[0])

    def rate_after(seconds: float) -> float:
        clock[0] += seconds
        with monkeypatch.context() as moving:
            moving.setattr(run, "phase", Phase.RUNNING)
            return run.steps_per_second()

    run.start(ENDLESS, paused=True)
    history = begun(run, qtbot)
    # from here on it is counted
    rate_after(2.0)
    for steps in (1, 2, 3):
        run.step()
        wait_until(qtbot, lambda steps=steps: history.frames == steps + 1)
    assert run.steps_per_second() == 0.0
    assert rate_after(2.0) == 3 / 2.0
    # over a window of a second: until then the last rate stands
    assert rate_after(0.5) == 3 / 2.0
    assert rate_after(0.5) == 0.0
