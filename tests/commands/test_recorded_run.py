"""`gradviz run --out` and `--resume`: a file that holds the run whatever ends it, and is resumed from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from gradviz.cli import main
from gradviz.commands.run import Session
from gradviz.experiment import Experiment
from gradviz.recording.frame import Event, Frame
from gradviz.recording.history import History
from gradviz.recording.store import connection, latest_checkpoint, open_run, read_info
from gradviz.training.loop import train

SMALL = {"depth": 4, "width": 6, "steps": 9, "evaluate_every": 3, "batch_size": 50, "device": "cpu"}
ARGUMENTS = ["run", *(part for name, value in SMALL.items() for part in ("--set", f"{name}={value}"))]
LIMIT_S = 120
# keeps states twice a second, and says so of each; what was said before the latest is in the file
KILLED = """
import sys
from gradviz.recording.store import arrays
from gradviz.training import run_recording

run_recording.FIRST_CHECKPOINT_S = run_recording.CHECKPOINT_EVERY_S = 0.5
put = arrays.put_checkpoint

def put_and_say(connection, checkpoint):
    put(connection, checkpoint)
    print("puts", checkpoint.step, flush=True)

arrays.put_checkpoint = put_and_say
from gradviz.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.gradviz"


def summary(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def assert_holds(path: Path, experiment: Experiment) -> None:
    expected = History.of(train(experiment))
    with open_run(path) as run:
        assert run.history.losses()[1].tobytes() == expected.losses()[1].tobytes()
        for quantity in ("weight_grad_norm", "update_ratio", "unchanged_fraction"):
            for step in range(expected.frames):
                there, here = run.history.row(quantity, step), expected.row(quantity, step)
                assert np.array_equal(there, here), (quantity, step)


def test_the_run_is_in_the_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = path.with_name("a.csv")
    status, said = summary([*ARGUMENTS, "--out", str(path), "--data", str(table)], capsys)
    assert (status, said["status"]) == (0, "finished")
    assert said["files"] == [str(path), str(table)]
    assert read_info(path).ending == "finished"
    assert_holds(path, Experiment.parse(SMALL))
    assert sorted(each.name for each in path.parent.iterdir()) == ["a.csv", "a.gradviz"]


@pytest.mark.parametrize("option", ["--resume", "--continue"])
def test_a_run_is_resumed_for_more_steps(option: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary([*ARGUMENTS, "--steps", "4", "--out", str(path)], capsys)
    status, said = summary(["run", option, str(path), "--steps", "9"], capsys)
    assert (status, said["status"], said["steps"], said["files"]) == (0, "finished", 9, [str(path)])
    assert_holds(path, Experiment.parse(SMALL))
    assert main(["run", "--resume", str(path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "a.gradviz" in error
    assert " 9 " in error


def test_ctrl_c_ends_the_run_in_the_file_as_stopped(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    take = Session.take

    def take_and_press(session: Session, event: Event) -> None:
        take(session, event)
        if isinstance(event, Frame) and event.step == 5:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as pressed:
        pressed.setattr(Session, "take", take_and_press)
        status, said = summary([*ARGUMENTS, "--out", str(path)], capsys)
    assert (status, said["status"], said["steps"]) == (130, "stopped", 5)
    assert (read_info(path).ending, read_info(path).frames) == ("stopped", 6)
    status, said = summary(["run", "--resume", str(path)], capsys)
    assert (status, said["status"], said["steps"]) == (0, "finished", 9)
    assert_holds(path, Experiment.parse(SMALL))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="nothing like kill -9 there")
def test_a_killed_run_is_interrupted_and_goes_on_from_its_newest_state(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = [sys.executable, "-c", KILLED, *ARGUMENTS, "--steps", "1000000", "--out", str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        assert process.stdout is not None
        first, second = (int(process.stdout.readline().split()[1]) for _ in range(2))
        assert read_info(path).ending == "recording"
        process.kill()
        process.wait()
        limit.cancel()
        limit.join()
    assert 0 < first < second
    info, state = read_info(path), latest_checkpoint(path)
    assert info.ending == "interrupted"
    assert state is not None
    assert first <= state.step <= info.frames
    # goes on at the step of the newest state, for a few more
    status, said = summary(["run", "--resume", str(path), "--steps", str(info.frames + 5)], capsys)
    assert (status, said["status"], said["steps"]) == (0, "finished", info.frames + 5)
    with open_run(path) as run:
        alone = History.of(train(Experiment.parse(SMALL | {"steps": info.frames + 5})))
        assert run.history.losses()[1].tobytes() == alone.losses()[1].tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "taken.gradviz"], "--resume"),
        (["--out", "a.png"], ".gradviz"),
        (["--out", "missing/a.gradviz"], "missing"),
        (["--resume", "taken.gradviz"], "--steps"),
    ],
)
def test_what_cannot_be_is_said_before_training(
    options: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.gradviz").write_text("whatever it is")
    monkeypatch.setattr("gradviz.training.loop.train", None)
    assert main([*ARGUMENTS, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert (tmp_path / "taken.gradviz").read_text() == "whatever it is"


@pytest.mark.parametrize("name", ["missing.gradviz", "other.gradviz"])
def test_a_file_that_is_no_run_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.gradviz").write_text("whatever it is")
    assert main(["run", "--resume", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert name in error


def test_a_run_that_may_only_be_read_is_not_trained_on(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main([*ARGUMENTS, "--out", str(path)])
    before = path.read_bytes()
    capsys.readouterr()
    # as the permissions of the file would have it, which do not hold for everybody
    connected = connection.connected
    monkeypatch.setattr(connection, "connected", lambda path, _access: connected(path, "ro"))
    assert main(["run", "--resume", str(path), "--steps", "12"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert captured.err.startswith("gradviz: ")
    assert path.read_bytes() == before
