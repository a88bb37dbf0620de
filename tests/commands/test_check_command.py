"""`gradviz check`, and the verdict at the end of run, info and export."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from recorded_runs import EXPERIMENT

from gradviz.cli import main
from gradviz.diagnosis.verdict import Verdict
from gradviz.recording.frame import Frame, Quantity, Started
from gradviz.recording.history import History
from gradviz.recording.store import StoreWriter

GRADIENT = Quantity("activation_grad_rms", "Activation gradient", "", "made up, a logarithm")
SMALL = ["run", "--set", "depth=4", "--set", "width=6", "--set", "steps=3", "--set", "batch_size=50", "--set",
            "device=cpu"]  # fmt: skip


def recorded(path: Path, *, falls: float) -> Verdict:
    """A run whose gradient falls by so many decades from layer to layer; return the verdict on it."""
    known = {"quantities": (GRADIENT,), "parameters": 100, "device": "cpu", "threads": 1}
    history = History(Started.of_experiment(EXPERIMENT, **known))
    for step in range(30):
        row = {GRADIENT.name: -falls * np.arange(5, 0, -1, dtype=np.float32)}
        history.append(Frame(step, 2.0 / (step + 1), 0.5, 0.1, row))
    writer = StoreWriter(path, history, environment={}, on_trouble=pytest.fail)
    writer.close("finished")
    return Verdict.of(history)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    assert not recorded(tmp_path / "good.gradviz", falls=0.0).of_kinds(["vanishing"])
    return tmp_path / "good.gradviz"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    assert recorded(tmp_path / "bad.gradviz", falls=8.0).of_kinds(["vanishing"])
    return tmp_path / "bad.gradviz"


def test_a_run_that_fails_has_a_line_for_each_finding(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(bad)]) == 1
    lines = capsys.readouterr().out.splitlines()
    wrong = [each for each in recorded(bad.with_name("again.gradviz"), falls=8.0) if each.data.severity >= 3]
    assert len(lines) == len(wrong) >= 1
    for line, finding in zip(lines, wrong, strict=True):
        assert line.startswith("bad.gradviz: ")
        assert finding.headline in line


def test_a_run_that_passes_has_one_line(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([str(good)], [str(bad), "--fail-on", "exploding,diverged"], [str(bad), "--against", str(bad)]):
        assert main(["check", *arguments]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 1


def test_as_data(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(bad), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], found["passed"]) == (str(bad), False)
    assert "vanishing" in {each["kind"] for each in found["findings"]}
    assert main(["check", str(bad), "--against", str(good), "--json"]) == 1
    capsys.readouterr()
    assert main(["check", str(good), "--against", str(bad), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_thresholds_come_from_a_file_and_from_arguments_which_go_before(
    bad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_on = ["--fail-on", "vanishing"]
    (tmp_path / "mine.toml").write_text("vanishing_decades = 500\nsevere_decades = 600")
    mine = ["--thresholds", str(tmp_path / "mine.toml")]
    assert main(["check", str(bad), *fail_on]) == 1
    assert main(["check", str(bad), *fail_on, *mine]) == 0
    assert main(["check", str(bad), *fail_on, "--threshold", "vanishing_decades=500"]) == 0
    assert main(["check", str(bad), *fail_on, *mine, "--threshold", "vanishing_decades=2"]) == 1
    for wrong in ("speed=1", "dead_share=2", "dead_share=x", "dead_share"):
        capsys.readouterr()
        assert main(["check", str(bad), "--threshold", wrong]) == 2
        assert wrong.partition("=")[0] in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["none.gradviz"], ["good.gradviz", "--fail-on", "vanish"], []])
def test_what_cannot_be_checked_is_said_in_one_line(
    good: Path, arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(good.parent)
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_info_and_export_end_with_the_verdict(bad: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = recorded(tmp_path / "again.gradviz", falls=8.0)
    table = str(tmp_path / "a.csv")
    for arguments in (["info", str(bad)], ["export", str(bad), "--data", table]):
        assert main(arguments) == 0
        words = " ".join(capsys.readouterr().out.split())
        assert verdict[0].headline in words
        assert verdict[0].evidence in words
        assert verdict[0].remedies[0] in words
    assert main(["info", str(bad), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == json.loads(json.dumps(verdict.as_data()))
    assert main(["export", str(bad), "--data", table, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["files"] == [table]
    assert said["verdict"] == json.loads(json.dumps(verdict.as_data()))


def test_run_ends_with_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    wild = [
        part
        for setting in ("sigma_w=20", "initialization=gaussian", "activation=linear")
        for part in ("--set", setting)
    ]
    assert main([*SMALL, *wild, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["verdict"][0]
    assert first["severity"] in ("warning", "critical")
    assert main([*SMALL, *wild]) == 0
    assert first["headline"] in " ".join(capsys.readouterr().out.split())


def test_a_board_carries_the_verdict(bad: Path, tmp_path: Path) -> None:
    assert main(["export", str(bad), "--plot", "board", "--to", str(tmp_path / "a.svg")]) == 0
    line = recorded(tmp_path / "again.gradviz", falls=8.0).line
    said = "".join(ElementTree.parse(tmp_path / "a.svg").getroot().itertext())
    assert line[:60] in said
