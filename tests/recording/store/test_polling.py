from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made_up_events import append, assert_holds, begun, frame, wait_until, watched

from gradviz.recording.frame import Diverged, Frame
from gradviz.recording.history import History
from gradviz.recording.store import Run, StoreWriter, open_run, read_info, resume_run

Write = Callable[..., StoreWriter]
LAYERS = 100
HERE = Path(__file__).parent


@pytest.fixture
def other_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that records into `path` until it is killed."""
    command = [sys.executable, str(HERE / "killed_writer.py"), str(path), str(LAYERS), "200"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def polled(follower: Run, condition: Callable[[], bool], what: str) -> None:
    def look() -> bool:
        follower.poll()
        return condition()

    wait_until(look, what)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_another_process_is_followed_until_it_is_killed(path: Path, other_process: subprocess.Popen[str]) -> None:
    with open_run(path) as follower:
        assert follower.info.ending == "recording"
        polled(follower, lambda: follower.history.frames > 150, "150 frames have come")
        assert follower.info.ending == "recording"
        assert follower.info.frames <= follower.history.frames
        os.kill(other_process.pid, signal.SIGKILL)
        other_process.wait()
        polled(follower, lambda: follower.info.ending == "interrupted", "it is said to be interrupted")
        assert not follower.poll()
        assert_holds(follower.history, follower.info.frames, may_be_ahead=True)
        assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("by_layer", [False, True])
def test_every_event_is_taken_bit_by_bit(path: Path, write: Write, *, by_layer: bool) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 30, by_layer=by_layer)
    wait_until(lambda: read_info(path).frames == 30, "30 frames are stored")
    with open_run(path) as follower:
        for end in (31, 60, 150, 300):
            append(history, follower.history.frames, end, by_layer=by_layer)
            polled(follower, lambda end=end: follower.history.frames == end, f"{end} frames have come")
            assert not follower.poll()
            assert_holds(follower.history, end, by_layer=by_layer)
        writer.close("finished")
        assert follower.poll()
        assert (follower.info.ending, follower.info.frames) == ("finished", 300)
        assert not follower.poll()
        assert_holds(follower.history, 300, by_layer=by_layer)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_divergence_is_taken_after_its_frame(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 10)
    wait_until(lambda: read_info(path).frames == 10, "10 frames are stored")
    with open_run(path) as follower:
        history.append(Frame(10, float("nan"), 0.0, 0.1, frame(10).rows))
        history.append(Diverged(10, float("nan")))
        writer.close("diverged")
        assert follower.poll()
        assert follower.history.frames == 11
        assert follower.history.diverged.step == 10
        assert follower.info.ending == "diverged"


def test_a_watched_run_from_its_beginning(path: Path, write: Write) -> None:
    history = History(watched())
    writer = write(history)
    with open_run(path) as follower:
        assert follower.history.frames == 0
        assert not follower.poll()
        append(history, 0, 40, by_layer=True)
        polled(follower, lambda: follower.history.frames == 40, "40 frames have come")
        assert_holds(follower.history, 40, by_layer=True)
        assert follower.history.started.row_name(2) == "layer 2 (encoder.1)"
        writer.close("finished")


def test_a_run_that_is_begun_anew_is_followed_from_its_beginning(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 30)
    writer.close("finished")
    with open_run(path) as follower:
        first = follower.history
        path.unlink()
        again = History(begun())
        writer = write(again)
        append(again, 0, 7)
        polled(follower, lambda: follower.history.frames == 7, "7 frames have come")
        assert follower.history is not first
        assert_holds(follower.history, 7)
        writer.close("finished")


def test_a_run_that_is_resumed_is_followed_from_there(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 100)
    writer.close("stopped")
    with open_run(path) as follower:
        again = resume_run(path, 40)
        writer = write(again, resume_at=40)
        append(again, 40, 90)
        polled(follower, lambda: follower.history.frames == 90, "90 frames have come")
        assert_holds(follower.history, 90)
        assert follower.info.ending == "recording"
        writer.close("finished")


def test_it_is_opened_as_far_as_it_has_come(path: Path, write: Write) -> None:
    history = History(begun())
    writer = write(history)
    append(history, 0, 100)
    wait_until(lambda: read_info(path).frames == 100, "100 frames are stored")
    with open_run(path) as run:
        append(history, 100, 200)
        wait_until(lambda: read_info(path).frames == 200, "200 frames are stored")
        assert run.info.ending == "recording"
        assert_holds(run.history, 100)
    writer.close("finished")
