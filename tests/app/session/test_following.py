"""Following a run that another process records: waiting for it, showing it, and its end."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from driving import ENDLESS, wait_until
from pytestqt.qtbot import QtBot

from gradviz.app.session.phase import Phase
from gradviz.app.session.run_controller import RunController
from gradviz.app.threads.follow_thread import FollowThread
from gradviz.errors import RecordingError
from gradviz.experiment import Row
from gradviz.recording.frame import Diverged, Ending, Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

GRADIENT = Quantity("weight_grad_norm", "Weight gradient norm", "|g|", "made up")
MODULES = ("encoder.0", "encoder.1", "decoder")
# a script that records three layers and is killed in the middle
SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

quantity = Quantity("weight_grad_norm", "Weight gradient norm", "|g|", "made up")
rows = tuple(Row(name) for name in ("encoder.0", "encoder.1", "decoder"))
history = History(Started("a script", rows, (quantity,), "float32", 10, "cpu", 0))
writer = StoreWriter(Path(sys.argv[1]), history, environment={}, on_trouble=print)
step = 0
while True:
    row = np.full(3, -step / 100, np.float32)
    history.append(Frame(step, 1.0, float("nan"), 0.1, {quantity.name: row}))
    step += 1
    time.sleep(0.01)
"""


def make(history: History, frames: int) -> None:
    for _ in range(frames):
        step = history.frames
        row = np.array([-step / 100, -1.0, -2.0], np.float32)
        history.append(Frame(step, 1.0 / (step + 1), float("nan"), 0.1, {GRADIENT.name: row}))


class Script:
    """What a person's own script does to its file, frame by frame."""

    def __init__(self, path: Path) -> None:
        self.history = self.recorded(0)
        self._writer = StoreWriter(path, self.history, environment={}, on_trouble=lambda text: None)

    @staticmethod
    def recorded(frames: int) -> History:
        rows = tuple(Row(name) for name in MODULES)
        history = History(Started("a script", rows, (GRADIENT,), "float32", 10, "cpu", 0))
        make(history, frames)
        return history

    def make(self, frames: int) -> None:
        make(self.history, frames)

    def end(self, ending: Ending = "finished") -> None:
        self._writer.close(ending)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.gradviz"


@pytest.fixture
def controller(qtbot: QtBot) -> Iterator[RunController]:
    controller = RunController()
    yield controller
    assert controller.close()


def phases(controller: RunController) -> list[Phase]:
    seen: list[Phase] = []
    controller.phase_changed.connect(seen.append)
    return seen


def test_it_waits_for_the_file_and_shows_what_is_written_until_the_end(
    controller: RunController, qtbot: QtBot, path: Path
) -> None:
    seen = phases(controller)
    controller.follow(path)
    assert controller.phase is Phase.WAITING
    assert controller.history is None
    script = Script(path)
    script.make(5)
    wait_until(qtbot, lambda: controller.history is not None and controller.history.frames == 5)
    assert controller.phase is Phase.FOLLOWING
    script.make(20)
    wait_until(qtbot, lambda: controller.history is not None and controller.history.frames == 25)
    script.end()
    wait_until(qtbot, lambda: not controller.phase.busy)
    assert seen == [Phase.WAITING, Phase.FOLLOWING, Phase.FINISHED]
    shown = controller.history
    assert shown is not None
    assert shown.started.row_names == MODULES
    for step in (0, 7, 24):
        np.testing.assert_array_equal(shown.row(GRADIENT.name, step), script.history.row(GRADIENT.name, step))
    np.testing.assert_array_equal(shown.losses()[1], script.history.losses()[1])


@pytest.mark.parametrize(
    ("ending", "phase"), [("stopped", Phase.STOPPED), ("failed", Phase.FAILED), ("diverged", Phase.DIVERGED)]
)
def test_the_end_of_the_script_is_the_end_of_the_run(
    controller: RunController, qtbot: QtBot, path: Path, ending: Ending, phase: Phase
) -> None:
    script = Script(path)
    script.make(3)
    if ending == "diverged":
        script.history.append(Diverged(3, float("inf")))
    script.end(ending)
    controller.follow(path)
    wait_until(qtbot, lambda: controller.phase is phase)
    assert controller.history is not None
    assert controller.history.frames == 3


def test_a_script_that_is_killed_is_interrupted(controller: RunController, qtbot: QtBot, path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT), str(path)])
    try:
        controller.follow(path)
        wait_until(qtbot, lambda: controller.history is not None and controller.history.frames > 3)
        assert controller.phase is Phase.FOLLOWING
    finally:
        process.kill()
        process.wait()
    wait_until(qtbot, lambda: controller.phase is Phase.INTERRUPTED)


def test_leaving_it_alone(controller: RunController, qtbot: QtBot, path: Path) -> None:
    script = Script(path)
    script.make(3)
    controller.follow(path)
    wait_until(qtbot, lambda: controller.phase is Phase.FOLLOWING)
    # nothing steers what another process does
    for act in (controller.pause, controller.step, controller.resume):
        act()
        assert controller.phase is Phase.FOLLOWING
    controller.stop()
    wait_until(qtbot, lambda: controller.phase is Phase.LEFT)
    assert controller.history is not None
    script.end()


def test_leaving_a_file_that_never_came(controller: RunController, qtbot: QtBot, path: Path) -> None:
    controller.follow(path)
    controller.stop()
    wait_until(qtbot, lambda: controller.phase is Phase.IDLE)
    assert not path.exists()


def test_another_run_begins_where_one_was_followed(controller: RunController, qtbot: QtBot, path: Path) -> None:
    script = Script(path)
    script.make(3)
    controller.follow(path)
    wait_until(qtbot, lambda: controller.phase is Phase.FOLLOWING)
    controller.start(ENDLESS)
    wait_until(qtbot, lambda: controller.phase is Phase.RUNNING)
    assert controller.experiment == ENDLESS
    controller.follow(path)
    wait_until(qtbot, lambda: controller.phase is Phase.FOLLOWING)
    assert controller.history is not None
    assert controller.history.started.title == "a script"
    script.end()


class Following:
    """Stands in for the follower of a file: each poll is told beforehand, a history to change to or an error."""

    def __init__(self, *polls: History | RecordingError) -> None:
        self.history = Script.recorded(30)
        self.info = SimpleNamespace(ending="recording")
        self._polls = list(polls)

    def poll(self) -> bool:
        if not self._polls:
            return False
        following = self._polls.pop(0)
        if isinstance(following, RecordingError):
            raise following
        self.history = following
        return True

    def __enter__(self) -> Following:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_a_file_begun_anew_is_another_run(
    controller: RunController, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Script.recorded(2)
    monkeypatch.setattr("gradviz.recording.store.open_run", lambda *_: Following(another))
    path.touch()
    began: list[History] = []
    controller.began.connect(began.append)
    controller.follow(path)
    wait_until(qtbot, lambda: len(began) == 2)
    assert began[0].frames == 30
    assert controller.history is began[1] is another
    assert controller.phase is Phase.FOLLOWING


def test_a_file_that_is_removed_is_waited_for_again(
    controller: RunController, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = [Following(RecordingError("gone")), Following()]
    opened: list[Following] = []

    def follow(*_: object) -> Following:
        opened.append(gone[len(opened)])
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    monkeypatch.setattr("gradviz.recording.store.open_run", follow)
    path.touch()
    with qtbot.waitSignal(controller.trouble) as caught:
        controller.follow(path)
    assert "run.gradviz was removed" in caught.args[0]
    path.touch()
    wait_until(qtbot, lambda: controller.history is gone[1].history)
    assert controller.phase is Phase.FOLLOWING


def test_a_file_that_cannot_be_read_any_more_is_a_failure(
    controller: RunController, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradviz.recording.store.open_run", lambda *_: Following(RecordingError("damaged")))
    path.touch()
    with qtbot.waitSignal(controller.failed) as caught:
        controller.follow(path)
    assert caught.args[0].message == "damaged"


def test_what_is_no_run_is_said_after_a_while(
    controller: RunController, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradviz.app.threads.follow_thread.GRACE_S", 0.0)
    path.write_bytes(b"no run")
    with qtbot.waitSignal(controller.failed) as caught:
        controller.follow(path)
    assert str(path) in caught.args[0].message
    assert not caught.args[0].details
    assert controller.phase is Phase.FAILED


def test_the_window_never_waits_for_the_file(qtbot: QtBot, path: Path) -> None:
    thread = FollowThread(path)
    thread.start()
    thread.stop()
    assert thread.wait(5_000)
    assert thread.ending is None
