"""A run on another machine is followed over ssh; here a program of that name runs the command on this machine."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gradviz.cli import main
from gradviz.errors import RecordingError
from gradviz.experiment import Row
from gradviz.recording.frame import Frame, Started
from gradviz.recording.history import History
from gradviz.recording.runs.remote_copy import RemoteCopy, RemotePath
from gradviz.recording.store import Run, StoreWriter, open_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the program called ssh is a shell script")

INTERVAL_S = 0.02
RETRY_AFTER_S = (0.01, 0.01)
# writes what it was given, one argument a line, then gives the last one to a shell, as sshd does
SSH = """#!/bin/sh
for argument; do printf '%s\\n' "$argument" >> "$GRADVIZ_TEST_SSH"; last=$argument; done
cd "$GRADVIZ_TEST_HOME" && exec sh -c "$last"
"""
LONGEST_WAIT_S = 60.0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which commands on the other machine begin."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text(SSH)
    (tmp_path / "bin" / "ssh").chmod(0o755)
    (tmp_path / "bin" / "python3").symlink_to(sys.executable)
    home = tmp_path / "over there"
    home.mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GRADVIZ_TEST_SSH", str(tmp_path / "asked"))
    monkeypatch.setenv("GRADVIZ_TEST_HOME", str(home))
    return home


def answers(home: Path, script: str) -> None:
    (home.parent / "bin" / "ssh").write_text(f"#!/bin/sh\n{script}\n")


def append(history: History, end: int) -> None:
    for step in range(history.frames, end):
        history.append(Frame(step, 1.0 / (step + 1), 0.5, 0.1, {}, scalars={"reward": float(step)}))


def recording(path: Path, frames: int) -> tuple[History, StoreWriter]:
    history = History(Started("far away", (Row("a"),), (), "float32", 1, "cpu", 1))
    append(history, frames)
    return history, StoreWriter(path, history, environment={}, on_trouble=pytest.fail)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


@pytest.fixture
def problems() -> list[str]:
    """What broke connections; a test in which nothing should finds it empty."""
    return []


@pytest.fixture
def copies(problems: list[str]) -> Iterator[Callable[[str], RemoteCopy]]:
    made: list[RemoteCopy] = []

    def copy(address: str) -> RemoteCopy:
        remote = RemotePath.of(address)
        assert remote is not None
        made.append(RemoteCopy(remote, INTERVAL_S, on_problem=problems.append, retry_after_s=RETRY_AFTER_S))
        return made[-1]

    yield copy
    for each in made:
        each.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "remote copy"] == []


def polled(run: Run, frames: int) -> None:
    def look() -> bool:
        run.poll()
        return run.history.frames == frames

    wait_until(look)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.gradviz", "a 'b' \"c\" $(touch x) `touch y`;touch z.gradviz"])
def test_a_run_is_followed_until_it_ends(
    home: Path, copies: Callable[[str], RemoteCopy], problems: list[str], name: str
) -> None:
    history, writer = recording(home / name, 10)
    copy = copies(f"me@machine:{name}")
    wait_until(copy.path.exists)
    with open_run(copy.path) as run:
        before = run.history
        assert run.info.ending == "recording"
        for frames in (50, 51, 5000):
            append(history, frames)
            polled(run, frames)
        assert run.history is before
        assert run.history.scalar("reward")[1].tolist() == [float(step) for step in range(5000)]
        writer.close("finished")
        wait_until(lambda: run.poll() and run.info.ending == "finished")
    assert problems == []
    # nothing of the name was run by a shell
    assert {each.name for each in home.iterdir()} == {name}
    asked = (home.parent / "asked").read_text()
    assert "\n--\nme@machine\n" in asked


def test_a_file_that_is_not_there_yet_is_waited_for(home: Path, copies: Callable[[str], RemoteCopy]) -> None:
    copy = copies("machine:later.gradviz")
    assert not copy.path.exists()
    _, writer = recording(home / "later.gradviz", 3)
    writer.close("stopped")
    wait_until(copy.path.exists)
    with closing(open_run(copy.path)) as run:
        polled(run, 3)
        wait_until(lambda: run.poll() or run.info.ending == "stopped")


@pytest.mark.slow
def test_a_run_whose_process_is_gone_is_interrupted(home: Path, copies: Callable[[str], RemoteCopy]) -> None:
    _, writer = recording(home / "run.gradviz", 3)
    # a copy of the file as it is while it is written: nobody holds its lock
    whole = copies("machine:run.gradviz")
    wait_until(whole.path.exists)
    with closing(open_run(whole.path)) as run:
        polled(run, 3)
    (home / "left.gradviz").write_bytes(whole.path.read_bytes())
    left = copies("machine:left.gradviz")
    wait_until(left.path.exists)
    with closing(open_run(left.path)) as run:
        wait_until(lambda: run.poll() or run.info.ending == "interrupted")
        assert run.history.frames == 3
    writer.close("finished")


def test_a_connection_that_breaks_is_said_and_the_run_is_not_recorded_any_more(
    home: Path, copies: Callable[[str], RemoteCopy], problems: list[str]
) -> None:
    answers(home, "echo connected; echo 'client_loop: send disconnect: Broken pipe' >&2; exit 255")
    copies("machine:run.gradviz")
    wait_until(lambda: bool(problems))
    assert "Broken pipe" in problems[0]


# the first connection breaks within a block, the second is refused, the third is as usual
BREAKS_ONCE = """
tries=$(cat "$GRADVIZ_TEST_HOME/tries" 2>/dev/null | wc -l)
echo try >> "$GRADVIZ_TEST_HOME/tries"
for argument; do printf '%s\\n' "$argument" >> "$GRADVIZ_TEST_HOME/asked$tries"; last=$argument; done
case $tries in
    0) printf 'connected\\nsnapshot 100000 2\\nblock 0 65536\\nonly a part'; echo 'Connection reset' >&2; exit 255;;
    1) echo 'Connection refused' >&2; exit 255;;
esac
cd "$GRADVIZ_TEST_HOME" && exec sh -c "$last"
"""


def test_a_connection_that_breaks_is_tried_again_and_nobody_is_asked_for_a_password(
    home: Path, copies: Callable[[str], RemoteCopy], problems: list[str]
) -> None:
    answers(home, BREAKS_ONCE)
    history, writer = recording(home / "run.gradviz", 5)
    copy = copies("machine:run.gradviz")
    wait_until(lambda: len(problems) == 2)
    assert "Connection reset" in problems[0]
    wait_until(copy.path.exists)
    with closing(open_run(copy.path)) as run:
        polled(run, 5)
        append(history, 9)
        polled(run, 9)
        writer.close("finished")
        wait_until(lambda: run.poll() or run.info.ending == "finished")
    asked = [(home / f"asked{number}").read_text().splitlines() for number in range(3)]
    assert ["BatchMode=yes" in each for each in asked] == [False, True, True]
    assert len(problems) == 2


@pytest.mark.parametrize(
    "answer",
    ["snapshot 99999999999999 1", "snapshot 10 1\\nblock 7 10", "snapshot 65536 1\\nblock 0 65536", "snapshot x"],
)
def test_an_answer_that_makes_no_sense_ends_it(
    home: Path, copies: Callable[[str], RemoteCopy], problems: list[str], answer: str
) -> None:
    answers(home, f"printf 'connected\\n{answer}\\n'")
    copy = copies("machine:run.gradviz")
    wait_until(lambda: bool(problems))
    assert len(problems) == 1
    assert not copy.path.exists()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'ssh: connect to host machine port 22: Connection refused' >&2; exit 255", "Connection refused"),
        ("echo 'sh: python3: not found' >&2; exit 127", "python3"),
        ("echo nonsense; sleep 1000", "machine"),
    ],
)
def test_where_there_is_no_connection_that_is_said_in_one_line(home: Path, script: str, said: str) -> None:
    answers(home, script.replace("sleep", "exec sleep"))
    remote = RemotePath.of("machine:run.gradviz")
    assert remote is not None
    with pytest.raises(RecordingError, match=said) as refused:
        RemoteCopy(remote, INTERVAL_S, on_problem=pytest.fail)
    assert "\n" not in str(refused.value)


def test_without_ssh_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(home))
    assert main(["--follow", "me@machine:run.gradviz"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "ssh" in line


@pytest.mark.parametrize("address", ["-oProxyCommand=x:run", "-l@machine:run.gradviz", "--:run", "me@-oX=y:run"])
def test_a_host_that_looks_like_an_option_is_refused(address: str) -> None:
    with pytest.raises(RecordingError):
        RemotePath.of(address)


@pytest.mark.parametrize("text", ["run.gradviz", "/a/b.gradviz", "C:\\runs\\a.gradviz", "C:/a.gradviz", "a/b:c", ""])
def test_what_names_a_file_here_is_no_other_machine(text: str) -> None:
    assert RemotePath.of(text) is None


def test_a_file_here_whose_name_has_a_colon_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert RemotePath.of("host:run.gradviz") == RemotePath("host", "run.gradviz")
    (tmp_path / "host:run.gradviz").touch()
    assert RemotePath.of("host:run.gradviz") is None
