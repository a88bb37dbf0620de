"""`gradviz data FILE` says what was understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradviz.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    rows = (f"{n},{n / 7},{'red' if n % 2 else 'blue'},{n % 3}\n" for n in range(30))
    path.write_text("id,size,colour,kind\n" + "".join(rows) + "30,,red,1\n")
    return path


def test_what_was_understood_is_said_and_is_data(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(table), "--set", "missing=drop", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["features"] == ["size", "colour=blue", "colour=red"]
    assert said["classes"] == [["0", 10], ["1", 10], ["2", 10]]
    assert (said["rows"], said["rows_left_out"], said["label"]) == (30, 1, "kind")
    assert [each["column"] for each in said["left_out"]] == ["'id'"]
    assert main(["data", str(table), "--set", "missing=drop"]) == 0
    words = capsys.readouterr().out
    assert all(word in words for word in ("30", "kind", "colour", "'id'"))


def test_a_number_to_predict_is_no_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.csv"
    path.write_text("a,price\n" + "".join(f"{n % 7},{n / 3:.3f}\n" for n in range(30)))
    assert main(["data", str(path)]) == 2
    capsys.readouterr()
    assert main(["data", str(path), "--set", "loss=mse", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["label"], said["numbers"], said["classes"]) == ("price", [0.0, 9.667], [])


def test_a_file_that_is_refused_is_an_input_error(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", str(table)]) == 2
    assert "missing = drop" in capsys.readouterr().err
    assert main(["data", str(table), "--set", "label_column=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_data_file_named_in_a_toml_lies_beside_it(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradviz.experiment import read

    experiment = table.with_name("own.toml")
    experiment.write_text('data = "file"\ndata_file = "own.csv"\n')
    monkeypatch.chdir("/")
    assert read(experiment).data.data_file == str(table)
    experiment.write_text(f'data = "file"\ndata_file = "{table.as_posix()}"\n')
    assert read(experiment).data.data_file == table.as_posix()
