"""`gradviz info`: what is in the file, in words and as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from recorded_runs import EXPERIMENT, STEPS, record

from gradviz.cli import main
from gradviz.experiment import Experiment
from gradviz.recording.store import annotate


def said(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The text after each label."""
    assert main(["info", str(path)]) == 0
    found: dict[str, str] = {}
    for line in capsys.readouterr().out.splitlines():
        label, text = line[:14].strip(), line[14:]
        last = label or list(found)[-1]
        found[last] = f"{found.get(last, '')} {text}".strip()
    return found


def test_an_experiment_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "run.gradviz")
    annotate(tmp_path / "run.gradviz", "look at layer 3")
    found = said(tmp_path / "run.gradviz", capsys)
    assert found["name"] == "made up"
    assert found["note"] == "look at layer 3"
    assert found["state"].split()[0] == "finished"
    assert str(STEPS) in found["state"]
    assert re.findall(r"[\d.]+", found["result"]) == [f"{2 / (STEPS + 1):.4g}", "50.0"]
    assert re.findall(r"\d+", found["checkpoint"]) == ["20"]
    assert set(found["experiment"].split(", ")) == {"depth=5", "width=8", "activation=tanh"}
    assert "torch 2.x" in found["environment"]
    assert found["measures"] == "weight_grad_norm, share"


def test_a_watched_run_that_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "run.gradviz", watched=True, ending="failed", why="out of memory", name="second try")
    found = said(tmp_path / "run.gradviz", capsys)
    assert found["name"] == "second try"
    assert found["state"].startswith("failed")
    assert str(STEPS) in found["state"]
    assert "out of memory" in found["state"]
    assert found["network"].endswith("my model")
    assert found["checkpoint"] == "none"
    assert "result" not in found


def test_one_line_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.gradviz"
    record(path)
    assert main(["info", str(path), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert Experiment.parse(found["experiment"]) == EXPERIMENT
    assert (found["status"], found["steps"], found["checkpoint"]) == ("finished", STEPS, 20)
    assert (found["loss"], found["accuracy"]) == (2 / (STEPS + 1), 0.5)
    assert found["bytes"] == path.stat().st_size
    assert [quantity["name"] for quantity in found["quantities"]] == ["weight_grad_norm", "share"]


def test_json_has_no_number_for_an_unknown_loss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(tmp_path / "run.gradviz", watched=True)
    assert main(["info", str(tmp_path / "run.gradviz"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["experiment"], found["watched"], found["loss"], found["accuracy"]) == (None, "my model", None, None)


@pytest.mark.parametrize("content", [None, b"", b"no run of ours"])
def test_what_is_no_run_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    path = tmp_path / "other.gradviz"
    if content is not None:
        path.write_bytes(content)
    assert main(["info", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert str(path) in captured.err


@pytest.mark.parametrize("name", [".", "/", ""])
def test_a_folder_is_no_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f" {name or '.'}: " in line
