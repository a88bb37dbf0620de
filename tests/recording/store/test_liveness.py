from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradviz.errors import RecordingError
from gradviz.recording.store import liveness
from gradviz.recording.store.liveness import WriterLock, is_written

HOLDER = """
import sys, time
from pathlib import Path
from gradviz.recording.store.liveness import WriterLock

lock = WriterLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(1000)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "PATIENCE_S", 0.05)


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes the run."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_run_is_written_as_long_as_the_lock_is_held_and_nothing_is_left(path: Path) -> None:
    assert not is_written(path)
    lock = WriterLock(path)
    assert is_written(path)
    with pytest.raises(RecordingError):
        WriterLock(path)
    assert is_written(path)
    lock.release()
    assert not is_written(path)
    assert list(path.parent.iterdir()) == []


def test_another_process_holds_it_until_it_dies(path: Path, holder: subprocess.Popen[str]) -> None:
    assert is_written(path)
    with pytest.raises(RecordingError):
        WriterLock(path)
    holder.kill()
    holder.wait()
    assert not is_written(path)
    WriterLock(path).release()
    assert list(path.parent.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_suspended_process_still_holds_it(path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    assert is_written(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_process_that_is_forked_off_does_not_release_it(path: Path) -> None:
    lock = WriterLock(path)
    if not (child := os.fork()):
        os.execv(sys.executable, [sys.executable, "-c", ""])
    os.waitpid(child, 0)
    assert is_written(path)
    lock.release()


def test_those_who_look_are_not_in_each_others_way(path: Path) -> None:
    WriterLock(path).release()
    path.with_name(f"{path.name}-lock").touch()
    found: list[bool] = []

    def look() -> None:
        found.extend(is_written(path) for _ in range(300))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [False] * 1200
