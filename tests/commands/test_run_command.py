"""`gradviz run`: what it says and writes is what the training loop yielded."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from gradviz.cli import main
from gradviz.commands.run import Session
from gradviz.experiment import Experiment, from_json
from gradviz.plots.pages import images
from gradviz.recording.frame import Evaluation, Event, Frame
from gradviz.training.loop import train

SMALL = {"depth": 4, "width": 6, "steps": 3, "evaluate_every": 2, "batch_size": 50, "device": "cpu"}
ARGUMENTS = ["run", *(part for name, value in SMALL.items() for part in ("--set", f"{name}={value}"))]
LIMIT_S = 120


def summary(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    status = main([*arguments, "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    return status, json.loads(lines[0])


def test_the_json_line_says_what_the_training_loop_yields(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = summary(ARGUMENTS, capsys)
    events = list(train(Experiment.parse(SMALL)))
    frames = [event for event in events if isinstance(event, Frame)]
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    assert status == 0
    assert said["status"] == "finished"
    assert said["steps"] == frames[-1].step == 3
    assert said["loss"] == frames[-1].loss
    assert (said["accuracy"], said["accuracy_step"]) == (evaluations[-1].accuracy, 3)
    assert isinstance(said["steps_per_second"], float)
    assert said["steps_per_second"] > 0
    assert said["files"] == []


def test_options_override_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = summary([*ARGUMENTS, "--steps", "1"], capsys)
    assert said["steps"] == 1


def test_a_person_gets_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(ARGUMENTS) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("finished")
    assert " 3 steps" in captured.out
    assert captured.err == "", "no progress bar without a terminal"


def test_divergence_is_an_outcome_with_null_where_json_has_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    wild = ["activation=linear", "initialization=gaussian", "sigma_w=20", "learning_rate=100", "steps=50"]
    arguments = ARGUMENTS + [part for setting in wild for part in ("--set", setting)]
    status, said = summary(arguments, capsys)
    assert status == 0
    assert said["status"] == "diverged"
    assert said["loss"] is None
    steps = said["steps"]
    assert isinstance(steps, int)
    assert steps < 50
    assert main(arguments) == 0
    words = capsys.readouterr().out
    assert words.startswith("diverged")
    assert str(steps) in words


def test_files_hold_the_run_and_its_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [tmp_path / name for name in ("a.png", "a.svg", "a.pdf")]
    exports = [part for path in pictures for part in ("--export", str(path))]
    status, said = summary([*ARGUMENTS, *exports, "--data", str(tmp_path / "a.npz")], capsys)
    assert status == 0
    assert said["files"] == [str(tmp_path / "a.npz"), *map(str, pictures)]
    for path in pictures:
        text = images.read_experiment(path)
        assert text is not None
        assert from_json(text) == Experiment.parse(SMALL)
    frames = [event for event in train(Experiment.parse(SMALL)) if isinstance(event, Frame)]
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["loss"].tolist() == [frame.loss for frame in frames]
        measured = np.log10(arrays["weight_grad_norm"])
    expected = [frame.rows["weight_grad_norm"] for frame in frames]
    np.testing.assert_allclose(measured, expected, rtol=1e-6)


def test_the_table_as_csv(tmp_path: Path) -> None:
    assert main([*ARGUMENTS, "--data", str(tmp_path / "a.csv")]) == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["step"]), int(row["layer"])) for row in rows] == [
        (step, layer) for step in range(4) for layer in range(1, 5)
    ]


@pytest.mark.slow
def test_every_plot_and_probe_gives_its_own_picture(tmp_path: Path) -> None:
    choices = [
        ["--plot", "heatmap"],
        ["--plot", "heatmap", "--probe", "activation_std"],
        ["--plot", "profile"],
        ["--plot", "curves"],
        ["--plot", "validation"],
        ["--plot", "validation", "--set", "data=moons"],
        ["--plot", "predictions"],
        ["--plot", "mistakes"],
        ["--plot", "board"],
    ]
    contents = []
    for number, choice in enumerate(choices):
        path = tmp_path / f"{number}.png"
        assert main([*ARGUMENTS, *choice, "--export", str(path)]) == 0
        image = QImage(str(path))
        colours = {image.pixel(x, y) for x in range(0, image.width(), 4) for y in range(0, image.height(), 4)}
        assert len(colours) > 5, choice
        contents.append(bytes(image.constBits()))
    assert len(set(contents)) == len(choices)


def never_trains(*_arguments: object) -> None:
    raise AssertionError("training began although the outputs cannot be written")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--export", "missing/a.png"], "missing"),
        (["--export", "folder.png"], "folder.png"),
        (["--export", "a.bmp"], ".png, .svg, .pdf"),
        (["--export", "a"], ".png, .svg, .pdf"),
        (["--data", "a.xlsx"], ".csv, .npz"),
        (["--data", "missing/a.csv"], "missing"),
        (["--probe", "grad"], "weight_grad_norm"),
        (["--steps", "0"], "--steps N"),
    ],
)
def test_what_cannot_be_written_is_said_before_training(
    options: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr("gradviz.training.loop.train", never_trains)
    assert main([*ARGUMENTS, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_one_file_that_fails_does_not_cost_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "goes away"
    folder.mkdir()
    take = Session.take

    def take_and_remove(session: Session, event: Event) -> None:
        take(session, event)
        if folder.exists():
            folder.rmdir()

    monkeypatch.setattr(Session, "take", take_and_remove)
    files = ["--export", str(folder / "a.png"), "--export", str(tmp_path / "b.png"), "--data", str(tmp_path / "c.csv")]
    assert main([*ARGUMENTS, *files, "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["files"] == [str(tmp_path / "c.csv"), str(tmp_path / "b.png")]
    assert str(folder / "a.png") in captured.err
    assert (tmp_path / "b.png").exists()


def press_ctrl_c(monkeypatch: pytest.MonkeyPatch, *moments: int) -> None:
    """Press Ctrl-C right after the events with these numbers, counted from 0."""
    take, seen = Session.take, iter(range(10**6))

    def take_and_press(session: Session, event: Event) -> None:
        take(session, event)
        if next(seen) in moments:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Session, "take", take_and_press)


def test_ctrl_c_ends_the_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    # Started, Evaluation 0, Distributions 0, Frame 0, Frame 1: what comes after it is not trained any more
    press_ctrl_c(monkeypatch, 4)
    status, said = summary([*ARGUMENTS, "--steps", "1000", "--data", str(tmp_path / "a.csv")], capsys)
    assert status == 130
    assert (said["status"], said["steps"], said["accuracy_step"]) == ("stopped", 1, 0)
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1 + 2 * 4
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("moment", [0, 1])
def test_ctrl_c_before_there_is_anything_to_keep_leaves_nothing(
    moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    press_ctrl_c(monkeypatch, moment)
    assert main([*ARGUMENTS, "--data", str(tmp_path / "a.csv")]) == 130
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_an_endless_run_in_a_terminal_shows_progress_and_obeys_ctrl_c() -> None:
    import pty

    terminal, side = pty.openpty()
    program = [sys.executable, "-m", "gradviz", *ARGUMENTS, "--steps", "0", "--json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=side, text=True) as process:
        os.close(side)
        limit = threading.Timer(LIMIT_S, process.kill)
        limit.start()
        shown = b""
        # not the bar of step 0, after which it is stopped with no step made
        while re.search(rb"[1-9]\d*step \[[^\r]*, loss", shown) is None:
            shown += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        said = json.loads(process.stdout.read())
        assert process.wait() == 130
        limit.cancel()
        limit.join()
    os.close(terminal)
    assert said["status"] == "stopped"
    assert said["steps"] >= 1
