"""`gradviz fields`, `presets` and `bench` list what there is."""

import re

import pytest

from gradviz.cli import main
from gradviz.experiment import Experiment, fields, load_preset, preset_names
from gradviz.training import benchmark


def test_fields_names_every_field_once_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields"]) == 0
    lines = capsys.readouterr().out.splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]
    assert sorted(named) == sorted(fields())
    assert "  depth = 30 layers" in lines
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "Network", "Initialisation", "Training", "Data",
    ]  # fmt: skip


def test_fields_say_meaning_and_range(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["fields"]) == 0
    lines = capsys.readouterr().out.splitlines()
    width = lines[next(place for place, line in enumerate(lines) if line.startswith("  width = ")) + 1]
    field = fields()["width"]
    assert field.description in width
    assert field.allowed in width
    assert re.findall(r"\d+", width) == ["2", "1024"]


def test_presets_say_name_title_and_first_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    presets = {
        "long-name": Experiment(title="One", notes="Drops by 0.25 a layer. More to read."),
        "b": Experiment(title="Two", notes="Only\nthis"),
    }
    monkeypatch.setattr("gradviz.commands.presets.preset_names", lambda: tuple(presets))
    monkeypatch.setattr("gradviz.commands.presets.load_preset", presets.__getitem__)
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["presets"]) == 0
    assert capsys.readouterr().out == "long-name  One. Drops by 0.25 a layer.\nb          Two. Only this\n"


def test_the_presets_that_come_along_are_all_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert preset_names() == tuple(line.split()[0] for line in lines if not line.startswith(" "))
    assert all(load_preset(name).title and load_preset(name).notes for name in preset_names())


def test_bench_prints_a_row_per_case(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cases = (benchmark.Case(3, 4), benchmark.Case(2, 8, "none"))
    monkeypatch.setattr(benchmark, "CASES", cases)
    assert main(["bench", "--quick"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[-2:]]
    assert [(row[0], row[2], row[3]) for row in rows] == [("3", "4", "identity"), ("2", "8", "none")]
    for row in rows:
        ordinary_ms, gradviz_ms, ratio = map(float, row[4:])
        # both times are rounded to 0.01 ms before they are printed
        assert ratio == pytest.approx(gradviz_ms / ordinary_ms, rel=0.05)
